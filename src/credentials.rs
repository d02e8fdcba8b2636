//! Who asks: credentials, and where the environment keeps them.

use std::env;
use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::http::Authorization;
use crate::model::{AccountSid, ApiKeySid, ParseSidError};

/// Who asks: an account with its auth token, or an API key with its secret.
///
/// `Debug` shows the SID and never the secret.
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
pub struct Credentials {
    username: String,
    secret: String,
}

impl Credentials {
    /// An account SID and its auth token.
    pub fn auth_token(account: AccountSid, auth_token: impl Into<String>) -> Self {
        Self { username: account.to_string(), secret: auth_token.into() }
    }

    /// An API key's SID and its secret.
    pub fn api_key(key: ApiKeySid, secret: impl Into<String>) -> Self {
        Self { username: key.to_string(), secret: secret.into() }
    }

    /// The credentials that the environment holds: `TWILIO_API_KEY` with `TWILIO_API_SECRET` where
    /// either is set, or else `TWILIO_ACCOUNT_SID` with `TWILIO_AUTH_TOKEN`. So half of an API key's
    /// pair is an error even beside a whole account's pair. An empty variable counts as unset.
    ///
    /// # Errors
    ///
    /// [`MissingCredentials`](ErrorKind::MissingCredentials) where a pair is incomplete or none is
    /// there; [`InvalidInput`](ErrorKind::InvalidInput) where a SID is not one.
    pub fn from_env() -> Result<Self, Error> {
        if let Some((key, secret)) = pair("TWILIO_API_KEY", "TWILIO_API_SECRET")? {
            return Ok(Self::api_key(parse_sid("TWILIO_API_KEY", &key)?, secret));
        }
        if let Some((account, token)) = pair("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")? {
            return Ok(Self::auth_token(parse_sid("TWILIO_ACCOUNT_SID", &account)?, token));
        }
        Err(Error::new(ErrorKind::MissingCredentials(
            "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, \
             or TWILIO_API_KEY and TWILIO_API_SECRET"
                .to_owned(),
        )))
    }

    pub(crate) fn authorization(&self) -> Result<Authorization, Error> {
        if self.secret.is_empty() {
            let expected = "the auth token or the API key's secret";
            return Err(Error::invalid_input("secret", "", expected));
        }
        Authorization::basic(&self.username, &self.secret)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("secret", &"[redacted]")
            .finish()
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
        (Some(id), Some(secret)) => Ok(Some((id, secret))),
        (None, None) => Ok(None),
        (Some(_), None) => half(id_name, secret_name),
        (None, Some(_)) => half(secret_name, id_name),
    }
}

fn parse_sid<T>(name: &'static str, text: &str) -> Result<T, Error>
where
    T: for<'a> TryFrom<&'a str, Error = ParseSidError>,
{
    T::try_from(text).map_err(|error| Error::invalid_sid(name, error))
}
