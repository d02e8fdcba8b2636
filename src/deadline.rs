//! The deadline of an operation.

use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};

/// ureq's clocks may end a request this much before the deadline that they were set to.
const TOLERANCE: Duration = Duration::from_millis(10);

/// The instant by which an operation must end, if there is one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn at(instant: Instant) -> Self {
        Self(Some(instant))
    }

    /// The time that remains, or `DeadlineExceeded` if none does.
    pub(crate) fn remaining(self) -> Result<Option<Duration>, Error> {
        let Some(instant) = self.0 else { return Ok(None) };

        match instant.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(Error::new(ErrorKind::DeadlineExceeded)),
            remaining => Ok(Some(remaining)),
        }
    }

    pub(crate) fn has_passed(self) -> bool {
        self.expires_within(Duration::ZERO)
    }

    pub(crate) fn expires_within(self, duration: Duration) -> bool {
        let remaining = self.0.map(|instant| instant.saturating_duration_since(Instant::now()));
        remaining.is_some_and(|remaining| remaining <= duration)
    }

    /// The error of an attempt, as `DeadlineExceeded` if the deadline has ended it.
    pub(crate) fn ended(self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::Timeout(_) if self.expires_within(TOLERANCE) => exceeded_after(error),
            _ => error,
        }
    }
}

/// `DeadlineExceeded`, caused by the failure of the last attempt.
pub(crate) fn exceeded_after(last: Error) -> Error {
    let attempts = last.attempts();
    let exceeded = Error::new(ErrorKind::DeadlineExceeded).after_attempts(attempts);
    exceeded.caused_by(last.after_attempts(1))
}
