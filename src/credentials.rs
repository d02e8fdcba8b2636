//! The credentials of a client, and the environment variables that may hold them.

use std::env;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::http::{Authentication, Authorization, BaseUrl, OAuthClient};
use crate::model::{AccountSid, ApiKeySid, OAuthClientSid, ParseSidError};

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
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    AuthToken { account: AccountSid, auth_token: Secret },
    ApiKey { key: ApiKeySid, secret: Secret },
    Bearer { token: Secret },
    OAuth { client_id: OAuthClientSid, client_secret: Secret },
}

#[derive(Clone, PartialEq, Eq)]
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
        Self(Kind::AuthToken { account, auth_token: Secret(auth_token.into()) })
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
        Self(Kind::ApiKey { key, secret: Secret(secret.into()) })
    }

    /// Makes credentials of an access token that the program has fetched itself.
    ///
    /// The client can't renew the token. When the token has expired, requests fail with
    /// [`Unauthorized`](ErrorKind::Unauthorized). [`oauth`](Self::oauth) makes a client that
    /// fetches its tokens.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let client = Client::new(Credentials::bearer("eyJhbGciOiJub25lIn0.e30."))?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn bearer(token: impl Into<String>) -> Self {
        Self(Kind::Bearer { token: Secret(token.into()) })
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
    ///   half its lifetime if that is shorter than two minutes. A token without a lifetime
    ///   (`expires_in`) is taken to live for a minute. A new token is always used for the request
    ///   that it was fetched for, however short its lifetime is.
    /// - **Rejection.** If the API responds to a token with status 401, the client fetches a new
    ///   token and repeats the request at once, without a retry of the
    ///   [`RetryPolicy`](crate::RetryPolicy). It does so once for each request. The second 401 is
    ///   the error [`Unauthorized`](ErrorKind::Unauthorized).
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
        Self(Kind::OAuth { client_id, client_secret: Secret(client_secret.into()) })
    }

    /// Reads the credentials from the environment: the first of these pairs of which a variable is
    /// set.
    ///
    /// 1. `TWILIO_API_KEY` and `TWILIO_API_SECRET`
    /// 2. `TWILIO_CLIENT_ID` and `TWILIO_CLIENT_SECRET`
    /// 3. `TWILIO_ACCOUNT_SID` and `TWILIO_AUTH_TOKEN`
    ///
    /// So half of a pair is an error even if a later pair is complete. An empty variable counts as
    /// unset.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let client = Client::new(Credentials::from_env()?)?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`MissingCredentials`](ErrorKind::MissingCredentials) if no pair is set, or half a pair.
    /// - [`InvalidInput`](ErrorKind::InvalidInput) if a SID or a secret is invalid. The error does
    ///   not show the value.
    pub fn from_env() -> Result<Self, Error> {
        if let Some((key, secret)) = pair("TWILIO_API_KEY", "TWILIO_API_SECRET")? {
            return Ok(Self::api_key(parse_sid("TWILIO_API_KEY", "SK", &key)?, secret));
        }
        if let Some((client_id, secret)) = pair("TWILIO_CLIENT_ID", "TWILIO_CLIENT_SECRET")? {
            return Ok(Self::oauth(parse_sid("TWILIO_CLIENT_ID", "OQ", &client_id)?, secret));
        }
        if let Some((account, token)) = pair("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")? {
            let account = parse_sid("TWILIO_ACCOUNT_SID", "AC", &account)?;
            return Ok(Self::auth_token(account, token));
        }

        Err(Error::new(ErrorKind::MissingCredentials(
            "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, \
             TWILIO_API_KEY and TWILIO_API_SECRET, \
             or TWILIO_CLIENT_ID and TWILIO_CLIENT_SECRET"
                .to_owned(),
        )))
    }

    /// The authentication of requests. An OAuth base URL is checked even if these credentials have
    /// no use for it.
    pub(crate) fn authentication(
        &self,
        oauth_base_url: Option<&str>,
    ) -> Result<Authentication, Error> {
        let parse = |url| BaseUrl::parse("OAuth base URL", url);
        let oauth_base_url = oauth_base_url.map(parse).transpose()?;
        let (parameter, Secret(secret)) = self.secret();
        check_secret(parameter, secret)?;

        let authorization = match &self.0 {
            Kind::AuthToken { account, .. } => Authorization::basic(account.as_str(), secret)?,
            Kind::ApiKey { key, .. } => Authorization::basic(key.as_str(), secret)?,
            Kind::Bearer { .. } => Authorization::bearer(secret)
                .ok_or_else(|| Error::invalid_input(parameter, "…", Authorization::BEARER))?,
            Kind::OAuth { client_id, .. } => {
                let base_url = match oauth_base_url {
                    Some(base_url) => base_url,
                    None => parse("https://oauth.twilio.com")?,
                };
                let client = OAuthClient::new(base_url, *client_id, secret);
                return Ok(Authentication::OAuth(Box::new(client)));
            }
        };
        Ok(Authentication::Fixed(Arc::new(authorization)))
    }

    /// The secret, and what it is called in messages.
    fn secret(&self) -> (&'static str, &Secret) {
        match &self.0 {
            Kind::AuthToken { auth_token, .. } => ("auth token", auth_token),
            Kind::ApiKey { secret, .. } => ("API key secret", secret),
            Kind::Bearer { token } => ("bearer token", token),
            Kind::OAuth { client_secret, .. } => ("client secret", client_secret),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Credentials").field(&self.0).finish()
    }
}

/// A variable that is set and not empty.
pub(crate) fn variable(name: &'static str) -> Result<Option<String>, Error> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        // The value is left out: it may be a secret.
        Err(env::VarError::NotUnicode(_)) => Err(Error::invalid_input(name, "…", "Unicode text")),
    }
}

fn pair(
    id_name: &'static str,
    secret_name: &'static str,
) -> Result<Option<(String, String)>, Error> {
    let half = |set: &str, missing: &str| {
        let what = format!("{set} is set, but {missing} is not");
        Err(Error::new(ErrorKind::MissingCredentials(what)))
    };
    match (variable(id_name)?, variable(secret_name)?) {
        (Some(id), Some(secret)) => {
            check_secret(secret_name, &secret)?;
            Ok(Some((id, secret)))
        }
        (None, None) => Ok(None),
        (Some(_), None) => half(id_name, secret_name),
        (None, Some(_)) => half(secret_name, id_name),
    }
}

/// Parses a SID from the environment. The message leaves the value out: it is a secret if the two
/// variables are swapped.
fn parse_sid<T>(name: &'static str, prefix: &str, text: &str) -> Result<T, Error>
where
    T: for<'a> TryFrom<&'a str, Error = ParseSidError>,
{
    let expected = || format!("{prefix} and 32 hexadecimal digits");
    T::try_from(text).map_err(|_| Error::invalid_input(name, "…", expected()))
}

/// Rejects a secret that was copied with more than itself. The message leaves the value out.
fn check_secret(parameter: &'static str, secret: &str) -> Result<(), Error> {
    let is_quote = |char| matches!(char, '"' | '\'' | '`');
    if secret.is_empty() {
        return Err(Error::invalid_input(parameter, "", "at least one character"));
    }
    let expected = if secret.trim() != secret {
        "no whitespace or line break before or after the secret"
    } else if secret.starts_with(is_quote) || secret.ends_with(is_quote) {
        "no quotes around the secret"
    } else if secret.contains(char::is_control) {
        "no control characters"
    } else {
        return Ok(());
    };
    Err(Error::invalid_input(parameter, "…", expected))
}
