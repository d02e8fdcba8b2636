//! The authentication of API requests: a fixed header, or the tokens of an OAuth client.

use std::sync::Arc;

use super::authorization::Authorization;
use super::secrets::Secrets;
use super::token_cache::{Token, TokenCache};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::model::{OAuthClientSid, encoded};

/// The authentication of API requests.
pub(crate) enum Authentication {
    /// Every request has the same header.
    Fixed(Arc<Authorization>),
    /// Every request has an access token.
    OAuth(Box<OAuthClient>),
}

impl Authentication {
    /// Returns the header of the next request. `fetch` requests a token if none is cached.
    pub(crate) fn authorization(
        &self,
        deadline: Deadline,
        fetch: impl FnOnce(&OAuthClient) -> Result<Token, Error>,
    ) -> Result<Arc<Authorization>, Error> {
        match self {
            Self::Fixed(authorization) => Ok(Arc::clone(authorization)),
            Self::OAuth(client) => client.cache.get(deadline, || fetch(client)),
        }
    }

    /// Discards a token that the API rejected. Returns `false` if the header is no token that can be
    /// renewed.
    pub(crate) fn discard(&self, rejected: &Arc<Authorization>) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::OAuth(client) => {
                client.cache.discard(rejected);
                true
            }
        }
    }

    /// The secrets that the other side could echo.
    pub(crate) fn secrets(&self) -> Secrets {
        match self {
            Self::Fixed(authorization) => authorization.secrets().clone(),
            Self::OAuth(client) => {
                let tokens = client.cache.tokens();
                tokens.iter().fold(client.secrets.clone(), |all, token| all.and(token.secrets()))
            }
        }
    }
}

/// An OAuth client and its cached token.
pub(crate) struct OAuthClient {
    /// The base URL of the token endpoint, as it was configured.
    pub base_url: String,
    /// The body of a token request.
    pub form: String,
    secrets: Secrets,
    cache: TokenCache,
}

impl OAuthClient {
    pub(super) fn new(base_url: &str, client_id: OAuthClientSid, secret: &str) -> Self {
        let form = format!(
            "client_id={client_id}&client_secret={}&grant_type=client_credentials",
            encoded(secret),
        );
        let secrets = Secrets::new([encoded(secret), secret.to_owned()]);

        Self { base_url: base_url.to_owned(), form, secrets, cache: TokenCache::default() }
    }
}
