//! Whatever text should be a resume point: no panic, and one that is prints as it came.
#![no_main]

use twilio_room_recordings::ResumePoint;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match text.parse::<ResumePoint>() {
        Ok(point) => assert_eq!(point.to_string(), text.trim()),
        Err(error) => assert!(!error.to_string().chars().any(char::is_control)),
    }
});
