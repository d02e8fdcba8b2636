//! Conversions into and from the error type.

use std::io;

use super::error::Error;
use super::kind::ErrorKind;
use crate::model::{ParseResumePointError, ParseSidError};

impl From<ParseSidError> for Error {
    fn from(error: ParseSidError) -> Self {
        Self::invalid_sid(error.sid_name(), error)
    }
}

impl From<ParseResumePointError> for Error {
    fn from(error: ParseResumePointError) -> Self {
        let expected = ParseResumePointError::EXPECTED;
        Self::invalid_input("resume point", error.input(), expected).caused_by(error)
    }
}

/// The [`io::ErrorKind`] is that of the underlying I/O error if there is one, and otherwise the one
/// nearest in meaning.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        use io::ErrorKind as K;

        let kind = match error.kind() {
            ErrorKind::Transport(_) | ErrorKind::Write { .. } => {
                let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Self>());
                cause.map_or(K::Other, Self::kind)
            }
            ErrorKind::InvalidInput(_) | ErrorKind::MissingCredentials { .. } => K::InvalidInput,
            ErrorKind::Unauthorized(_) | ErrorKind::Forbidden(_) => K::PermissionDenied,
            ErrorKind::NotFound(_) => K::NotFound,
            ErrorKind::Timeout(_) | ErrorKind::DeadlineExceeded => K::TimedOut,
            ErrorKind::InvalidResponse { .. }
            | ErrorKind::InvalidRecord(_)
            | ErrorKind::PaginationLoop { .. }
            | ErrorKind::MediaSizeMismatch { .. } => K::InvalidData,
            _ => K::Other,
        };
        Self::new(kind, error)
    }
}
