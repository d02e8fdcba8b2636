//! Requests to the API and its storage, with their limits and retries. No other layer uses ureq.

#[cfg(feature = "dns-cache")]
mod addresses;
mod agent;
mod api;
mod error_body;
mod failure;
mod headers;
mod proxy;
mod retry;
mod settings;
mod storage;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
mod tls_failure;
mod token;
mod url;

pub(crate) use agent::Connections;
pub(crate) use api::{ApiRequest, Http};
pub(crate) use retry::{OnRetry, Subject};
pub use retry::{Retry, RetryPolicy};
pub(crate) use settings::{ConnectionSettings, MAX_TIMEOUT, ProxyChoice};
pub use settings::{IpFamily, RootCertificates};
pub(crate) use storage::MediaBody;
pub(crate) use ureq::http::Method;
pub(crate) use url::BaseUrl;
pub use url::SignedUrl;
