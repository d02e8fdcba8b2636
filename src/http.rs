//! The only file that talks to ureq: one exchange, its retries, its time and size limits.

use std::fmt;
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use ureq::http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderName,
    LOCATION, RANGE, RETRY_AFTER, USER_AGENT,
};
use ureq::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use ureq::{Agent, Body, BodyReader};

use crate::error::{Error, ErrorKind};
use crate::retry::{OnRetry, Retry, RetryPolicy};
use crate::service_error::{self, ServiceError};
use crate::url::SignedUrl;

const MAX_HEADER_BYTES: usize = 64 * 1024;
const MAX_ERROR_BODY_BYTES: u64 = 64 * 1024;
const MAX_STORAGE_REDIRECTS: usize = 5;

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
    /// Makes a request until it succeeds, and reads the answer. What `read` calls transient is
    /// tried again too.
    pub(crate) fn request<T>(
        &self,
        method: &Method,
        path: &str,
        deadline: Option<Instant>,
        body: &mut Vec<u8>,
        mut read: impl FnMut(&Head, &[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            let outcome = self.exchange(method, path, deadline, body);
            match outcome.and_then(|head| read(&head, body)) {
                Ok(value) => return Ok(value),
                Err(error) => self.wait_after(attempt, deadline, error)?,
            }
        }
    }

    /// Waits for the next attempt, or gives back the error of this one where it was the last.
    pub(crate) fn wait_after(
        &self,
        attempt: u32,
        deadline: Option<Instant>,
        error: Error,
    ) -> Result<(), Error> {
        let not_sent = matches!(error.kind(), ErrorKind::DeadlineExceeded);
        let error = error.after_attempts(if not_sent { attempt - 1 } else { attempt });
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
        Ok(())
    }

    fn exchange(
        &self,
        method: &Method,
        path: &str,
        deadline: Option<Instant>,
        body: &mut Vec<u8>,
    ) -> Result<Head, Error> {
        let left = time_left_of(deadline)?;
        let limit = left.map_or(self.attempt_timeout, |left| left.min(self.attempt_timeout));
        let fail = |error| match classify(error) {
            timeout if matches!(timeout.kind(), ErrorKind::Timeout) && left == Some(limit) => {
                Error::new(ErrorKind::DeadlineExceeded).caused_by(timeout)
            }
            error => error,
        };
        let mut answer = self.send(method, path, limit).map_err(fail)?;
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            return Err(self.service_error(answer));
        }
        body.clear();
        let mut reader = answer.body_mut().with_config().limit(self.max_body_bytes).reader();
        reader.read_to_end(body).map_err(|error| fail(error.into()))?;
        Ok(Head { status, location: header(answer.headers(), LOCATION) })
    }

    fn send(
        &self,
        method: &Method,
        path: &str,
        limit: Duration,
    ) -> Result<Response<Body>, ureq::Error> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header(AUTHORIZATION, &self.authorization)
            .header(USER_AGENT, &self.user_agent)
            .header(ACCEPT, "application/json")
            .body(())?;
        let request = self.guarded(request, self.is_loopback);
        let config = self.agent.configure_request(request).timeout_global(Some(limit));
        self.agent.run(config.build())
    }

    /// The request with the limits that stand whatever the agent's own configuration says.
    fn guarded(&self, request: Request<()>, to_loopback: bool) -> Request<()> {
        let config = self
            .agent
            .configure_request(request)
            .http_status_as_error(false)
            .max_redirects(0)
            .https_only(!to_loopback)
            .max_response_header_size(MAX_HEADER_BYTES)
            .timeout_connect(Some(self.connect_timeout));
        if to_loopback { config.proxy(None).build() } else { config.build() }
    }

    /// Asks the storage for media from this byte on, once. Nothing of the API's headers goes
    /// there.
    pub(crate) fn get_media(
        &self,
        url: &SignedUrl,
        from: u64,
        deadline: Option<Instant>,
    ) -> Result<Response<Body>, Error> {
        let mut url = url.clone();
        for _ in 0..=MAX_STORAGE_REDIRECTS {
            let left = time_left_of(deadline)?;
            let answer = self.ask_storage(&url, from, left).map_err(classify)?;
            let status = answer.status();
            if status.is_client_error() || status.is_server_error() {
                return Err(self.storage_error(answer));
            }
            if !status.is_redirection() {
                return Ok(answer);
            }
            let Some(location) = header(answer.headers(), LOCATION) else {
                let reason = format!("status {status} of the storage, without a Location");
                return Err(Error::invalid_answer(reason));
            };
            url = url.redirected(&location, self.is_loopback)?;
        }
        let reason = format!("the storage redirects more than {MAX_STORAGE_REDIRECTS} times");
        Err(Error::invalid_answer(reason))
    }

    fn ask_storage(
        &self,
        url: &SignedUrl,
        from: u64,
        left: Option<Duration>,
    ) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder()
            .uri(url.as_str())
            .header(USER_AGENT, &self.user_agent)
            .header(ACCEPT_ENCODING, "identity");
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let request = self.guarded(request.body(())?, url.is_loopback());
        let config = self
            .agent
            .configure_request(request)
            .timeout_recv_response(Some(self.attempt_timeout))
            .timeout_per_read(Some(self.attempt_timeout))
            .timeout_global(left);
        self.agent.run(config.build())
    }

    fn service_error(&self, answer: Response<Body>) -> Error {
        let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
        let request_id = header(answer.headers(), HeaderName::from_static("twilio-request-id"));
        let text = self.redacted(self.error_text(answer));
        let told = service_error::read(&text, status.as_u16());
        let error = ServiceError {
            message: self.redacted(told.message),
            more_info: told.more_info.map(|url| self.redacted(url)),
            request_id: request_id.map(|id| self.redacted(id)),
            retry_after,
            ..told
        };
        let kind = match status.as_u16() {
            401 | 403 => ErrorKind::RefusedCredentials(error),
            404 => ErrorKind::NotFound(error),
            429 => ErrorKind::Throttled(error),
            _ => ErrorKind::Service(error),
        };
        Error::new(kind).transient(can_pass(status))
    }

    fn storage_error(&self, answer: Response<Body>) -> Error {
        let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
        if status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Error::new(ErrorKind::MediaChanged);
        }
        let message = service_error::storage_message(&self.error_text(answer), status.as_u16());
        let error = ServiceError { retry_after, ..ServiceError::new(status.as_u16(), message) };
        // What an expired URL is refused with: another one may do.
        let expired = matches!(status.as_u16(), 400 | 401 | 403 | 410);
        Error::new(ErrorKind::Storage(error)).transient(expired || can_pass(status))
    }

    /// An error's body: help, not substance, so what arrives of it serves.
    fn error_text(&self, answer: Response<Body>) -> String {
        let mut reader = answer.into_body().into_reader().take(MAX_ERROR_BODY_BYTES);
        let start = Instant::now();
        let (mut text, mut piece) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = reader.read(&mut piece) {
            text.extend_from_slice(&piece[..count]);
            if start.elapsed() > self.attempt_timeout {
                break;
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The text without the secret, should the other side echo it.
    fn redacted(&self, text: String) -> String {
        self.secrets.iter().fold(text, |text, secret| text.replace(secret, "[redacted]"))
    }
}

fn time_left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// The time left, if there is any limit.
fn time_left_of(deadline: Option<Instant>) -> Result<Option<Duration>, Error> {
    let left = deadline.map(time_left);
    if left == Some(Duration::ZERO) {
        return Err(Error::new(ErrorKind::DeadlineExceeded));
    }
    Ok(left)
}

/// What an answer says before its body.
pub(crate) struct Head {
    status: StatusCode,
    pub location: Option<String>,
}

impl Head {
    pub(crate) fn is_redirect(&self) -> bool {
        self.status.is_redirection()
    }

    /// An error where the status is not the one that is due.
    pub(crate) fn expect(&self, due: u16) -> Result<(), Error> {
        let status = self.status.as_u16();
        match &self.location {
            _ if status == due => Ok(()),
            // A query may hold a signature.
            Some(url) => Err(Error::invalid_answer(format!(
                "status {status}, a redirect to {}, which is not followed",
                url.split('?').next().unwrap_or_default(),
            ))),
            None => Err(Error::invalid_answer(format!("status {status} where {due} is due"))),
        }
    }
}

/// Media from some byte on, as the storage gives it.
pub(crate) struct MediaAnswer {
    /// The place of the body's first byte in the media.
    pub first: u64,
    /// How long the whole media is.
    pub length: Option<u64>,
    /// What tells this media from a changed one, where the storage has a strong entity tag.
    pub entity_tag: Option<String>,
    pub body: BodyReader<'static>,
}

impl MediaAnswer {
    pub(crate) fn new(answer: Response<Body>, from: u64) -> Result<Self, Error> {
        let headers = answer.headers();
        let is_none = |it: &str| it.is_empty() || it.eq_ignore_ascii_case("identity");
        if let Some(encoding) = header(headers, CONTENT_ENCODING).filter(|it| !is_none(it.trim())) {
            let reason = format!("the storage encodes the media with {encoding}");
            return Err(Error::invalid_answer(reason));
        }
        let (first, length) = match answer.status().as_u16() {
            200 => (0, answer.body().content_length()),
            206 => {
                let range = header(headers, CONTENT_RANGE).unwrap_or_default();
                match content_range(&range) {
                    Some((first, length)) if first == from => (first, length),
                    _ => {
                        let reason = format!("the range from {from} on is answered with {range}");
                        return Err(Error::invalid_answer(reason));
                    }
                }
            }
            status => {
                let reason = format!("status {status} of the storage where 200 or 206 is due");
                return Err(Error::invalid_answer(reason));
            }
        };
        let entity_tag = header(headers, ETAG).filter(|tag| tag.starts_with('"'));
        Ok(Self { first, length, entity_tag, body: answer.into_body().into_reader() })
    }
}

/// `bytes first-last/length`, where the length may be `*`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    let length = if length == "*" { None } else { Some(length.parse().ok()?) };
    Some((first.parse().ok()?, length))
}

/// Tells the errors of reading a body apart, as those of a request are.
pub(crate) fn read_error(error: io::Error) -> Error {
    classify(error.into())
}

/// Whether the same request may well succeed later.
fn can_pass(status: StatusCode) -> bool {
    status == 429 || (status.is_server_error() && status != 501)
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned())
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
        // They show the whole URL, which may be a signed one.
        U::BadUri(_) | U::RequireHttpsOnly(_) => {
            Error::new(ErrorKind::Transport("the URL can't be asked for".to_owned()))
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
