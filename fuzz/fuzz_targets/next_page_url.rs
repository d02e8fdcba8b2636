//! Any `next_page_url`: no panic, and a resume point that is printed and read as the same one.
#![no_main]

use twilio_room_recordings::{Page, ResumePoint};

libfuzzer_sys::fuzz_target!(|url: &str| {
    let url = serde_json::Value::from(url);
    let body = format!(r#"{{"meta": {{"next_page_url": {url}}}, "recordings": []}}"#);
    let Ok(Page { next: Some(next), .. }) = Page::from_account_json(body.as_bytes()) else { return };
    assert_eq!(next.to_string().parse::<ResumePoint>().ok(), Some(next));
});
