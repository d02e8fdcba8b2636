//! A record as one line of JSON that is safe to show on a terminal.

use std::fmt::Write;

use serde::Serialize;

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

/// Returns `true` if a character is invisible and changes the appearance of the text around it.
pub fn acts_on_terminals(char: char) -> bool {
    match char {
        ' '..='~' => false,
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        _ => char.is_control(),
    }
}
