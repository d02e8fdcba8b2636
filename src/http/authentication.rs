//! The authentication of API requests: a fixed header, or the tokens of an OAuth client.

use std::sync::Arc;

use super::authorization::Authorization;
use super::secrets::Secrets;
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
    /// The secrets that the other side could echo.
    pub(super) fn secrets(&self) -> Secrets {
        match self {
            Self::Fixed(authorization) => authorization.secrets().clone(),
            Self::OAuth(client) => client.cache.with_tokens(client.secrets.clone()),
        }
    }
}

/// An OAuth client with its token endpoint and its cached token.
pub(crate) struct OAuthClient {
    base_url: BaseUrl,
    /// The body of a token request.
    form: String,
    secrets: Secrets,
    cache: TokenCache,
}

impl OAuthClient {
    pub(crate) fn new(base_url: BaseUrl, client_id: OAuthClientSid, secret: &str) -> Self {
        let form = format!(
            "client_id={client_id}&client_secret={}&grant_type=client_credentials",
            encoded(secret),
        );
        let secrets = Secrets::new([secret.to_owned()]);

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

    /// The error of an error response to a token request.
    pub(super) fn rejected(&self, error: ApiError) -> Error {
        let message = format!("token request to {}: {}", self.base_url.host(), error.message);
        let error = ApiError { message, ..error };
        match error.status {
            400 | 401 => Error::new(ErrorKind::Unauthorized(error)),
            // The recording that the token was for may exist.
            404 => Error::new(ErrorKind::BadRequest(error)),
            _ => Error::rejected(error),
        }
    }
}
