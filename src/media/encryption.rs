//! The encryption data of media.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;

const KEY: &str = "x-amz-meta-x-amz-key";
const KEY_V2: &str = "x-amz-meta-x-amz-key-v2";
const IV: &str = "x-amz-meta-x-amz-iv";
const UNENCRYPTED_SIZE: &str = "x-amz-meta-x-amz-unencrypted-content-length";

/// The encryption data of media: together with the account's private key, it decrypts the media. Only
/// the storage holds it, and sends it with the media. It is lost when the recording is deleted.
///
/// ```
/// use twilio_room_recordings::Encryption;
///
/// let encryption: Encryption = serde_json::from_str(r#"{"key": "0ZY1", "iv": "EmKj"}"#)?;
/// assert_eq!(encryption.iv, "EmKj");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Encryption {
    /// The key of the media, encrypted with the account's public key, in Base64.
    pub key: String,
    /// The initialization vector, in Base64.
    pub iv: String,
    /// The size before encryption in bytes, if the storage names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unencrypted_size: Option<u64>,
    /// The other headers `x-amz-meta-x-amz-…`, as sent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

impl Encryption {
    /// Reads the headers `x-amz-meta-x-amz-…` of a response. Media without any is not encrypted.
    pub(super) fn read(mut headers: BTreeMap<String, String>) -> Result<Option<Self>, Error> {
        let key = headers.remove(KEY).or_else(|| headers.get(KEY_V2).cloned());
        let (key, iv) = match (key, headers.remove(IV)) {
            (None, None) if headers.is_empty() => return Ok(None),
            (Some(key), Some(iv)) => (key, iv),
            (None, _) => return Err(missing(KEY)),
            (Some(_), None) => return Err(missing(IV)),
        };
        for (name, value) in [(KEY, &key), (IV, &iv)] {
            if !is_base64(value) {
                return Err(Error::invalid_response(format!("{name}: expected Base64")));
            }
        }

        let unencrypted_size = headers.get(UNENCRYPTED_SIZE).and_then(|size| size.parse().ok());
        if unencrypted_size.is_some() {
            headers.remove(UNENCRYPTED_SIZE);
        }
        Ok(Some(Self { key, iv, unencrypted_size, headers }))
    }
}

fn missing(header: &str) -> Error {
    Error::invalid_response(format!("encrypted media without the header {header}"))
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4)
        && !digits.is_empty()
        && text.len() - digits.len() <= 2
        && digits.bytes().all(is_digit)
}

/// Returns `true` if encrypted media of this stored size can have the recorded size: the size of
/// what is stored, or the size before encryption, to which CBC adds up to the next multiple of 16
/// and GCM adds 16 bytes.
pub(super) fn is_stored_size_of(stored: u64, recorded: u64) -> bool {
    let padding = 16 - recorded % 16;
    [Some(recorded), recorded.checked_add(padding), recorded.checked_add(16)]
        .contains(&Some(stored))
}
