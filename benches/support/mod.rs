//! Pages, and the ways to decode them.
#![allow(dead_code)]

use std::hint::black_box;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use twilio_room_recordings::{Page, RoomSid};

#[path = "../../examples/fake_server/mod.rs"]
pub mod fake_server;
#[path = "../../tests/it/support/pages.rs"]
pub mod pages;

/// A recording in which no field is null.
pub fn all_set(number: usize) -> Value {
    let mut recording = fake_server::recording(number);
    recording["encryption_key"] = "public_key".into();
    recording["date_deleted"] = "2026-12-31T22:00:00Z".into();
    recording
}

/// A recording in which every second nullable field is null.
pub fn half_null(number: usize) -> Value {
    let mut recording = all_set(number);
    let required = ["sid", "status", "account_sid", "room_sid", "date_created"];
    let fields = recording.as_object_mut().expect("an object").iter_mut();
    for (_, value) in fields.filter(|(name, _)| !required.contains(&name.as_str())).step_by(2) {
        *value = Value::Null;
    }
    recording
}

/// A kind of page: its name, and its recordings by their number.
pub type Kind = (&'static str, fn(usize) -> Value);

/// The kinds of pages that are decoded.
pub const KINDS: [Kind; 2] = [("all fields set", all_set), ("half null", half_null)];

/// A decoder: its name and its function.
pub type Decoder = (&'static str, fn(&[u8]));

/// This crate, a derived struct, a tree of values, and the minimum: parsing without decoding.
pub const DECODERS: [Decoder; 4] = [
    ("this crate, validated", |body| {
        let room: RoomSid = fake_server::ROOM.parse().expect("a room");
        black_box(Page::from_json(black_box(body), room).expect("a page"));
    }),
    ("a plain struct of strings", |body| {
        black_box(serde_json::from_slice::<PlainPage>(black_box(body)).expect("a page"));
    }),
    ("serde_json::Value", |body| {
        black_box(serde_json::from_slice::<Value>(black_box(body)).expect("a page"));
    }),
    ("IgnoredAny, the minimum", |body| {
        black_box(serde_json::from_slice::<IgnoredAny>(black_box(body)).expect("a page"));
    }),
];

/// The number of records on a page.
pub const RECORDS: usize = 1000;

/// Returns the body of a page of these recordings.
pub fn page_of(recording: fn(usize) -> Value) -> Vec<u8> {
    pages::body(&Value::from_iter((0..RECORDS).map(recording)).to_string(), None).into_bytes()
}

/// A page as plain strings, with nothing validated.
#[derive(Deserialize)]
pub struct PlainPage {
    pub meta: PlainMeta,
    pub recordings: Vec<PlainRecording>,
}

#[derive(Deserialize)]
pub struct PlainMeta {
    pub next_page_url: Option<String>,
}

#[derive(Deserialize)]
pub struct PlainRecording {
    pub sid: String,
    pub status: String,
    pub account_sid: String,
    pub room_sid: String,
    pub date_created: String,
    pub date_updated: Option<String>,
    pub date_deleted: Option<String>,
    pub source_sid: Option<String>,
    pub track_name: Option<String>,
    #[serde(rename = "type")]
    pub recording_type: Option<String>,
    pub codec: Option<String>,
    pub container_format: Option<String>,
    pub size: Option<u64>,
    pub duration: Option<u64>,
    pub offset: Option<i64>,
    pub grouping_sids: Option<PlainGrouping>,
    pub url: Option<String>,
    pub links: Option<PlainLinks>,
    pub media_external_location: Option<String>,
    pub encryption_key: Option<String>,
}

#[derive(Deserialize)]
pub struct PlainGrouping {
    pub room_sid: Option<String>,
    pub participant_sid: Option<String>,
}

#[derive(Deserialize)]
pub struct PlainLinks {
    pub media: Option<String>,
}
