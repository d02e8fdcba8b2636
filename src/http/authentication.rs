//! The authentication of API requests: a fixed header, or the tokens of an OAuth client.

use std::sync::Arc;

use super::authorization::Authorization;
use super::token_cache::TokenCache;
use super::url::BaseUrl;
use crate::error::{ApiError, Error, ErrorKind};
use crate::model::{OAuthClientSid, encoded};

/// The authentication of API requests.
pub(crate) enum Authentication {
    /// Every request has the same header.
    Fixed(Arc<Authorization>),
    /// Every request has an access token.
    OAuth(Box<OAuthClient>),
}

impl Authentication {
    /// The text without the secrets, in case the other side echoed them.
    pub(super) fn redact(&self, text: String) -> String {
        match self {
            Self::Fixed(authorization) => authorization.redact(text),
            Self::OAuth(client) => client.redact(text),
        }
    }
}

/// An OAuth client with its token endpoint and its cached token.
pub(crate) struct OAuthClient {
    base_url: BaseUrl,
    /// The body of a token request.
    form: String,
    /// The client secret in the forms that a response could echo.
    secrets: [String; 2],
    cache: TokenCache,
}

impl OAuthClient {
    pub(crate) fn new(base_url: BaseUrl, client_id: OAuthClientSid, secret: &str) -> Self {
        let secrets = [encoded(secret), secret.to_owned()];
        let form = format!(
            "client_id={client_id}&client_secret={}&grant_type=client_credentials",
            secrets[0],
        );

        Self { base_url, form, secrets, cache: TokenCache::default() }
    }

    pub(super) fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// The URL of the token endpoint.
    pub(super) fn url(&self) -> String {
        format!("{}/v2/token", self.base_url.as_str())
    }

    pub(super) fn form(&self) -> &str {
        &self.form
    }

    pub(super) fn cache(&self) -> &TokenCache {
        &self.cache
    }

    fn redact(&self, text: String) -> String {
        let text =
            self.secrets.iter().fold(text, |text, secret| text.replace(secret, "[redacted]"));
        self.cache.redact(text)
    }

    /// The text of an error, which names the token host.
    pub(super) fn about(&self, reason: &str) -> String {
        format!("token request to {}: {reason}", self.base_url.host())
    }

    /// The error of an error response to a token request.
    pub(super) fn rejected(&self, error: ApiError) -> Error {
        let error = ApiError { message: self.about(&error.message), ..error };
        match error.status {
            400 | 401 => Error::new(ErrorKind::Unauthorized(error)),
            // The recording that the token was for may exist.
            404 => Error::new(ErrorKind::BadRequest(error)),
            _ => Error::rejected(error),
        }
    }
}
