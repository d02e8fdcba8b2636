//! The tests of the public API, one module per subject, over real sockets on localhost.

mod account;
mod config;
mod environment;
mod faults;
mod listing;
mod media;
mod oauth;
mod pagination;
mod properties;
mod records;
mod resource;
mod responses;
mod resume;
mod sids;
mod support;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
mod traits;
