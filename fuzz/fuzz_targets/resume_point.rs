//! Any text as a resume point: no panic, and a text that parses is printed as it came.
#![no_main]

use twilio_room_recordings::ResumePoint;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match text.parse::<ResumePoint>() {
        Ok(point) => {
            let printed = point.to_string();
            assert_eq!(printed, text.trim());
            assert!(printed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
        }
        Err(error) => assert!(!error.to_string().chars().any(char::is_control)),
    }
});
