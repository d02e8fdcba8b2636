//! Failures that end a command, and their exit status.

use std::env;
use std::fmt;
use std::io;
use std::process::ExitCode;

use twilio_room_recordings::{Error, ErrorKind, RecordingSid};

/// A failure that ends the command.
pub enum Failure {
    /// Invalid usage. Nothing was sent.
    Usage(String),
    /// A request failed, or could not be made.
    Library(Error),
    /// A request for one recording failed.
    Recording(RecordingSid, Error),
    /// Standard output could not be written.
    Output(io::Error),
    /// Another failure, in the words that are printed.
    Other(String),
}

impl Failure {
    /// Returns `true` if the reader of standard output has closed it, which is not a failure.
    pub fn is_closed_pipe(&self) -> bool {
        let cause = match self {
            Self::Output(error) => Some(error),
            Self::Recording(_, error) if matches!(error.kind(), ErrorKind::Write { .. }) => {
                error.get_ref().and_then(|cause| cause.downcast_ref::<io::Error>())
            }
            _ => None,
        };
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
    }

    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Library(error) | Self::Recording(_, error) if is_usage(error) => {
                ExitCode::from(2)
            }
            _ => ExitCode::from(1),
        }
    }
}

/// Returns `true` if an error is about the command line or the environment: nothing was sent.
pub fn is_usage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput(_) | ErrorKind::MissingCredentials { .. })
}

/// The message about an error, with the name of its room or recording in front unless the error
/// names it.
pub fn about(name: impl fmt::Display, error: &Error) -> String {
    let (name, text) = (name.to_string(), explained(error));
    if text.contains(&name) { text } else { format!("{name}: {text}") }
}

/// The text of an error, and what to check if it says that a host is unknown.
fn explained(error: &Error) -> String {
    let text = error.to_string();
    if !text.contains("could not resolve the host name") {
        return text;
    }

    let is_in_host = |name: &&str| {
        let value = env::var(name).unwrap_or_default();
        !value.is_empty() && text.contains(&format!(".{value}."))
    };
    let variables: Vec<_> =
        ["TWILIO_REGION", "TWILIO_EDGE"].into_iter().filter(is_in_host).collect();
    match variables.is_empty() {
        true => text,
        false => format!("{text}; check {}", variables.join(" and ")),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Other(text) => f.write_str(text),
            Self::Library(error) => f.write_str(&explained(error)),
            Self::Recording(sid, error) => f.write_str(&about(sid, error)),
            Self::Output(error) => write!(f, "could not write standard output: {error}"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

/// A record cannot be written as JSON.
impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Other(error.to_string())
    }
}
