//! Whatever a page's body says: no panic, good records read back equal, bad ones are in place.
#![no_main]

use twilio_room_recordings::{ErrorKind, Page, RoomRecording};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().expect("a room SID");
    let Ok(page) = Page::from_json(body, room) else { return };
    assert!(page.recordings.len() <= 1000);
    for (at, record) in page.recordings.iter().enumerate() {
        match record {
            Ok(record) => {
                let written = serde_json::to_string(record).expect("a record that can be written");
                let read: RoomRecording = serde_json::from_str(&written).expect("one that reads");
                assert_eq!(&read, record);
            }
            Err(error) => {
                let ErrorKind::InvalidRecord(bad) = error.kind() else { panic!("{error:?}") };
                assert_eq!(bad.index, at);
                assert!(!error.to_string().chars().any(char::is_control));
            }
        }
    }
});
