//! Plain values: SIDs, enums, records, queries and resume points. No I/O.

mod escaped;
mod grouping_sid;
mod open_enum;
mod page_token;
mod percent;
mod query;
mod record_fields;
mod recording;
mod resume_point;
mod sid;
mod sid_rule;
mod text;

pub(crate) use escaped::Escaped;
pub use grouping_sid::GroupingSid;
pub use open_enum::UnknownValue;
pub(crate) use page_token::PageToken;
pub(crate) use percent::encoded;
pub(crate) use query::{Filters, List, MAX_PAGE_SIZE, Query};
pub(crate) use record_fields::{InvalidField, REPEATED, RecordFields};
pub use recording::{
    Codec, ContainerFormat, GroupingSids, Links, RecordingType, RoomRecording, Status,
};
pub(crate) use resume_point::Position;
pub use resume_point::ResumePoint;
pub use sid::{
    AccountSid, ApiKeySid, OAuthClientSid, ParticipantSid, RecordingSid, RoomSid, SourceSid,
};
pub use sid_rule::ParseSidError;
