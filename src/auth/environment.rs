//! Credentials from environment variables.

use std::env;
use std::str::FromStr;

use super::credentials::{Credentials, check_secret};
use crate::error::Error;

impl Credentials {
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
    /// - [`MissingCredentials`](crate::ErrorKind::MissingCredentials) if no pair is set, or half a pair.
    /// - [`InvalidInput`](crate::ErrorKind::InvalidInput) if a SID or a secret is invalid. The error does
    ///   not show the value.
    pub fn from_env() -> Result<Self, Error> {
        if let Some((key, secret)) = pair("TWILIO_API_KEY", "TWILIO_API_SECRET")? {
            let key = parse_sid("TWILIO_API_KEY", "SK", &key)?;
            return Ok(Self::api_key(key, secret));
        }
        if let Some((client_id, secret)) = pair("TWILIO_CLIENT_ID", "TWILIO_CLIENT_SECRET")? {
            let client_id = parse_sid("TWILIO_CLIENT_ID", "OQ", &client_id)?;
            return Ok(Self::oauth(client_id, secret));
        }
        if let Some((account, token)) = pair("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")? {
            let account = parse_sid("TWILIO_ACCOUNT_SID", "AC", &account)?;
            return Ok(Self::auth_token(account, token));
        }

        Err(Error::missing_credentials(
            "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, \
             TWILIO_API_KEY and TWILIO_API_SECRET, \
             or TWILIO_CLIENT_ID and TWILIO_CLIENT_SECRET"
                .to_owned(),
        ))
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
        Err(Error::missing_credentials(what))
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
fn parse_sid<T: FromStr>(name: &'static str, prefix: &str, text: &str) -> Result<T, Error> {
    let expected = || format!("{prefix} and 32 hexadecimal digits");
    text.parse().map_err(|_| Error::invalid_input(name, "…", expected()))
}
