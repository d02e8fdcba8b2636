//! Whatever an error's body says: no panic, and a message that no terminal acts on.
#![no_main]

use twilio_room_recordings::Error;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let shown = Error::from_response(502, body).to_string();
    assert!(!shown.is_empty() && !shown.chars().any(char::is_control));
});
