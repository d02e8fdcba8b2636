#![doc = include_str!("docs/front-page.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(clippy::expect_used, clippy::panic, clippy::unwrap_used)]
#![deny(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod auth;
mod client;
mod client_builder;
mod deadline;
mod error;
mod http;
mod listing;
mod media;
mod model;
mod resource;

#[doc = include_str!("docs/cookbook.md")]
pub mod cookbook {}
#[doc = include_str!("docs/faults.md")]
pub mod faults {}
#[doc = include_str!("docs/migration.md")]
pub mod migration {}
#[doc = include_str!("docs/performance.md")]
pub mod performance {}

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use auth::Credentials;
pub use client::Client;
pub use client_builder::ClientBuilder;
pub use error::{
    ApiError, Error, ErrorKind, InvalidInput, InvalidRecord, Phase, TimeoutError, TransportError,
};
pub use http::{IpFamily, Retry, RetryPolicy, RootCertificates, SignedUrl};
pub use listing::{ListRecordings, Page, Pages, RecordingsIter};
pub use media::{Download, Downloaded, Encryption, Media, MediaReader, PartialFile, Progress};
pub use model::{
    AccountSid, ApiKeySid, Codec, ContainerFormat, GroupingSid, GroupingSids, Links,
    OAuthClientSid, ParseSidError, ParticipantSid, RecordingSid, RecordingType, ResumePoint,
    RoomRecording, RoomSid, SourceSid, Status, UnknownValue,
};
pub use resource::{Deletion, RecordingResource};

/// The crate of the dates in a [`RoomRecording`].
pub use time;
