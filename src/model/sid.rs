//! The SIDs: 34 ASCII bytes inline, checked on the way in and printed exactly as they came.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::escaped::Escaped;

const LENGTH: usize = 34;

/// What makes a text a SID of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    name: &'static str,
    /// The two letters in front; any two ASCII letters where there is none.
    prefix: Option<[u8; 2]>,
}

impl Rule {
    fn check(self, text: &str) -> Result<&[u8; LENGTH], ParseSidError> {
        let fault = |fault| ParseSidError { rule: self, fault, input: text.to_owned() };
        let bytes: &[u8; LENGTH] = text
            .as_bytes()
            .try_into()
            .map_err(|_| fault(SidFault::Length { found: text.chars().count() }))?;
        let prefix_holds = match self.prefix {
            Some(prefix) => [bytes[0], bytes[1]] == prefix,
            None => bytes[..2].iter().all(u8::is_ascii_alphabetic),
        };
        if !prefix_holds {
            return Err(fault(SidFault::Prefix));
        }
        // Without an early end, so that the compiler takes sixteen digits at a time.
        if bytes[2..].iter().fold(true, |all, byte| all & byte.is_ascii_hexdigit()) {
            return Ok(bytes);
        }
        let at = bytes[2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count() + 2;
        Err(fault(SidFault::Digit { at }))
    }
}

/// The rule that an invalid SID violates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SidFault {
    /// The text does not have 34 characters, or some are not ASCII.
    Length {
        /// The number of characters.
        found: usize,
    },
    /// The text does not begin with the two letters of its kind.
    Prefix,
    /// A character after the prefix is not a hexadecimal digit.
    Digit {
        /// The byte offset of that character, counted from 0.
        at: usize,
    },
}

/// The error of parsing a text that is not a SID of the expected kind.
///
/// ```
/// use twilio_room_recordings::{RoomSid, SidFault};
///
/// let error = "RMx".parse::<RoomSid>().unwrap_err();
/// assert_eq!(error.fault(), SidFault::Length { found: 3 });
/// assert_eq!(
///     error.to_string(),
///     "invalid room SID \"RMx\": expected RM and 32 hexadecimal digits, got 3 characters",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSidError {
    rule: Rule,
    fault: SidFault,
    input: String,
}

impl ParseSidError {
    /// Returns the rule that the text violates.
    pub fn fault(&self) -> SidFault {
        self.fault
    }

    /// Returns the invalid text.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// The kind of SID that was expected, such as `room SID`.
    pub(crate) fn sid_name(&self) -> &'static str {
        self.rule.name
    }

    /// A description of a valid SID, and of what the text has instead.
    pub(crate) fn expected(&self) -> impl fmt::Display {
        Expected(self)
    }
}

impl fmt::Display for ParseSidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.rule.name;
        write!(f, "invalid {name} \"{}\": expected {}", Escaped(&self.input), self.expected())
    }
}

impl std::error::Error for ParseSidError {}

struct Expected<'a>(&'a ParseSidError);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ParseSidError { rule, fault, input } = self.0;
        let prefix = match &rule.prefix {
            Some(letters) => std::str::from_utf8(letters).unwrap_or_default(),
            None => "two letters",
        };
        write!(f, "{prefix} and 32 hexadecimal digits, got ")?;

        match *fault {
            SidFault::Length { found } if found == LENGTH => f.write_str("non-ASCII characters"),
            SidFault::Length { found: 1 } => f.write_str("1 character"),
            SidFault::Length { found } => write!(f, "{found} characters"),
            SidFault::Prefix => write!(f, "prefix \"{}\"", Escaped(&characters(input, 0, 2))),
            SidFault::Digit { at } => {
                write!(f, "'{}' at offset {at}", Escaped(&characters(input, at, 1)))
            }
        }
    }
}

fn characters(text: &str, from: usize, count: usize) -> String {
    text.chars().skip(from).take(count).collect()
}

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $title:literal, $prefix:expr, $example:literal) => {
        $(#[$doc])*
        ///
        /// Hexadecimal digits keep the case they came in, and count for `==`, ordering and
        /// hashing; [`eq_ignore_ascii_case`](Self::eq_ignore_ascii_case) compares without it.
        ///
        /// ```
        #[doc = concat!("use twilio_room_recordings::", stringify!($name), ";")]
        ///
        #[doc = concat!("let sid: ", stringify!($name), " = \"", $example, "\".parse()?;")]
        #[doc = concat!("assert_eq!(sid.to_string(), \"", $example, "\");")]
        /// # Ok::<(), twilio_room_recordings::ParseSidError>(())
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; LENGTH]);

        impl $name {
            const RULE: Rule = Rule { name: $title, prefix: $prefix };

            /// The SID as text, exactly as it was given.
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).unwrap_or_default()
            }

            /// Whether both name the same thing: hexadecimal digits compared without regard to
            /// case.
            pub fn eq_ignore_ascii_case(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseSidError;

            fn from_str(text: &str) -> Result<Self, ParseSidError> {
                Self::RULE.check(text).map(|bytes| Self(*bytes))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = ParseSidError;

            fn try_from(text: &str) -> Result<Self, ParseSidError> {
                text.parse()
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
                struct SidVisitor;

                impl Visitor<'_> for SidVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "a valid {}", $title)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::RULE.check(text).map(|bytes| $name(*bytes)).map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(SidVisitor)
            }
        }
    };
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
    /// The SID of what was recorded: two letters (`MT` for a track) and 32 hexadecimal digits.
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
