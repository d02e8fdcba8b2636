//! The body of an error response.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::time::Duration;

use super::transport::Seconds;
use crate::model::Escaped;

/// The part of an error response's body that is read.
pub(crate) const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

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
    /// The `Twilio-Request-Id` header, which Twilio's support asks for.
    pub request_id: Option<String>,
    /// The delay that the `Retry-After` header asks for.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(status: u16, message: String) -> Self {
        Self { status, code: None, message, more_info: None, request_id: None, retry_after: None }
    }

    /// The text of the response.
    pub(super) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        [Some(&mut self.message), self.more_info.as_mut(), self.request_id.as_mut()]
            .into_iter()
            .flatten()
    }
}

impl StdError for ApiError {}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (status {}", Escaped(&self.message), self.status)?;
        if let Some(code) = self.code {
            write!(f, ", code {code}")?;
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

/// Reads the body of an error response: the API's own form, problem details (RFC 9457), an OAuth
/// error (RFC 6749), or anything else that a proxy sent.
pub(crate) fn read_api_error(text: &str, status: u16) -> ApiError {
    let text = text.trim_start_matches('\u{feff}');
    let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let string = |name: &str| json[name].as_str().filter(|text| !text.is_empty());
    let code = &json["code"];
    let code = code.as_i64().or_else(|| code.as_str()?.parse().ok());
    let more_info = string("more_info").or(string("type").filter(|url| *url != "about:blank"));

    let mut parts: Vec<String> = match string("message") {
        Some(message) => vec![message.to_owned()],
        None => {
            let parts = ["title", "detail", "error", "error_description"].map(string);
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
        true => describe_body(text, status),
        false => parts.join("; "),
    };
    let more_info = more_info.map(Into::into);
    ApiError { code, more_info, ..ApiError::new(status, message) }
}

/// Reads the error in the body of a response whose status says that the request succeeded, if there
/// is one. Its status is that in the body, or 200.
pub(crate) fn error_in_success(body: &[u8]) -> Option<ApiError> {
    let text = std::str::from_utf8(body).ok()?;
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let is_error =
        json["error"].is_string() || json["code"].is_i64() && json["message"].is_string();
    let status = json["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    is_error.then(|| read_api_error(text, status.unwrap_or(200)))
}

/// Describes a body that has no message.
fn describe_body(text: &str, status: u16) -> String {
    let reason = reason_phrase(status);
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

/// The error code in the storage's XML. The rest of the body may repeat the signature.
pub(crate) fn storage_message(text: &str, status: u16) -> String {
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let is_code =
        |code: &&str| code.len() < 64 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    code.map(|(code, _)| code).filter(is_code).unwrap_or(reason_phrase(status)).to_owned()
}

/// The standard reason phrases of RFC 9110 and RFC 6585.
pub(crate) fn reason_phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "unknown error",
    }
}
