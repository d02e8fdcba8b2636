//! Percent-encoding of query parameters (RFC 3986), and the form that it takes in a resume point.

use std::fmt::Write as _;

/// The query of a URL.
pub(super) fn query_of(url: &str) -> &str {
    let url = url.split('#').next().unwrap_or_default();
    url.split_once('?').map_or("", |(_, query)| query)
}

/// The parameters of a query, with names and values as they stand in it.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Appends `name=value` to a query, with the value percent-encoded.
pub(super) fn push_pair(query: &mut String, name: &str, value: &str) {
    push_encoded_pair(query, name, &encoded(value));
}

/// The value, percent-encoded for a query or a form.
pub(crate) fn encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for &byte in value.as_bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => encoded.push(byte.into()),
            _ => encode(byte, '%', &mut encoded),
        }
    }

    encoded
}

/// Appends `name=value` to a query, with a value that is percent-encoded already.
pub(super) fn push_encoded_pair(query: &mut String, name: &str, value: &str) {
    let separator = if query.is_empty() { "" } else { "&" };
    let _ = write!(query, "{separator}{name}={value}");
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
            _ => encode(byte, '%', &mut safe),
        }
    }

    safe
}

/// A query as a word of letters, digits and `-._~` alone: `a=1%2B&b=x/` becomes `a-1_2B.b-x~2F`.
pub(super) fn to_word(query: &str) -> String {
    let mut word = String::with_capacity(query.len());

    for (name, value) in pairs(query) {
        let separator = if word.is_empty() { "" } else { "." };
        let _ = write!(word, "{separator}{name}-");
        for &byte in value.as_bytes() {
            match byte {
                b'%' => word.push('_'),
                b'-' => word.push('-'),
                _ if byte.is_ascii_alphanumeric() => word.push(byte.into()),
                _ => encode(byte, '~', &mut word),
            }
        }
    }

    word
}

/// Reads the query of a word that [`to_word`] has made. A query is returned for some other words
/// too, but `to_word` does not make them of it.
pub(super) fn from_word(word: &str) -> Option<String> {
    let mut query = String::with_capacity(word.len());

    for pair in word.split('.') {
        let (name, value) = pair.split_once('-')?;
        let value = decode(&value.replace('_', "%"), '~')?;
        push_encoded_pair(&mut query, name, &value);
    }

    Some(query)
}

fn encode(byte: u8, escape: char, into: &mut String) {
    let _ = write!(into, "{escape}{byte:02X}");
}

/// Decodes a value whose bytes are encoded with this character, such as `%`. Returns `None` if it is
/// malformed or not UTF-8.
pub(super) fn decode(text: &str, escape: char) -> Option<String> {
    let mut parts = text.split(escape);
    let mut decoded = parts.next()?.as_bytes().to_vec();

    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
        decoded.extend_from_slice(rest.as_bytes());
    }

    String::from_utf8(decoded).ok()
}
