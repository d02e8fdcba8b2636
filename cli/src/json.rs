//! A record as one line of JSON that is safe to show on a terminal.

use std::fmt::Write;

use serde::Serialize;

use crate::terminal::acts_on_terminals;

/// Serializes a record or an entry with the API's field names, without the line's end.
///
/// serde_json escapes the ASCII control characters except DEL. This escapes the others that a
/// terminal or an editor acts on: C1 controls, bidirectional controls, and line separators.
pub fn line(record: &impl Serialize) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(record)?;
    // Nearly every record. Without an early exit, the compiler looks at many bytes at a time.
    let is_printable = json.bytes().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
    if is_printable {
        return Ok(json);
    }

    let mut line = String::with_capacity(json.len() + 16);
    for char in json.chars() {
        if acts_on_terminals(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(char);
        }
    }
    Ok(line)
}
