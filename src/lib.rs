// Of two definitions of a link the first counts: here it leads to a module, in a repository to a
// file.
#![doc = include_str!("links.md")]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(clippy::expect_used, clippy::panic, clippy::unwrap_used)]
#![deny(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod client;
#[doc = include_str!("cookbook.md")]
pub mod cookbook {}
mod credentials;
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
#[doc = include_str!("migration.md")]
pub mod migration {}
mod open_enum;
mod page;
mod partial;
mod recording;
mod resource;
mod resume;
mod retry;
mod service_error;
mod sid;
mod transfer;
mod url;

pub use client::{Client, ClientBuilder};
pub use credentials::Credentials;
pub use error::{BadRecord, Error, ErrorKind, InvalidInput, Result};
pub use iter::{Pages, RecordingsIter};
pub use list::ListRecordings;
pub use media::{Downloaded, Media, Progress};
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
pub use transfer::MediaReader;
pub use url::SignedUrl;

/// The dates and durations of a recording are of this crate.
pub use time;
/// The HTTP client underneath, for [`ClientBuilder::agent`]: the one place where its types are
/// part of this crate's interface.
pub use ureq;
