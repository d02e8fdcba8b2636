//! What an error response says.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::time::Duration;

use super::transport::Seconds;
use crate::model::Escaped;

/// An error response of the API or its storage. The text is kept as it was sent; the `Display` of
/// [`Error`](crate::Error) escapes it.
///
/// ```
/// use twilio_room_recordings::Error;
///
/// let body = br#"{"code": 20404, "message": "The room was not found", "status": 404}"#;
/// let error = Error::from_response(404, body);
/// let response = error.api_error().expect("an error response");
/// assert_eq!((response.status, response.code), (404, Some(20404)));
/// assert_eq!(response.message, "The room was not found");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The API's error code, such as 20404.
    pub code: Option<i64>,
    /// The API's message. If the body has none (a proxy's HTML, an empty body), a description of
    /// the body.
    pub message: String,
    /// The URL of a page about the code.
    pub more_info: Option<String>,
    /// The `Twilio-Request-Id` header, or `x-amz-request-id` of the storage, for a report to their
    /// support.
    pub request_id: Option<String>,
    /// The delay in the `Retry-After` header.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(status: u16, message: String) -> Self {
        Self { status, code: None, message, more_info: None, request_id: None, retry_after: None }
    }
}

impl StdError for ApiError {}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, None)
    }
}

impl ApiError {
    /// Writes the response, with the host that it came from.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, host: Option<&str>) -> fmt::Result {
        write!(f, "{} (status {}", Escaped(&self.message), self.status)?;
        if let Some(code) = self.code {
            write!(f, ", code {code}")?;
        }
        if let Some(host) = host {
            write!(f, ", host {}", Escaped(host))?;
        }
        if let Some(id) = &self.request_id {
            write!(f, ", request {}", Escaped(id))?;
        }
        if let Some(delay) = self.retry_after {
            write!(f, ", retry after {}", Seconds(delay))?;
        }
        if let Some(url) = &self.more_info {
            write!(f, ", see {}", Escaped(url))?;
        }
        f.write_char(')')
    }
}
