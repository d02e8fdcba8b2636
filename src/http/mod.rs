//! Requests to the API and its storage, with their limits and retries. No other layer uses ureq.

mod advice;
mod api;
mod config;
mod date;
mod failure;
mod headers;
mod no_proxy;
mod proxy;
mod region;
mod retry;
mod storage;
mod tls;
mod token;
mod url;
mod user_agent;

pub(crate) use api::{ApiRequest, Head, Http, Settings};
pub(crate) use config::{Agents, check_timeout};
pub(crate) use retry::OnRetry;
pub use retry::{Retry, RetryPolicy};
pub(crate) use storage::MediaBody;
pub(crate) use ureq::http::Method;
pub(crate) use url::BaseUrl;
pub use url::SignedUrl;
pub(crate) use user_agent::user_agent;
