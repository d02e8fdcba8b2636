//! The tests of the public API, one module per subject, over real sockets on localhost.

mod account;
#[cfg(all(
    feature = "dns-cache",
    target_os = "linux",
    any(feature = "rustls", feature = "native-tls")
))]
mod addresses;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod authority;
mod config;
mod connections;
mod environment;
mod errors;
mod examples;
mod failures;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod failures_https;
mod features;
mod invalid_records;
mod limits;
mod listing;
mod media_by_sid;
mod media_encryption;
mod media_file_systems;
mod media_files;
mod media_partial_files;
mod media_processes;
mod media_properties;
mod media_reader;
mod media_shared_folders;
mod media_storage;
mod media_system_calls;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod no_proxy;
mod oauth;
mod oauth_config;
mod oauth_threads;
mod pagination;
mod properties;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod proxies;
mod records;
mod resource;
mod responses;
mod resume;
mod retries;
mod secrets;
mod sids;
mod storage;
mod support;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls_server;
mod traits;
mod urls;
