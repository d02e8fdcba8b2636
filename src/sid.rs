//! The SIDs: 34 ASCII bytes inline, checked on the way in and printed exactly as they came.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::error::Escaped;

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

/// Which rule a text broke that should have been a SID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SidFault {
    /// It is not 34 characters (of one byte each) long.
    Length {
        /// How many characters it has.
        found: usize,
    },
    /// It does not begin with the two letters of its kind.
    Prefix,
    /// Something other than a hexadecimal digit stands behind the prefix.
    Digit {
        /// The offset of the first such byte, counted from 0.
        at: usize,
    },
}

/// A text is not a SID of the kind that was asked for.
///
/// ```
/// use twilio_room_recordings::{RoomSid, SidFault};
///
/// let error = "RMx".parse::<RoomSid>().unwrap_err();
/// assert_eq!(error.fault(), SidFault::Length { found: 3 });
/// assert_eq!(
///     error.to_string(),
///     "\"RMx\" is not a room SID: it has 3 characters, and RM with 32 hexadecimal digits makes 34",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSidError {
    rule: Rule,
    fault: SidFault,
    input: String,
}

impl ParseSidError {
    /// The rule that was broken, and where.
    pub fn fault(&self) -> SidFault {
        self.fault
    }

    /// The text that was refused.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// What would have been right, and why the text was not.
    pub(crate) fn expected(&self) -> impl fmt::Display {
        Expected(self)
    }
}

impl fmt::Display for ParseSidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not {}", Escaped(&self.input), self.expected())
    }
}

impl std::error::Error for ParseSidError {}

struct Expected<'a>(&'a ParseSidError);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ParseSidError { rule, fault, input } = self.0;
        write!(f, "{}: ", rule.name)?;
        let prefix = match &rule.prefix {
            Some(letters) => std::str::from_utf8(letters).unwrap_or_default(),
            None => "two letters",
        };
        match *fault {
            SidFault::Length { found } if found == LENGTH => {
                f.write_str("it has characters beyond ASCII")
            }
            SidFault::Length { found } => write!(
                f,
                "it has {found} characters, and {prefix} with 32 hexadecimal digits makes {LENGTH}"
            ),
            SidFault::Prefix => write!(f, "it does not begin with {prefix}"),
            SidFault::Digit { at } => {
                let found: String = input.chars().skip(at).take(1).collect();
                write!(f, "'{}' at offset {at} is not a hexadecimal digit", Escaped(&found))
            }
        }
    }
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
                        f.write_str($title)
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
    RoomSid, "a room SID", Some(*b"RM"), "RM0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of a recording: `RT` and 32 hexadecimal digits.
    RecordingSid, "a recording SID", Some(*b"RT"), "RT0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of an account: `AC` and 32 hexadecimal digits.
    AccountSid, "an account SID", Some(*b"AC"), "AC0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of what was recorded: two letters (`MT` for a track) and 32 hexadecimal digits.
    SourceSid, "a source SID", None, "MT0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of a participant: `PA` and 32 hexadecimal digits.
    ParticipantSid, "a participant SID", Some(*b"PA"), "PA0123456789abcdef0123456789ABCDEF"
);
sid!(
    /// The SID of an API key: `SK` and 32 hexadecimal digits.
    ApiKeySid, "an API key SID", Some(*b"SK"), "SK0123456789abcdef0123456789ABCDEF"
);
