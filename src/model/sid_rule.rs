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
    /// A description of the first two letters, if they are not the prefix alone.
    pub letters: Option<&'static str>,
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
    pub fn error(self, text: &str) -> ParseSidError {
        ParseSidError { rule: self, input: text.to_owned() }
    }
}

/// The error of parsing a text that is not a SID of the expected kind.
///
/// ```
/// use twilio_room_recordings::RoomSid;
///
/// let error = "RMx".parse::<RoomSid>().unwrap_err();
/// assert_eq!(error.input(), "RMx");
/// assert_eq!(
///     error.to_string(),
///     "invalid room SID \"RMx\": expected RM and 32 hexadecimal digits, got 3 characters",
/// );
/// ```
///
/// `Debug` is the message too, so that a `main` that returns a `Result` prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct ParseSidError {
    rule: Rule,
    input: String,
}

impl ParseSidError {
    /// Returns the invalid text.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Returns the kind of SID that was expected, such as `room SID`.
    pub(crate) fn sid_name(&self) -> &'static str {
        self.rule.name
    }

    /// Returns a description of a valid SID, and of the first difference.
    ///
    /// ```
    /// use twilio_room_recordings::RoomSid;
    ///
    /// let error = "RMx".parse::<RoomSid>().unwrap_err();
    /// assert_eq!(error.expected(), "RM and 32 hexadecimal digits, got 3 characters");
    /// ```
    pub fn expected(&self) -> String {
        let letters = match (self.rule.letters, &self.rule.prefix) {
            (Some(letters), _) => letters,
            (None, Some(prefix)) => std::str::from_utf8(prefix).unwrap_or_default(),
            (None, None) => "two letters",
        };
        format!("{letters} and 32 hexadecimal digits, got {}", self.difference())
    }

    fn difference(&self) -> String {
        let Ok(bytes) = <&[u8; LENGTH]>::try_from(self.input.as_bytes()) else {
            return match self.input.chars().count() {
                LENGTH => "non-ASCII characters".to_owned(),
                1 => "1 character".to_owned(),
                count => format!("{count} characters"),
            };
        };
        if !self.rule.is_prefix(bytes) {
            return format!("prefix \"{}\"", Escaped(&characters(&self.input, 0, 2)));
        }

        let offset = 2 + bytes[2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        format!("'{}' at offset {offset}", Escaped(&characters(&self.input, offset, 1)))
    }
}

impl fmt::Display for ParseSidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.rule.name;
        write!(f, "invalid {name} \"{}\": expected {}", Escaped(&self.input), self.expected())
    }
}

impl fmt::Debug for ParseSidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ParseSidError {}

fn characters(text: &str, from: usize, count: usize) -> String {
    text.chars().skip(from).take(count).collect()
}
