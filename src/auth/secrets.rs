//! Redaction of secrets that the other side echoes.

const REDACTED: &str = "[redacted]";

/// A secret with fewer characters may be part of an ordinary word.
const MIN_CHARS: usize = 8;

/// The secrets that no output may show.
#[derive(Clone)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let is_long = |secret: &String| secret.chars().count() >= MIN_CHARS;
        Self(secrets.into_iter().filter(is_long).collect())
    }

    pub(super) fn and(mut self, others: &Self) -> Self {
        self.0.extend_from_slice(&others.0);
        self
    }

    /// The text with each secret replaced. The first characters of a secret are enough, because
    /// messages show only the beginning of a long text.
    pub(crate) fn redact(&self, mut text: String) -> String {
        for secret in &self.0 {
            let beginning =
                secret.char_indices().nth(MIN_CHARS).map_or(&**secret, |(end, _)| &secret[..end]);
            let mut searched = 0;
            while let Some(offset) = text[searched..].find(beginning) {
                let start = searched + offset;
                // Two secrets may begin alike, such as the text of one and its percent-encoded form.
                let lengths = self.0.iter().map(|secret| common_prefix(secret, &text[start..]));
                let length = lengths.max().unwrap_or_default();
                text.replace_range(start..start + length, REDACTED);
                searched = start + REDACTED.len();
            }
        }

        text
    }
}

/// The number of bytes that both texts begin with.
fn common_prefix(text: &str, other: &str) -> usize {
    let same = text.chars().zip(other.chars()).take_while(|(char, other)| char == other);
    same.map(|(char, _)| char.len_utf8()).sum()
}
