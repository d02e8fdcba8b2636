//! The body of an error response.

use ureq::http::StatusCode;

use crate::error::{ApiError, Error, ErrorKind, InvalidRecord};

/// The part of an error response's body that is read.
pub(super) const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

impl Error {
    /// Makes the error that a client returns for an error response of the API, for tests of
    /// programs that use this crate. The body may be empty.
    ///
    /// A status outside of 400 to 599 is not that of an error. As in a client, it gives an
    /// [`InvalidResponse`](ErrorKind::InvalidResponse). A response has no headers here, so
    /// [`request_id`](ApiError::request_id) and [`retry_after`](ApiError::retry_after) are `None`,
    /// and a status 401 names no credentials.
    ///
    /// Status 400 makes a [`BadRequest`](crate::ErrorKind::BadRequest), because only a request with a
    /// page token makes an [`InvalidPageToken`](crate::ErrorKind::InvalidPageToken).
    ///
    /// ```
    /// use twilio_room_recordings::{Error, ErrorKind};
    ///
    /// let body = br#"{"code": 20429, "message": "Too Many Requests", "status": 429}"#;
    /// let error = Error::from_response(429, body);
    /// let ErrorKind::TooManyRequests(response) = error.kind() else { panic!("{error}") };
    /// assert_eq!(response.code, Some(20429));
    /// assert!(error.is_transient());
    /// ```
    #[must_use]
    pub fn from_response(status: u16, body: &[u8]) -> Self {
        if !(400..=599).contains(&status) {
            let expected = if status == 200 { "400 to 599" } else { "200" };
            let reason = format!("expected {expected}, got {status}");
            return explained_by(Self::invalid_response(reason), body, Self::rejected)
                .after_attempts(1);
        }

        let body = &body[..body.len().min(MAX_ERROR_BODY_BYTES)];
        let text = String::from_utf8_lossy(body);
        Self::rejected(read_api_error(&text, status)).after_attempts(1)
    }
}

/// The error of a response that cannot be read. If its body holds an error, that is the reason,
/// whatever its status.
pub(super) fn explained_by(error: Error, body: &[u8], reject: fn(ApiError) -> Error) -> Error {
    let is_about_body = matches!(
        error.kind(),
        ErrorKind::InvalidResponse { .. }
            | ErrorKind::InvalidRecord(InvalidRecord { sid: None, .. })
    );
    if !is_about_body {
        return error;
    }

    match error_in_success(body) {
        Some(error @ ApiError { status: 400..=599, .. }) => reject(error),
        Some(error) => Error::invalid_response(format!("expected success, got {error}")),
        None => error,
    }
}

/// Reads the body of an error response: the API's own form, problem details (RFC 9457), an OAuth
/// error (RFC 6749), or anything else that a proxy sent.
pub(super) fn read_api_error(text: &str, status: u16) -> ApiError {
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
pub(super) fn error_in_success(body: &[u8]) -> Option<ApiError> {
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

    let beginning: String = text.chars().take(80).collect();
    format!("{reason}, with a body that begins with \"{beginning}\"")
}

/// The error code in the storage's XML. The rest of the body may repeat the signature.
pub(super) fn storage_message(text: &str, status: u16) -> String {
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let is_code =
        |code: &&str| code.len() < 64 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    code.map(|(code, _)| code).filter(is_code).unwrap_or(reason_phrase(status)).to_owned()
}

pub(super) fn reason_phrase(status: u16) -> &'static str {
    let status = StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("unknown error")
}
