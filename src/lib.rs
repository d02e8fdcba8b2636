#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod client;
mod download;
mod error;
#[doc = include_str!("faults.md")]
pub mod faults {}
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod iter;
mod list;
mod media;
mod open_enum;
mod page;
mod partial;
mod recording;
mod resource;
mod resume;
mod retry;
mod service_error;
mod sid;
mod url;

pub use client::{Client, ClientBuilder, Credentials};
pub use error::{BadRecord, Error, ErrorKind, InvalidInput, Result};
pub use iter::{Pages, RecordingsIter};
pub use list::ListRecordings;
pub use media::{Downloaded, Media, MediaReader, Progress};
pub use open_enum::UnknownValue;
pub use page::{Page, PageToken};
pub use recording::{
    Codec, ContainerFormat, GroupingSids, Links, RecordingType, RoomRecording, Status,
};
pub use resource::{Deletion, RecordingResource};
pub use resume::ResumePoint;
pub use retry::{Retry, RetryPolicy};
pub use service_error::ServiceError;
pub use sid::{
    AccountSid, ApiKeySid, ParseSidError, ParticipantSid, RecordingSid, RoomSid, SidFault,
    SourceSid,
};
pub use url::SignedUrl;

/// The HTTP client underneath, for [`ClientBuilder::agent`]: the one place where its types are
/// part of this crate's interface.
pub use ureq;
