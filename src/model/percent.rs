//! Percent-encoding of query parameters (RFC 3986).

use std::fmt::Write as _;

/// The parameters of a query, with names and values as they stand in it.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Appends `name=value` to a query, with the value percent-encoded.
pub(super) fn push_pair(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');

    for &byte in value.as_bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => query.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => query.push(byte.into()),
            _ => encode(byte, query),
        }
    }
}

/// A value from one query, made safe to stand in another. Percent-encoded bytes and bytes that
/// need no encoding stay exactly as they are.
pub(super) fn query_safe(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut safe = String::with_capacity(value.len());

    for (index, &byte) in bytes.iter().enumerate() {
        let is_hex = |offset| bytes.get(index + offset).is_some_and(u8::is_ascii_hexdigit);
        match byte {
            b'%' if is_hex(1) && is_hex(2) => safe.push('%'),
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'(' | b')' | b'*' | b'+' | b',' | b';'
            | b'=' | b':' | b'@' | b'/' | b'?' => safe.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => safe.push(byte.into()),
            _ => encode(byte, &mut safe),
        }
    }

    safe
}

fn encode(byte: u8, into: &mut String) {
    let _ = write!(into, "%{byte:02X}");
}
