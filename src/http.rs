//! The only file that talks to ureq: one exchange, its retries, its time and size limits.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use ureq::http::header::{ACCEPT, AUTHORIZATION, LOCATION, RETRY_AFTER, USER_AGENT};
use ureq::http::{HeaderMap, HeaderValue, Response};
use ureq::{Agent, Body};

use crate::error::{Error, ErrorKind, ServiceError};

const MAX_HEADER_BYTES: usize = 64 * 1024;
const MAX_ERROR_BODY_BYTES: u64 = 64 * 1024;

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub fn off() -> Self {
        Self::default().max_retries(0)
    }

    /// How often a failed request is made again.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// The bound of the first wait.
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// What the bound of the waits grows up to.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// The longest `Retry-After` that is slept; a longer one is returned as the error.
    #[must_use]
    pub fn longest_retry_after(mut self, wait: Duration) -> Self {
        self.longest_retry_after = wait;
        self
    }

    /// How long to wait after a failed attempt, counted from 1; `None` where that was the last.
    fn wait_after(&self, attempt: u32, error: &Error) -> Option<Duration> {
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
    let random = RandomState::new().hash_one(()) as u32;
    bound.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// A retry that is about to be waited for, as
/// [`ClientBuilder::on_retry`](crate::ClientBuilder::on_retry) shows it.
#[derive(Debug)]
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

/// The way to the service, with all that each request needs.
pub(crate) struct Http {
    pub agent: Agent,
    /// Scheme, host, port and path prefix, without a slash at the end.
    pub base_url: String,
    pub is_loopback: bool,
    pub authorization: HeaderValue,
    /// The secret in the forms it could be echoed in.
    pub secrets: [String; 2],
    pub user_agent: HeaderValue,
    pub connect_timeout: Duration,
    pub attempt_timeout: Duration,
    pub max_body_bytes: u64,
    pub retry: RetryPolicy,
    pub on_retry: Option<OnRetry>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("base_url", &self.base_url)
            .field("user_agent", &self.user_agent)
            .field("connect_timeout", &self.connect_timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_body_bytes", &self.max_body_bytes)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl Http {
    /// Asks for a resource until it is there, and reads it. What `read` calls transient is tried
    /// again too.
    pub(crate) fn get<T>(
        &self,
        path: &str,
        deadline: Option<Instant>,
        body: &mut Vec<u8>,
        mut read: impl FnMut(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            let outcome = self.exchange(path, deadline, body).and_then(|()| read(body));
            let error = match outcome {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let made = if matches!(error.kind(), ErrorKind::DeadlineExceeded) {
                attempt - 1
            } else {
                attempt
            };
            let error = error.after_attempts(made);
            let Some(wait) = self.retry.wait_after(attempt, &error) else {
                return Err(error);
            };
            if deadline.is_some_and(|deadline| wait >= time_left(deadline)) {
                return Err(Error::new(ErrorKind::DeadlineExceeded)
                    .after_attempts(attempt)
                    .caused_by(error));
            }
            if let Some(on_retry) = &self.on_retry {
                on_retry(&Retry { attempt, wait, error: &error });
            }
            thread::sleep(wait);
        }
    }

    fn exchange(
        &self,
        path: &str,
        deadline: Option<Instant>,
        body: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let left = deadline.map(time_left);
        if left == Some(Duration::ZERO) {
            return Err(Error::new(ErrorKind::DeadlineExceeded));
        }
        let limit = left.map_or(self.attempt_timeout, |left| left.min(self.attempt_timeout));
        let fail = |error| match classify(error) {
            timeout if matches!(timeout.kind(), ErrorKind::Timeout) && left == Some(limit) => {
                Error::new(ErrorKind::DeadlineExceeded).caused_by(timeout)
            }
            error => error,
        };
        let mut answer = self.send(path, limit).map_err(fail)?;
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            return Err(self.service_error(answer));
        }
        if status != 200 {
            return Err(unexpected_status(&answer));
        }
        body.clear();
        let mut reader = answer.body_mut().with_config().limit(self.max_body_bytes).reader();
        reader.read_to_end(body).map_err(|error| fail(error.into()))?;
        Ok(())
    }

    fn send(&self, path: &str, limit: Duration) -> Result<Response<Body>, ureq::Error> {
        let mut config = self
            .agent
            .get(format!("{}{path}", self.base_url))
            .header(AUTHORIZATION, &self.authorization)
            .header(USER_AGENT, &self.user_agent)
            .header(ACCEPT, "application/json")
            .config()
            .http_status_as_error(false)
            .max_redirects(0)
            .https_only(!self.is_loopback)
            .max_response_header_size(MAX_HEADER_BYTES)
            .timeout_connect(Some(self.connect_timeout))
            .timeout_global(Some(limit));
        if self.is_loopback {
            config = config.proxy(None);
        }
        config.build().call()
    }

    fn service_error(&self, answer: Response<Body>) -> Error {
        let status = answer.status().as_u16();
        let header = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let request_id = header("twilio-request-id").map(|id| self.redacted(id));
        let retry_after = retry_after(answer.headers());
        let mut bytes = Vec::new();
        // An error's body is help, not substance: what arrives of it serves.
        let _ = answer.into_body().into_reader().take(MAX_ERROR_BODY_BYTES).read_to_end(&mut bytes);
        let text = self.redacted(String::from_utf8_lossy(&bytes).into_owned());
        let told = service_error_from_body(&text, status);
        let error = ServiceError {
            message: self.redacted(told.message),
            more_info: told.more_info.map(|url| self.redacted(url)),
            request_id,
            retry_after,
            ..told
        };
        let transient = status == 429 || (status >= 500 && status != 501);
        let kind = match status {
            401 | 403 => ErrorKind::RefusedCredentials(error),
            404 => ErrorKind::NotFound(error),
            429 => ErrorKind::Throttled(error),
            _ => ErrorKind::Service(error),
        };
        Error::new(kind).transient(transient)
    }

    /// The text without the secret, should the other side echo it.
    fn redacted(&self, text: String) -> String {
        self.secrets.iter().fold(text, |text, secret| text.replace(secret, "[redacted]"))
    }
}

fn time_left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

fn unexpected_status(answer: &Response<Body>) -> Error {
    let status = answer.status().as_u16();
    let target = answer.headers().get(LOCATION).map(|url| String::from_utf8_lossy(url.as_bytes()));
    Error::invalid_answer(match target {
        Some(url) => format!("status {status}, a redirect to {url}, which is not followed"),
        None => format!("status {status} where 200 is due"),
    })
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    let wait = date - OffsetDateTime::now_utc();
    Some(Duration::try_from(wait).unwrap_or_default())
}

/// What an error's body says: in the service's own form, as problem details (RFC 9457), or in
/// whatever a proxy sent.
pub(crate) fn service_error_from_body(text: &str, status: u16) -> ServiceError {
    let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let string = |name: &str| json[name].as_str().filter(|text| !text.is_empty());
    let code = &json["code"];
    let code = code.as_i64().or_else(|| code.as_str()?.parse().ok());
    let more_info = string("more_info").or(string("type").filter(|url| *url != "about:blank"));
    let mut parts: Vec<String> = match string("message") {
        Some(message) => vec![message.to_owned()],
        None => {
            let parts = [string("title"), string("detail")];
            parts.into_iter().flatten().map(Into::into).collect()
        }
    };
    for error in json["errors"].as_array().into_iter().flatten() {
        let of = |name: &str| error[name].as_str();
        match (of("pointer"), of("detail")) {
            (Some(pointer), Some(detail)) => parts.push(format!("{pointer}: {detail}")),
            (pointer, detail) => parts.extend(pointer.or(detail).map(Into::into)),
        }
    }
    let message = match parts.is_empty() {
        true => without_message(text, status),
        false => parts.join("; "),
    };
    let more_info = more_info.map(Into::into);
    ServiceError { status, code, message, more_info, request_id: None, retry_after: None }
}

/// What can be told of an error that has no message of its own.
fn without_message(text: &str, status: u16) -> String {
    let reason = ureq::http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    let reason = reason.unwrap_or("no reason given");
    let text = text.trim();
    if text.is_empty() {
        return format!("{reason}, with an empty body");
    }
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").map(|start| start + "<title>".len()).and_then(|start| {
        let end = start + lower[start..].find("</title>")?;
        Some(text[start..end].trim())
    });
    match title {
        Some(title) => format!("{reason}, with a page titled \"{title}\""),
        None => format!(
            "{reason}, with a body that begins with \"{}\"",
            text.chars().take(80).collect::<String>()
        ),
    }
}

/// Tells ureq's errors apart: what never arrived, and may the next time, from what can't be used.
fn classify(error: ureq::Error) -> Error {
    use ureq::Error as U;
    let transport = |error: U, transient| {
        Error::new(ErrorKind::Transport(error.to_string())).transient(transient).caused_by(error)
    };
    match error {
        U::Timeout(_) => Error::new(ErrorKind::Timeout).transient(true).caused_by(error),
        U::Io(cause) => {
            let permanent = matches!(
                cause.kind(),
                io::ErrorKind::InvalidData
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
            );
            transport(U::Io(cause), !permanent)
        }
        U::HostNotFound | U::ConnectionFailed | U::ConnectProxyFailed(_) | U::BodyStalled => {
            transport(error, true)
        }
        U::BodyExceedsLimit(limit) => {
            Error::invalid_answer(format!("its body is larger than {limit} bytes"))
        }
        U::LargeResponseHeader(..) | U::Protocol(_) | U::Http(_) => {
            Error::invalid_answer(error.to_string()).caused_by(error)
        }
        #[cfg(feature = "gzip")]
        U::Decompress(_, ref cause) => {
            let cut_short = cause.kind() == io::ErrorKind::UnexpectedEof;
            Error::invalid_answer(error.to_string()).transient(cut_short).caused_by(error)
        }
        error => transport(error, false),
    }
}
