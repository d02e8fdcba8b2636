//! The tests of the public API, one module per subject, over real sockets on localhost.

mod archive_room_example;
mod errors;
mod faults;
mod list_recordings_example;
mod listing;
mod media;
mod properties;
mod resource;
mod sids;
mod support;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
mod traits;
