//! The rules of the SIDs, and the error of a text that violates one.

use std::fmt;

use super::escaped::Escaped;

/// The number of bytes of a SID.
pub(super) const LENGTH: usize = 34;

/// The rule that the SIDs of one kind follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// The name of the kind, such as `room SID`.
    pub name: &'static str,
    /// The first two letters; `None` if any two ASCII letters are valid.
    pub prefix: Option<[u8; 2]>,
}

impl Rule {
    /// Returns the bytes of a text that follows the rule.
    #[inline]
    pub fn check(self, text: &str) -> Result<&[u8; LENGTH], ParseSidError> {
        match text.as_bytes().try_into() {
            // Without an early exit, so that the compiler checks sixteen digits at a time.
            Ok(bytes)
                if self.is_prefix(bytes)
                    & bytes[2..].iter().fold(true, |all, byte| all & byte.is_ascii_hexdigit()) =>
            {
                Ok(bytes)
            }
            _ => Err(self.error(text)),
        }
    }

    fn is_prefix(self, bytes: &[u8; LENGTH]) -> bool {
        match self.prefix {
            Some(prefix) => [bytes[0], bytes[1]] == prefix,
            None => bytes[..2].iter().all(u8::is_ascii_alphabetic),
        }
    }

    #[cold]
    fn error(self, text: &str) -> ParseSidError {
        let fault = match <&[u8; LENGTH]>::try_from(text.as_bytes()) {
            Err(_) => SidFault::Length { found: text.chars().count() },
            Ok(bytes) if !self.is_prefix(bytes) => SidFault::Prefix,
            Ok(bytes) => {
                let digits = bytes[2..].iter().take_while(|byte| byte.is_ascii_hexdigit());
                SidFault::Digit { at: digits.count() + 2 }
            }
        };
        ParseSidError { rule: self, fault, input: text.to_owned() }
    }
}

/// The rule that an invalid SID violates.
///
/// ```
/// use twilio_room_recordings::{RoomSid, SidFault};
///
/// let fault = |text: &str| text.parse::<RoomSid>().map_err(|error| error.fault()).err();
/// assert_eq!(fault("RM1"), Some(SidFault::Length { found: 3 }));
/// assert_eq!(fault("RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), Some(SidFault::Prefix));
/// assert_eq!(fault("RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaax"), Some(SidFault::Digit { at: 33 }));
/// ```
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

    /// Returns the kind of SID that was expected, such as `room SID`.
    pub(crate) fn sid_name(&self) -> &'static str {
        self.rule.name
    }

    /// Returns a description of a valid SID, and of the first difference.
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
