//! SIDs as people type them.

use std::str::FromStr;

use twilio_room_recordings::ParseSidError;

/// Reads a SID. The error is what is expected instead, for a message that shows the text.
pub fn parse<T: FromStr<Err = ParseSidError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: ParseSidError| {
        let message = error.to_string();
        let (_, expected) = message.rsplit_once("expected ").unwrap_or_default();
        let is_composition = text.starts_with("CJ");
        let hint = if is_composition { COMPOSITION } else { "" };
        format!("expected {expected}{hint}")
    })
}

const COMPOSITION: &str = ": a composition, which this tool does not archive";
