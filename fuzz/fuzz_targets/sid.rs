//! Whatever text should be a SID: no panic, and one that is prints as it came.
#![no_main]

use twilio_room_recordings::{RoomSid, SourceSid};

libfuzzer_sys::fuzz_target!(|text: &str| {
    match text.parse::<SourceSid>() {
        Ok(sid) => assert_eq!(sid.as_str(), text),
        Err(error) => assert!(!error.to_string().chars().any(char::is_control)),
    }
    assert!(text.parse::<RoomSid>().is_err() || text.starts_with("RM") && text.len() == 34);
});
