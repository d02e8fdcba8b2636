//! What the tests of the tool share.

pub mod gate;
#[path = "../../../../tests/it/support/mod.rs"]
mod library;
pub mod program;
pub mod room;

pub use library::fake_server::{
    ACCOUNT, ROOM, ReceivedRequest, Room, Server, error_response, json_response, media,
    media_redirect, recording, serve_room,
};
pub use library::storage::{Fate, SIGNATURE, Storage};
pub use library::{http, page};

/// A room that the fake server does not know.
pub const UNKNOWN_ROOM: &str = "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The SID of the recording with that number.
pub fn sid(number: usize) -> String {
    format!("RT{number:032x}")
}
