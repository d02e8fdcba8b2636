//! The identity of a client: credentials, the `Authorization` header, OAuth tokens, and the redaction of
//! secrets. No I/O.

mod authentication;
mod authorization;
mod credentials;
mod environment;
mod secrets;
mod token_cache;

pub(crate) use authentication::{Authentication, OAuthClient};
pub(crate) use authorization::Authorization;
pub use credentials::Credentials;
pub(crate) use environment::variable;
pub(crate) use token_cache::Token;
