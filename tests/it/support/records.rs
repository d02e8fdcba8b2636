//! Pages of one record, and the fault of a record that is invalid.

use serde_json::Value;
use twilio_room_recordings::{ErrorKind, Page};

use super::room;

pub fn page_of(record: &str) -> Page {
    let body = format!("{{\"meta\": {{\"next_page_url\": null}}, \"recordings\": [{record}]}}");
    Page::from_json(body.as_bytes(), room()).unwrap()
}

/// The field and the message of a record that is invalid.
pub fn fault(record: &Value) -> (Option<String>, String) {
    fault_of(&record.to_string())
}

pub fn fault_of(record: &str) -> (Option<String>, String) {
    let error = page_of(record).recordings.remove(0).unwrap_err();
    let ErrorKind::InvalidRecord(record) = error.kind() else { panic!("{error:?}") };
    (record.field.clone(), error.to_string())
}
