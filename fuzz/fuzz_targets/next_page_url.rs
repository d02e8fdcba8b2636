//! Any `next_page_url`: no panic, and a path that a request line can hold, which names the same
//! page again.
#![no_main]

use twilio_room_recordings::fuzzing;

libfuzzer_sys::fuzz_target!(|url: &str| {
    let Some(path) = fuzzing::next_path(url) else { return };
    assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'));
    assert_eq!(fuzzing::next_path(&path).as_deref(), Some(path.as_str()));
});
