//! Response headers.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use ureq::http::HeaderMap;
use ureq::http::header::{DATE, HeaderName, RETRY_AFTER};

pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned())
}

/// The headers whose names begin so. The values of a repeated header are joined with commas.
pub(super) fn with_prefix(headers: &HeaderMap, prefix: &str) -> BTreeMap<String, String> {
    let names = headers.keys().filter(|name| name.as_str().starts_with(prefix));
    let joined = |name: &HeaderName| {
        let values = headers.get_all(name).iter();
        let values: Vec<_> = values.map(|it| String::from_utf8_lossy(it.as_bytes())).collect();
        (name.to_string(), values.join(", "))
    };
    names.map(joined).collect()
}

/// The delay that `Retry-After` asks for, in seconds or as a date. A date is relative to the date of
/// the response, because the two clocks may differ.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }

    let http_date = |text| OffsetDateTime::parse(text, &Rfc2822).ok();
    let date = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?));
    let delay = http_date(text)? - date.unwrap_or_else(OffsetDateTime::now_utc);
    Some(Duration::try_from(delay).unwrap_or_default())
}

/// `bytes first-last/length` of a `Content-Range`; the length may be `*`.
pub(super) fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (unit, range) = text.split_once(' ')?;
    let (range, length) = range.split_once('/').filter(|_| unit.eq_ignore_ascii_case("bytes"))?;
    let (first, _) = range.split_once('-')?;
    let length = if length == "*" { None } else { Some(length.parse().ok()?) };
    Some((first.parse().ok()?, length))
}
