//! The body of a response as text.

use crate::error::Error;

/// The body as text, without a byte-order mark.
pub(super) fn text_of(body: &[u8]) -> Result<&str, Error> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let reason = format!("the body is not UTF-8 at byte {}", error.valid_up_to());
        Error::invalid_response(reason).caused_by(error)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The part of a message that describes a valid value, if there is one. The rest quotes the value,
/// which may be long.
pub(super) fn expectation(message: &str) -> &str {
    message.rfind("expected ").map_or(message, |start| &message[start..])
}

/// The error of a body that cannot be decoded.
pub(super) fn not_json(text: &str, error: serde_json::Error) -> Error {
    let is_truncated = error.is_eof();
    let reason = match error.classify() {
        serde_json::error::Category::Data => expectation(&error.to_string()).to_owned(),
        _ => {
            let beginning: String = text.chars().take(80).collect();
            format!("expected JSON: {error}, in a body that begins with \"{beginning}\"")
        }
    };
    Error::invalid_response(reason).transient(is_truncated).caused_by(error)
}
