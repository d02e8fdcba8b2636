//! The retry policy.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Seconds};
use crate::model::{RecordingSid, RoomSid};

/// The number of retries, and the delays between them.
///
/// Transient failures are retried:
///
/// - status 408, 425, 429 and 5xx except 501,
/// - timeouts, except that of the deadline,
/// - connection failures: a host name that cannot be resolved, a refused or closed connection, a
///   proxy that fails, except if it rejects the client or the host (such as with status 401, 403 or
///   407), or responds to CONNECT with a 2xx status other than 200,
/// - TLS failures, such as a damaged record or plain text instead of TLS, except those of certificates
///   and of settings that the two sides do not share,
/// - truncated or damaged bodies.
///
/// Each delay is drawn at random between zero and a maximum. The
/// maximum starts at [`initial_backoff`](Self::initial_backoff) and doubles with each retry, up to
/// [`max_backoff`](Self::max_backoff): exponential backoff with full jitter. If the response asks
/// for a longer delay in `Retry-After`, the client waits that long, up to
/// [`max_retry_after`](Self::max_retry_after). If it asks for more, the error is returned at once.
///
/// ```
/// use std::time::Duration;
/// use twilio_room_recordings::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_retries(8).max_backoff(Duration::from_secs(300));
/// let off = RetryPolicy::off();
/// # let _ = (patient, off);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RetryPolicy {
    max_retries: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    max_retry_after: Duration,
}

impl Default for RetryPolicy {
    /// Five retries, a backoff from 0.5 s to 30 s, and a `Retry-After` of up to 2 minutes.
    fn default() -> Self {
        Self {
            max_retries: 5,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// Returns a policy without retries.
    ///
    /// ```
    /// use twilio_room_recordings::RetryPolicy;
    ///
    /// assert_eq!(RetryPolicy::off(), RetryPolicy::default().max_retries(0));
    /// ```
    #[must_use]
    pub fn off() -> Self {
        Self::default().max_retries(0)
    }

    /// Sets the maximum number of retries of a request. The default is 5.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets the maximum delay before the first retry. The default is 500 ms.
    #[must_use]
    pub fn initial_backoff(mut self, delay: Duration) -> Self {
        self.initial_backoff = delay;
        self
    }

    /// Sets the limit that the maximum delay grows to. The default is 30 s.
    #[must_use]
    pub fn max_backoff(mut self, delay: Duration) -> Self {
        self.max_backoff = delay;
        self
    }

    /// Sets the longest `Retry-After` that is honoured. A longer one is returned as the error. The
    /// default is 2 minutes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use twilio_room_recordings::RetryPolicy;
    ///
    /// let policy = RetryPolicy::default().max_retry_after(Duration::from_secs(600));
    /// # let _ = policy;
    /// ```
    #[must_use]
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// The delay after a failed attempt, counted from 1; `None` if it was the last. The error then
    /// says so if it could have been retried.
    pub(super) fn delay_after(&self, attempt: u32, error: &mut Error) -> Option<Duration> {
        if attempt > self.max_retries || !error.is_transient() {
            return None;
        }

        let doubled = 2_u32.saturating_pow(attempt - 1);
        let maximum = self.initial_backoff.saturating_mul(doubled).min(self.max_backoff);
        let backoff = random_up_to(maximum);
        let response = error.api_error();
        let retry_after = response.and_then(|it| it.retry_after).unwrap_or_default();
        if retry_after > self.max_retry_after {
            let maximum = Seconds(self.max_retry_after);
            error.set_note(format!("not retried: the delay exceeds the maximum of {maximum}"));
            return None;
        }
        Some(retry_after.max(backoff))
    }
}

/// A random duration between zero and the maximum. `RandomState` is std's source of randomness.
fn random_up_to(maximum: Duration) -> Duration {
    let random = RandomState::new().hash_one(());
    let part = random as f64 / u64::MAX as f64;
    Duration::try_from_secs_f64(maximum.as_secs_f64() * part).unwrap_or(maximum)
}

/// A retry that is about to be made, as [`ClientBuilder::on_retry`](crate::ClientBuilder::on_retry)
/// receives it.
///
/// ```
/// use twilio_room_recordings::Retry;
///
/// fn log(retry: &Retry<'_>) {
///     match (retry.room_sid, retry.recording_sid) {
///         (_, Some(recording)) => eprint!("{recording}: "),
///         (Some(room), None) => eprint!("{room}: "),
///         (None, None) => {}
///     }
///     eprintln!("attempt {}: {}; retry in {:?}", retry.attempt, retry.error, retry.delay);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Retry<'a> {
    /// The attempt that failed, counted from 1.
    pub attempt: u32,
    /// The delay before the next attempt.
    pub delay: Duration,
    /// The failure of this attempt alone: its [`attempts`](Error::attempts) is 1.
    pub error: &'a Error,
    /// The room that the request is about; `None` for the account-wide list and for an OAuth token.
    pub room_sid: Option<RoomSid>,
    /// The recording that the request is about; `None` for the page of a listing and for an OAuth
    /// token.
    pub recording_sid: Option<RecordingSid>,
}

/// What a request is about.
#[derive(Clone, Copy, Default)]
pub(crate) struct Subject {
    pub room: Option<RoomSid>,
    pub recording: Option<RecordingSid>,
}

pub(crate) type OnRetry = Arc<dyn Fn(&Retry<'_>) + Send + Sync>;
