//! What the examples' command lines have in common: the client of the environment, and how a
//! failure is told.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use twilio_room_recordings::{ClientBuilder, Error, ErrorKind};

/// A failure of any kind.
pub type Failure = Box<dyn std::error::Error>;

/// The client of the environment, with `TWILIO_VIDEO_BASE_URL`, which tells of its retries.
pub fn client() -> Result<ClientBuilder, Error> {
    let mut client = ClientBuilder::from_env()?;
    if let Ok(url) = std::env::var("TWILIO_VIDEO_BASE_URL")
        && !url.is_empty()
    {
        client = client.base_url(url);
    }
    Ok(client.on_retry(|retry| complain(&format!("{}; trying again", retry.error))))
}

/// Tells a failure, and gives its exit status: 2 where nothing was sent, or else 1.
pub fn failed(failure: &Failure) -> ExitCode {
    complain(failure);
    let kind = failure.downcast_ref::<Error>().map(Error::kind);
    let bad_usage =
        matches!(kind, Some(ErrorKind::InvalidInput(_) | ErrorKind::MissingCredentials(_)));
    ExitCode::from(if bad_usage { 2 } else { 1 })
}

/// Prints a line on standard error. Whether anybody reads it is no matter to the rest.
pub fn complain(what: &impl Display) {
    let _ = writeln!(io::stderr(), "{what}");
}
