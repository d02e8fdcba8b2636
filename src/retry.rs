//! What is tried again, and when.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;

/// What is tried again, how often, and how long is waited before.
///
/// Tried again is what can pass: status 429, 5xx but 501, failures of the connection, time-outs,
/// and bodies cut short. Each wait is drawn at random from zero up to a bound that starts at
/// [`first_wait`](Self::first_wait) and doubles each time, up to
/// [`longest_wait`](Self::longest_wait): exponential back-off with full jitter. Where the service
/// names a longer wait in `Retry-After`, that is kept, up to
/// [`longest_retry_after`](Self::longest_retry_after); beyond it the error is returned at once,
/// with the wait in it.
///
/// ```
/// use std::time::Duration;
/// use twilio_room_recordings::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_retries(8).longest_wait(Duration::from_secs(300));
/// let off = RetryPolicy::off();
/// # let _ = (patient, off);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RetryPolicy {
    max_retries: u32,
    first_wait: Duration,
    longest_wait: Duration,
    longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    /// Up to 3 retries; waits of up to half a second at first and 30 seconds at most; a
    /// `Retry-After` of up to 2 minutes.
    fn default() -> Self {
        Self {
            max_retries: 3,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// No retries at all.
    #[must_use]
    pub fn off() -> Self {
        Self::default().max_retries(0)
    }

    /// How often a failed request is made again. 3 by default.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// The bound of the first wait. 500 milliseconds by default.
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// What the bound of the waits grows up to. 30 seconds by default.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// The longest `Retry-After` that is slept; a longer one is returned as the error. 2 minutes by
    /// default.
    #[must_use]
    pub fn longest_retry_after(mut self, wait: Duration) -> Self {
        self.longest_retry_after = wait;
        self
    }

    /// How long to wait after a failed attempt, counted from 1; `None` where that was the last.
    pub(crate) fn wait_after(&self, attempt: u32, error: &Error) -> Option<Duration> {
        if attempt > self.max_retries || !error.is_transient() {
            return None;
        }
        let doubled = 2_u32.saturating_pow(attempt - 1);
        let back_off =
            random_part_of(self.first_wait.saturating_mul(doubled).min(self.longest_wait));
        match error.service().and_then(|answer| answer.retry_after) {
            None => Some(back_off),
            Some(asked) if asked <= self.longest_retry_after => Some(asked.max(back_off)),
            Some(_) => None,
        }
    }
}

/// A duration between zero and the bound. `RandomState` is the random source that std has.
fn random_part_of(bound: Duration) -> Duration {
    let random = RandomState::new().hash_one(());
    let part = random as f64 / u64::MAX as f64;
    Duration::try_from_secs_f64(bound.as_secs_f64() * part).unwrap_or(bound)
}

/// A retry that is about to be waited for, as
/// [`ClientBuilder::on_retry`](crate::ClientBuilder::on_retry) shows it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Retry<'a> {
    /// Which attempt failed, counted from 1.
    pub attempt: u32,
    /// How long is waited before the next one.
    pub wait: Duration,
    /// Why it failed.
    pub error: &'a Error,
}

pub(crate) type OnRetry = Arc<dyn Fn(&Retry<'_>) + Send + Sync>;
