//! The SID types: 34 ASCII bytes inline, validated by parsing and printed exactly as received.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use super::sid_rule::{LENGTH, ParseSidError, Rule};
use super::text::Text;

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $title:literal, $prefix:expr, $example:literal) => {
        $(#[$doc])*
        ///
        /// A SID prints exactly as it was parsed. Comparison, ordering and hashing ignore the case of
        /// letters.
        ///
        /// ```
        #[doc = concat!("use twilio_room_recordings::", stringify!($name), ";")]
        ///
        #[doc = concat!("let sid: ", stringify!($name), " = \"", $example, "\".parse()?;")]
        #[doc = concat!("assert_eq!(sid, \"", $example, "\");")]
        #[doc = concat!("assert!(\"", $example, "0\".parse::<", stringify!($name), ">().is_err());")]
        /// # Ok::<(), twilio_room_recordings::ParseSidError>(())
        /// ```
        #[derive(Clone, Copy)]
        pub struct $name([u8; LENGTH]);

        impl $name {
            const RULE: Rule = Rule { name: $title, prefix: $prefix, letters: None };

            /// Returns the SID as text, exactly as it was parsed.
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl FromStr for $name {
            type Err = ParseSidError;

            fn from_str(text: &str) -> Result<Self, ParseSidError> {
                Self::RULE.check(text).map(|bytes| Self(*bytes))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0 || self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                lower_case(self.0).cmp(&lower_case(other.0))
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                lower_case(self.0).hash(state);
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.as_str().eq_ignore_ascii_case(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Text::deserialize(deserializer)?.0.parse().map_err(D::Error::custom)
            }
        }
    };
}

fn lower_case(mut sid: [u8; LENGTH]) -> [u8; LENGTH] {
    sid.make_ascii_lowercase();
    sid
}

sid!(
    /// The SID of a room: `RM` and 32 hexadecimal digits.
    RoomSid, "room SID", Some(*b"RM"), "RM0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of a recording: `RT` and 32 hexadecimal digits.
    RecordingSid, "recording SID", Some(*b"RT"), "RT0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of an account: `AC` and 32 hexadecimal digits.
    AccountSid, "account SID", Some(*b"AC"), "AC0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of a recorded source: two letters (`MT` for a track) and 32 hexadecimal digits.
    SourceSid, "source SID", None, "MT0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of a participant: `PA` and 32 hexadecimal digits.
    ParticipantSid, "participant SID", Some(*b"PA"), "PA0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of an API key: `SK` and 32 hexadecimal digits.
    ApiKeySid, "API key SID", Some(*b"SK"), "SK0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of an OAuth client, which is its client ID: `OQ` and 32 hexadecimal digits.
    OAuthClientSid, "OAuth client SID", Some(*b"OQ"), "OQ0123456789abcdef0123456789ABCDEF"
);
