//! Response headers.

use std::time::Duration;

use time::OffsetDateTime;
use ureq::Body;
use ureq::http::HeaderMap;
use ureq::http::header::{DATE, HeaderName, RETRY_AFTER};

use super::date::http_date;
use crate::error::Error;

pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned())
}

/// The delay that `Retry-After` asks for, in seconds or as a date. A date is relative to the date of
/// the response, because the two clocks may differ.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }

    let date = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?));
    let delay = http_date(text)? - date.unwrap_or_else(OffsetDateTime::now_utc);
    Some(Duration::try_from(delay).unwrap_or_default())
}

/// `bytes first-last/length` of a `Content-Range`; the length may be `*`.
pub(super) fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    let length = if length == "*" { None } else { Some(length.parse().ok()?) };
    Some((first.parse().ok()?, length))
}

/// Checks that ureq does not transcode the body, as it does to text if another crate has enabled
/// its feature `charset`. The original bytes are lost then.
pub(super) fn check_charset(body: &Body) -> Result<(), Error> {
    let (Some(mime_type), Some(charset)) = (body.mime_type(), body.charset()) else {
        return Ok(());
    };

    let name = charset.trim_matches(|char: char| char == '"' || char.is_whitespace());
    let is_utf8 = name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8");
    if is_utf8 || !mime_type.starts_with("text/") {
        return Ok(());
    }
    let reason = format!("the body is text in the character set {charset}: expected UTF-8");
    Err(Error::invalid_response(reason))
}
