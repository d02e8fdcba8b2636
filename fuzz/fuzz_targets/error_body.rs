//! Whatever an error's body says: no panic, and a message that no terminal acts on.
#![no_main]

use twilio_room_recordings::fuzzing;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let shown = fuzzing::error_body(body, 502).to_string();
    assert!(!shown.is_empty() && !shown.chars().any(char::is_control));
});
