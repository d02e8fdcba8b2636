//! Text from the network, escaped.

use std::fmt::{self, Write as _};

const MAX_CHARS: usize = 500;

/// Displays text of foreign origin: control characters are escaped, so that no terminal interprets
/// them, and the length is limited.
pub(crate) struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shown, char) in self.0.chars().enumerate() {
            match char {
                _ if shown == MAX_CHARS => return f.write_char('…'),
                '"' | '\'' | '\\' => f.write_char(char)?,
                _ => char.escape_debug().try_for_each(|char| f.write_char(char))?,
            }
        }

        Ok(())
    }
}
