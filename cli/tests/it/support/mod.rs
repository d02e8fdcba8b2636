//! Support for the tests and the benches of the tool.
// Each uses its own part of it.
#![allow(dead_code, unused_imports)]

use axum::body::Body;
use axum::response::Response;

pub mod gate;
pub mod gated_service;
#[path = "../../../../tests/it/support/mod.rs"]
mod library;
pub mod program;
pub mod room;
pub mod tracks;

pub use library::fake_server::{
    ACCOUNT, ROOM, Room, Server, error_response, json_response, media, media_redirect, recording,
    recording_of, serve_room,
};
pub use library::pages::{PageServer, bodies};
pub use library::storage::{Fate, SIGNATURE, Storage};
pub use library::{http, is_available, not_tested, page};

/// The response to a deletion.
pub fn no_content() -> Response {
    Response::builder().status(204).body(Body::empty()).expect("a response")
}

/// A room that the fake server does not know.
pub const UNKNOWN_ROOM: &str = "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The SID of the recording with that number.
pub fn sid(number: usize) -> String {
    format!("RT{number:032x}")
}
