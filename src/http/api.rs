//! One request to the API, with its limits and retries.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::header::{AUTHORIZATION, HeaderName, LOCATION};
use ureq::http::{self, HeaderValue, Method, Request, Response, StatusCode, Uri};
use ureq::{AsSendBody, Body, Proxy};

use super::agent::Connections;
use super::error_body::{MAX_ERROR_BODY_BYTES, error_in_success, explained_by, read_api_error};
use super::failure::Peer;
use super::headers;
use super::proxy;
use super::retry::{OnRetry, Retry, RetryPolicy, Subject};
use super::url::BaseUrl;
use crate::auth::{Authentication, Authorization};
use crate::deadline::{Deadline, exceeded_after};
use crate::error::{ApiError, Error, ErrorKind};

/// The first size of the buffer of a body.
const BUFFER_BYTES: usize = 64 * 1024;

/// The connections to the API and its storage, and the settings of a client.
pub(crate) struct Http {
    pub connections: Connections,
    pub base_url: BaseUrl,
    pub authentication: Authentication,
    /// The credentials without their secret, and what to check if they are rejected.
    pub used_credentials: String,
    pub max_body_bytes: u64,
    pub retry: RetryPolicy,
    pub on_retry: Option<OnRetry>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

/// A request to the API.
pub(crate) struct ApiRequest<'a> {
    pub method: Method,
    /// The path and query, relative to the base URL.
    pub path: &'a str,
    pub subject: Subject,
    pub deadline: Deadline,
}

/// The status and the headers of a response that is no error.
pub(crate) struct Head {
    pub(super) status: StatusCode,
    location: Option<String>,
}

impl Head {
    /// The target of a redirect; `None` if the response is not a redirect.
    pub(crate) fn redirect(&self) -> Option<&str> {
        self.location.as_deref().filter(|_| self.status.is_redirection())
    }

    pub(crate) fn expect(&self, expected: u16) -> Result<(), Error> {
        match self.status.as_u16() == expected {
            true => Ok(()),
            false => Err(self.unexpected(&expected)),
        }
    }

    /// Expects any 2xx status, and no error in the body.
    pub(crate) fn expect_success(&self, body: &[u8]) -> Result<(), Error> {
        match self.status.is_success() && error_in_success(body).is_none() {
            true => Ok(()),
            false => Err(self.unexpected(&"2xx")),
        }
    }

    fn unexpected(&self, expected: &dyn fmt::Display) -> Error {
        let status = self.status.as_u16();
        Error::invalid_response(match &self.location {
            // The query may hold a signature.
            Some(url) => format!(
                "expected {expected}, got {status}, a redirect to {}",
                url.split('?').next().unwrap_or_default(),
            ),
            None => format!("expected {expected}, got {status}"),
        })
    }
}

impl Http {
    /// Sends a request until it succeeds, and reads the response. An error of `read` is retried
    /// too if it is transient. `body` is a buffer.
    pub(crate) fn request<T>(
        &self,
        request: &ApiRequest<'_>,
        body: &mut Vec<u8>,
        mut read: impl FnMut(&Head, &[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempt = 0_u32;
        let mut renewals = 0;
        loop {
            let authorization = self.authorization(request.deadline)?;
            attempt = attempt.saturating_add(1);
            let outcome = self.send(request, &authorization, body);

            let outcome = outcome.and_then(|(head, body)| {
                read(&head, body).map_err(|it| explained_by(it, body, Error::rejected))
            });
            match outcome {
                Ok(value) => return Ok(value),
                // It is no failed attempt, so the retry policy has no say.
                Err(error) if renewals == 0 && self.discard_token(&authorization, &error) => {
                    renewals = 1;
                    attempt -= 1;
                }
                Err(mut error) => {
                    self.complete_api_error(&mut error);
                    self.wait_before_retry(attempt, request.deadline, request.subject, error)
                        .map_err(|error| error.with_more_attempts(renewals))?;
                }
            }
        }
    }

    /// Waits before the next attempt, or returns the error of this one if it was the last.
    pub(crate) fn wait_before_retry(
        &self,
        attempt: u32,
        deadline: Deadline,
        subject: Subject,
        error: Error,
    ) -> Result<(), Error> {
        let not_sent = match error.kind() {
            ErrorKind::InvalidInput(_) => true,
            // A deadline that passed before the request was sent has no cause.
            ErrorKind::DeadlineExceeded => error.get_ref().is_none(),
            _ => false,
        };
        let mut error = error.after_attempts(if not_sent { attempt - 1 } else { attempt });
        let Some(delay) = self.retry.delay_after(attempt, &mut error) else {
            return Err(error);
        };
        if deadline.expires_within(delay) {
            return Err(exceeded_after(error));
        }

        if let Some(on_retry) = &self.on_retry {
            let Subject { room: room_sid, recording: recording_sid } = subject;
            let error = &error.clone().after_attempts(1);
            on_retry(&Retry { attempt, delay, error, room_sid, recording_sid });
        }
        thread::sleep(delay);
        if deadline.has_passed() { Err(exceeded_after(error)) } else { Ok(()) }
    }

    /// Completes an error with text of a response: names its host, and removes the secrets that the
    /// other side echoed. Each such error passes through here before a caller sees it.
    pub(super) fn complete_error(&self, error: &mut Error, host: &str) {
        let secrets = self.authentication.secrets();
        error.redact(|text| secrets.redact(text));
        error.set_host(host);
        if matches!(error.kind(), ErrorKind::Unauthorized(_)) {
            error.set_note(&*self.used_credentials);
        }
    }

    /// Completes an error with text of a response of the API.
    pub(crate) fn complete_api_error(&self, error: &mut Error) {
        self.complete_error(error, self.base_url.host());
    }

    fn send<'a>(
        &self,
        request: &ApiRequest<'_>,
        authorization: &Arc<Authorization>,
        body: &'a mut Vec<u8>,
    ) -> Result<(Head, &'a [u8]), Error> {
        let base_url = &self.base_url;
        let mut credentials = HeaderValue::from_str(authorization.header())
            .map_err(|_| Error::invalid_input("credentials", "…", Authorization::BEARER))?;
        credentials.set_sensitive(true);
        let built = Request::builder()
            .method(&request.method)
            .uri(format!("{}{}", base_url.as_str(), request.path))
            .header(AUTHORIZATION, credentials)
            .body(());

        self.exchange(base_url, built, request.deadline, body, Error::rejected)
    }

    /// Sends a request once. Returns the response with its body, which is in the buffer. `reject`
    /// makes the error of an error response.
    pub(super) fn exchange<'a, B: AsSendBody>(
        &self,
        to: &BaseUrl,
        request: http::Result<Request<B>>,
        deadline: Deadline,
        buffer: &'a mut Vec<u8>,
        reject: impl FnOnce(ApiError) -> Error,
    ) -> Result<(Head, &'a [u8]), Error> {
        let connections = &self.connections;
        let remaining = deadline.remaining()?.unwrap_or(Duration::MAX);
        let limit = remaining.min(connections.attempt_timeout);
        let proxy = connections.proxies.select(to.uri())?;
        let peer = self.peer(to.uri(), limit, proxy.as_ref());

        let sent = request
            .map_err(ureq::Error::from)
            .and_then(|request| connections.send(request, limit, proxy))
            .map_err(|error| peer.send_error(error));
        let mut response = sent.map_err(|error| deadline.ended(error))?;
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            return Err(reject(self.read_api_error(response)));
        }

        let mut reader = response.body_mut().with_config().limit(self.max_body_bytes).reader();
        let read = match read_to_end(&mut reader, buffer) {
            // ureq decompresses even a body that is not there, as that of a 204.
            Err(error) if status != StatusCode::OK && is_decompression_of_nothing(&error) => Ok(0),
            read => read.map_err(|error| peer.read_error(error)),
        };
        let length = read.map_err(|error| deadline.ended(error))?;
        let location = headers::text(response.headers(), LOCATION);
        Ok((Head { status, location }, &buffer[..length]))
    }

    /// The other side of a request with this limit.
    pub(super) fn peer(&self, to: &Uri, limit: Duration, proxy: Option<&Proxy>) -> Peer {
        let &Connections { roots, connect_timeout, attempt_timeout, .. } = &self.connections;
        let proxy = proxy.map(proxy::address);
        let host = to.host().unwrap_or_default().to_owned();
        let default = if to.scheme_str() == Some("http") { 80 } else { 443 };
        let port = to.port_u16().unwrap_or(default);
        Peer { host, port, proxy, roots, connect_timeout, attempt_timeout, limit }
    }

    fn read_api_error(&self, response: Response<Body>) -> ApiError {
        let (status, retry_after) = (response.status(), headers::retry_after(response.headers()));
        let request_id =
            headers::text(response.headers(), HeaderName::from_static("twilio-request-id"));

        let error = read_api_error(&self.error_text(response), status.as_u16());
        ApiError { request_id, retry_after, ..error }
    }

    /// The body of an error response, as far as it arrives. A failure to read it is ignored,
    /// because the status is what counts.
    pub(super) fn error_text(&self, response: Response<Body>) -> String {
        let mut reader = response.into_body().into_reader().take(MAX_ERROR_BODY_BYTES as u64);
        let start = Instant::now();
        let (mut text, mut piece) = (Vec::new(), [0; 4096]);

        while let Ok(count @ 1..) = reader.read(&mut piece) {
            text.extend_from_slice(&piece[..count]);
            if start.elapsed() > self.connections.attempt_timeout {
                break;
            }
        }

        String::from_utf8_lossy(&text).into_owned()
    }
}

fn is_decompression_of_nothing(error: &io::Error) -> bool {
    error.to_string().ends_with("decompression failed: unexpected end of file")
}

/// Reads a body into a buffer that grows as needed, and returns the length of the body.
/// `Read::read_to_end` would fill the buffer of each page with zeros first.
fn read_to_end(reader: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut length = 0;
    loop {
        if length == buffer.len() {
            buffer.resize(BUFFER_BYTES.max(2 * length), 0);
        }
        match reader.read(&mut buffer[length..])? {
            0 => return Ok(length),
            count => length += count,
        }
    }
}
