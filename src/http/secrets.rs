//! Redaction of secrets that the other side echoes.

const REDACTED: &str = "[redacted]";

/// A secret with fewer characters may be part of an ordinary word.
const MIN_CHARS: usize = 8;

/// The secrets that no output may show.
#[derive(Clone)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let is_long = |secret: &String| secret.chars().count() >= MIN_CHARS;
        Self(secrets.into_iter().filter(is_long).collect())
    }

    /// These secrets and the others. All of them must be redacted at once: where one begins like
    /// another, the longest echo counts.
    pub(super) fn and(mut self, others: &Self) -> Self {
        self.0.extend_from_slice(&others.0);
        self
    }

    /// The text with each secret replaced, whether it stands there literally or with characters
    /// escaped as in JSON or in a URL.
    pub(super) fn redact(&self, text: String) -> String {
        let (mut redacted, mut copied, mut position) = (String::new(), 0, 0);
        while let Some(char) = text[position..].chars().next() {
            match self.0.iter().filter_map(|secret| echo(&text[position..], secret)).max() {
                Some(length) => {
                    redacted.push_str(&text[copied..position]);
                    redacted.push_str(REDACTED);
                    position += length;
                    copied = position;
                }
                None => position += char.len_utf8(),
            }
        }

        if copied == 0 {
            return text;
        }
        redacted.push_str(&text[copied..]);
        redacted
    }
}

/// The length of the secret at the beginning of the text. The first characters of the secret are
/// enough, because messages show only the beginning of a long text.
fn echo(text: &str, secret: &str) -> Option<usize> {
    if text.starts_with(secret) {
        return Some(secret.len());
    }

    let (mut rest, mut missing) = (text, secret);
    let mut matched = 0;
    while let Some(expected) = missing.chars().next() {
        let Some(length) = escaped_length(rest, expected) else { break };
        rest = &rest[length..];
        missing = &missing[expected.len_utf8()..];
        matched += 1;
    }
    (matched >= MIN_CHARS).then_some(text.len() - rest.len())
}

/// The length of this character at the beginning of the text, in any of its forms.
fn escaped_length(text: &str, expected: char) -> Option<usize> {
    if let Some(length) = json_length(text, expected).or_else(|| percent_length(text, expected)) {
        return Some(length);
    }
    let is_plus = expected == ' ' && text.starts_with('+');
    (is_plus || text.starts_with(expected)).then_some(expected.len_utf8())
}

/// `\u00e9` in either case, or `\/`.
fn json_length(text: &str, expected: char) -> Option<usize> {
    let escape = text.strip_prefix('\\')?;
    if escape.starts_with(expected) && expected.is_ascii_punctuation() {
        return Some(2);
    }

    let (mut rest, mut units) = (text, [0; 2]);
    for unit in expected.encode_utf16(&mut units) {
        let digits = rest.strip_prefix("\\u")?.get(..4)?;
        if u16::from_str_radix(digits, 16).ok()? != *unit {
            return None;
        }
        rest = &rest[6..];
    }
    Some(text.len() - rest.len())
}

/// `%C3%A9` in either case.
fn percent_length(text: &str, expected: char) -> Option<usize> {
    let (mut rest, mut bytes) = (text, [0; 4]);
    for byte in expected.encode_utf8(&mut bytes).bytes() {
        let digits = rest.strip_prefix('%')?.get(..2)?;
        if u8::from_str_radix(digits, 16).ok()? != byte {
            return None;
        }
        rest = &rest[3..];
    }
    Some(text.len() - rest.len())
}
