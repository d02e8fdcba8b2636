//! What the service says of a failure, in whatever form it says it.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::error::Escaped;

/// The service's own account of a failure. Text is kept as it was sent; `Display` of [`Error`](crate::Error)
/// escapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// The service's code, such as 20404.
    pub code: Option<i64>,
    /// What the service says. Where its answer has no message (a proxy's HTML, an empty body),
    /// what can be told of it instead.
    pub message: String,
    /// A page about the code.
    pub more_info: Option<String>,
    /// What support asks for: the `Twilio-Request-Id` header.
    pub request_id: Option<String>,
    /// How long the service asks to wait: the `Retry-After` header.
    pub retry_after: Option<Duration>,
}

impl ServiceError {
    pub(crate) fn new(status: u16, message: String) -> Self {
        Self { status, code: None, message, more_info: None, request_id: None, retry_after: None }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (HTTP status {}", Escaped(&self.message), self.status)?;
        if let Some(code) = self.code {
            write!(f, ", code {code}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, ", request {}", Escaped(id))?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, ", retry after {} s", wait.as_secs())?;
        }
        if let Some(url) = &self.more_info {
            write!(f, ", see {}", Escaped(url))?;
        }
        f.write_char(')')
    }
}

/// What an error's body says: in the service's own form, as problem details (RFC 9457), or in
/// whatever a proxy sent.
pub(crate) fn read(text: &str, status: u16) -> ServiceError {
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
    ServiceError { code, more_info, ..ServiceError::new(status, message) }
}

/// What can be told of an error that has no message of its own.
fn without_message(text: &str, status: u16) -> String {
    let reason = reason(status);
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

/// What a storage's error says: the code in its XML. The rest may repeat what was signed.
pub(crate) fn storage_message(text: &str, status: u16) -> String {
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let is_code = |code: &&str| code.len() < 64 && code.bytes().all(|it| it.is_ascii_alphabetic());
    code.map(|(code, _)| code).filter(is_code).unwrap_or(reason(status)).to_owned()
}

fn reason(status: u16) -> &'static str {
    let status = ureq::http::StatusCode::from_u16(status).ok();
    status.and_then(|it| it.canonical_reason()).unwrap_or("no reason given")
}
