//! Failures that end a command, and their exit status.

use std::fmt;
use std::io;
use std::process::ExitCode;

use twilio_room_recordings::{Error, ErrorKind, RecordingSid};

use crate::scope::Scope;

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
            Self::Recording(_, error) if matches!(error.kind(), ErrorKind::Write(_)) => {
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
    matches!(error.kind(), ErrorKind::InvalidInput(_) | ErrorKind::MissingCredentials(_))
}

/// The message about an invalid record, which begins with its SID if that is valid.
pub fn invalid_record(scope: Scope, error: &Error) -> String {
    let sid = match error.kind() {
        ErrorKind::InvalidRecord(record) => record.sid,
        _ => None,
    };
    match sid {
        Some(sid) => format!("{sid}: {error}"),
        None => format!("{scope}: {error}"),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Other(text) => f.write_str(text),
            Self::Library(error) => error.fmt(f),
            Self::Recording(sid, error) => write!(f, "{sid}: {error}"),
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
