//! Who asks: credentials, and where the environment keeps them.

use std::env;
use std::fmt;

use ureq::http::HeaderValue;

use crate::error::{Error, ErrorKind};
use crate::sid::{AccountSid, ApiKeySid, ParseSidError};

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
            "no credentials: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, \
             or TWILIO_API_KEY and TWILIO_API_SECRET"
                .to_owned(),
        )))
    }

    /// The header that carries them, and the secret in the forms it could be echoed in.
    pub(crate) fn authorization(&self) -> Result<(HeaderValue, [String; 2]), Error> {
        let Self { username, secret } = self;
        if secret.is_empty() {
            let expected = "the auth token or the API key's secret";
            return Err(Error::invalid_input("secret", "", expected));
        }
        let encoded = base64(format!("{username}:{secret}").as_bytes());
        let mut authorization = HeaderValue::from_str(&format!("Basic {encoded}"))
            .map_err(|_| Error::invalid_input("credentials", username, "a SID and a secret"))?;
        authorization.set_sensitive(true);
        Ok((authorization, [encoded, secret.clone()]))
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
        let what = format!("half a pair of credentials: {set} is set, and {missing} is missing");
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

/// Base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { digit.into() } else { '=' });
        }
    }
    text
}
