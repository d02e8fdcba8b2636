//! The credentials of a client.

use std::fmt;
use std::sync::Arc;

use super::authentication::{Authentication, OAuthClient};
use super::authorization::Authorization;
use crate::error::Error;
use crate::model::{AccountSid, ApiKeySid, OAuthClientSid};

/// The credentials of a client: an auth token, an API key, an access token or an OAuth client.
///
/// `Debug` shows the SID and never a secret.
///
/// ```
/// use twilio_room_recordings::Credentials;
///
/// let key = "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let credentials = Credentials::api_key(key, "the secret");
/// assert!(!format!("{credentials:?}").contains("the secret"));
/// # Ok::<(), twilio_room_recordings::ParseSidError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    identity: Identity,
    secret: Secret,
}

#[derive(Clone, Copy, Debug)]
enum Identity {
    Account(AccountSid),
    ApiKey(ApiKeySid),
    OAuthClient(OAuthClientSid),
    /// The access token, which is the secret, says it.
    AccessToken,
}

#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Credentials {
    /// Makes credentials of an account SID and its auth token.
    ///
    /// ```
    /// use twilio_room_recordings::Credentials;
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let credentials = Credentials::auth_token(account, "the auth token");
    /// # let _ = credentials;
    /// # Ok::<(), twilio_room_recordings::ParseSidError>(())
    /// ```
    pub fn auth_token(account: AccountSid, auth_token: impl Into<String>) -> Self {
        Self::new(Identity::Account(account), auth_token.into())
    }

    /// Makes credentials of an API key's SID and its secret.
    ///
    /// ```
    /// use twilio_room_recordings::Credentials;
    ///
    /// let key = "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let credentials = Credentials::api_key(key, "the secret");
    /// # let _ = credentials;
    /// # Ok::<(), twilio_room_recordings::ParseSidError>(())
    /// ```
    pub fn api_key(key: ApiKeySid, secret: impl Into<String>) -> Self {
        Self::new(Identity::ApiKey(key), secret.into())
    }

    /// Makes credentials of an access token that the program has fetched itself.
    ///
    /// The client can't renew the token. When the token has expired, requests fail with
    /// [`Unauthorized`](crate::ErrorKind::Unauthorized). [`oauth`](Self::oauth) makes a client that
    /// fetches its tokens.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let client = Client::new(Credentials::bearer("eyJhbGciOiJub25lIn0.e30."))?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn bearer(token: impl Into<String>) -> Self {
        Self::new(Identity::AccessToken, token.into())
    }

    /// Makes credentials of an OAuth client: its client ID and its client secret.
    ///
    /// The client fetches an access token from `https://oauth.twilio.com/v2/token` for its first
    /// request. [`ClientBuilder::oauth_base_url`](crate::ClientBuilder::oauth_base_url) replaces
    /// the host. The limits, the retries and the proxy are those of all requests.
    ///
    /// - **Sharing.** All clones and threads of a client use the same token. If several threads
    ///   need a token, one fetches it, and the others wait for it until their deadlines. If it can't
    ///   be fetched, they all return that error.
    /// - **Renewal.** The client fetches a new token a minute before the old one expires, or after
    ///   half its lifetime if that is shorter than two minutes. A token without a valid lifetime
    ///   (`expires_in`) is taken to live for a minute. A new token is always used for the request
    ///   that it was fetched for, however short its lifetime is.
    /// - **Rejection.** If the API responds to a token with status 401, the client fetches a new
    ///   token and repeats the request at once, without a retry of the
    ///   [`RetryPolicy`](crate::RetryPolicy). It does so once for each request. The second 401 is
    ///   the error [`Unauthorized`](crate::ErrorKind::Unauthorized).
    /// - **Errors.** If the token endpoint rejects the client ID or the client secret (status 400
    ///   or 401), the error is `Unauthorized` too. Every error of a token request names the host.
    ///
    /// The client secret is sent to the token endpoint only, the token to the API only. The storage
    /// of the media receives neither.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let client_id = "OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::new(Credentials::oauth(client_id, "the client secret"))?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn oauth(client_id: OAuthClientSid, client_secret: impl Into<String>) -> Self {
        Self::new(Identity::OAuthClient(client_id), client_secret.into())
    }

    fn new(identity: Identity, secret: String) -> Self {
        Self { identity, secret: Secret(secret) }
    }

    /// Returns the authentication of requests. The base URL is that of the OAuth token endpoint.
    pub(crate) fn authentication(&self, oauth_base_url: &str) -> Result<Authentication, Error> {
        let (parameter, Secret(secret)) = (self.secret_name(), &self.secret);
        check_secret(parameter, secret)?;

        let authorization = match &self.identity {
            Identity::Account(account) => Authorization::basic(account.as_str(), secret),
            Identity::ApiKey(key) => Authorization::basic(key.as_str(), secret),
            Identity::AccessToken => Authorization::bearer(secret)
                .ok_or_else(|| Error::invalid_input(parameter, "…", Authorization::BEARER))?,
            Identity::OAuthClient(client_id) => {
                let client = OAuthClient::new(oauth_base_url, *client_id, secret);
                return Ok(Authentication::OAuth(Box::new(client)));
            }
        };
        Ok(Authentication::Fixed(Arc::new(authorization)))
    }

    /// The credentials without their secret, and what to check if they are rejected.
    pub(crate) fn used(&self) -> String {
        match &self.identity {
            Identity::Account(sid) => format!("used account {sid}; check it and its auth token"),
            Identity::ApiKey(sid) => format!("used API key {sid}; check it and its secret"),
            Identity::OAuthClient(sid) => format!("used client ID {sid}; check it and its secret"),
            Identity::AccessToken => "used a bearer token, which may have expired".to_owned(),
        }
    }

    fn secret_name(&self) -> &'static str {
        match &self.identity {
            Identity::Account(_) => "auth token",
            Identity::ApiKey(_) => "API key secret",
            Identity::OAuthClient(_) => "client secret",
            Identity::AccessToken => "bearer token",
        }
    }
}

/// Rejects a secret that was copied with more than itself. The message leaves the value out.
pub(super) fn check_secret(parameter: &'static str, secret: &str) -> Result<(), Error> {
    let is_quote = |char| matches!(char, '"' | '\'' | '`');
    if secret.is_empty() {
        return Err(Error::invalid_input(parameter, "", "at least one character"));
    }
    let expected = if secret.trim() != secret {
        "no whitespace or line break before or after the secret"
    } else if secret.starts_with(is_quote) || secret.ends_with(is_quote) {
        "no quotes around the secret"
    } else if secret.contains(is_invisible) {
        "no control characters or invisible characters"
    } else {
        return Ok(());
    };
    Err(Error::invalid_input(parameter, "…", expected))
}

/// Returns `true` for control characters, and for characters without width that a copied text may
/// begin with, such as a byte-order mark.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}
