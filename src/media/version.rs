//! One version of a recording's media.

use super::encryption::Encryption;
use crate::model::RecordingSid;

/// The identity of the media that a response of the storage holds.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// The strong entity tag.
    pub tag: Option<String>,
    /// The length of the complete media.
    pub length: Option<u64>,
    pub encryption: Option<Encryption>,
}

impl Version {
    /// Returns `true` if bytes of both versions can be joined. Only a strong entity tag proves that.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let has_other_length =
            self.length.zip(other.length).is_some_and(|(length, other)| length != other);
        let is_same_tag = self.tag.is_some() && self.tag == other.tag;
        is_same_tag && self.encryption == other.encryption && !has_other_length
    }

    /// A number that identifies the version of this recording in file names; `None` without a
    /// strong entity tag.
    pub(super) fn id(&self, recording: RecordingSid) -> Option<u64> {
        let tag = self.tag.as_deref()?;
        let encryption = self.encryption.iter().flat_map(|it| it.key.bytes().chain(it.iv.bytes()));
        Some(fnv1a(recording.as_str().bytes().chain(tag.bytes()).chain(encryption)))
    }
}

/// The 64-bit FNV-1a hash. A later release must find the files of an earlier one, and the algorithm
/// of std's `DefaultHasher` may change.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
