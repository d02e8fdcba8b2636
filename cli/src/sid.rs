//! SIDs as people type them.

use std::fmt::Display;
use std::io::BufRead;
use std::str::FromStr;

use twilio_room_recordings::ParseSidError;

use crate::failure::Failure;

/// Reads a SID. The error is what is expected instead, for a message that shows the text.
pub fn parse<T: FromStr<Err = ParseSidError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: ParseSidError| {
        let expected = error.expected();
        let is_composition = text.starts_with("CJ");
        let hint = if is_composition { COMPOSITION } else { "" };
        format!("expected {expected}{hint}")
    })
}

const COMPOSITION: &str = ": a composition, which this tool does not archive";

/// Reads one SID per line. A line can be empty, and can end with a comment after `#`.
pub fn read_lines<T: FromStr<Err = ParseSidError>>(
    input: impl BufRead,
    source: impl Display,
    mut add: impl FnMut(T),
) -> Result<(), Failure> {
    for (index, line) in input.lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|error| {
            Failure::Usage(format!("could not read {source}, line {number}: {error}"))
        })?;

        // Editors of Windows write a byte-order mark at the start of a file.
        let line = if index == 0 { line.trim_start_matches('\u{feff}') } else { &line };
        let text = line.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        add(parse(text).map_err(|expected| {
            let text = text.escape_debug();
            Failure::Usage(format!(
                "invalid SID \"{text}\" in line {number} of {source}: {expected}"
            ))
        })?);
    }
    Ok(())
}
