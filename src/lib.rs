#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod client;
mod error;
#[doc = include_str!("faults.md")]
pub mod faults {}
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod iter;
mod list;
mod open_enum;
mod page;
mod recording;
mod resume;
mod sid;

pub use client::{Client, ClientBuilder, Credentials};
pub use error::{BadRecord, Error, ErrorKind, InvalidInput, Result, ServiceError};
pub use http::{Retry, RetryPolicy};
pub use iter::{Pages, RecordingsIter};
pub use list::ListRecordings;
pub use open_enum::UnknownValue;
pub use page::{Page, PageToken};
pub use recording::{
    Codec, ContainerFormat, GroupingSids, Links, RecordingType, RoomRecording, Status,
};
pub use resume::ResumePoint;
pub use sid::{
    AccountSid, ApiKeySid, ParseSidError, ParticipantSid, RecordingSid, RoomSid, SidFault,
    SourceSid,
};

/// The HTTP client underneath, for [`ClientBuilder::agent`]: the one place where its types are
/// part of this crate's interface.
pub use ureq;
