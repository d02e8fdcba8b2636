//! Conversions into and from the error type.

use std::io;
use std::str::FromStr;

use super::error::Error;
use super::kind::ErrorKind;
use crate::model::{ParseSidError, ResumePoint};

impl From<ParseSidError> for Error {
    fn from(error: ParseSidError) -> Self {
        Self::invalid_input(error.sid_name(), error.input(), error.expected()).caused_by(error)
    }
}

impl FromStr for ResumePoint {
    type Err = Error;

    /// Whitespace around the text is ignored.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidInput`](ErrorKind::InvalidInput) if the text is not a resume point.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).ok_or_else(|| Error::invalid_input("resume point", text, Self::EXPECTED))
    }
}

/// The [`io::ErrorKind`] is that of the underlying I/O error if there is one, and otherwise the one
/// nearest in meaning.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Transport(_) | ErrorKind::Write { .. } => {
                let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Self>());
                cause.map_or(io::ErrorKind::Other, Self::kind)
            }
            ErrorKind::Timeout(_) | ErrorKind::DeadlineExceeded => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
