//! The `Authorization` header, and the secrets in it.

use super::secrets::Secrets;

/// The `Authorization` header of API requests. It has no `Debug`, so that no output shows it.
pub(crate) struct Authorization {
    header: String,
    secrets: Secrets,
}

impl Authorization {
    /// A description of a valid bearer token. A longer header line fits into no request.
    pub(crate) const BEARER: &str = "1 to 16384 visible ASCII characters";

    /// HTTP Basic authentication (RFC 7617).
    pub(super) fn basic(username: &str, secret: &str) -> Self {
        let encoded = base64(format!("{username}:{secret}").as_bytes());
        let header = format!("Basic {encoded}");
        Self { header, secrets: Secrets::new([encoded, secret.to_owned()]) }
    }

    /// A bearer token (RFC 6750), or `None` if it is invalid.
    pub(crate) fn bearer(token: &str) -> Option<Self> {
        let is_valid =
            (1..=16384).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        let secrets = Secrets::new([token.to_owned()]);
        is_valid.then(|| Self { header: format!("Bearer {token}"), secrets })
    }

    /// The value of the header, in visible ASCII characters.
    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

/// Base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);

    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { digit.into() } else { '=' });
        }
    }

    text
}
