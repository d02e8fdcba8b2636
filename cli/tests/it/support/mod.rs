//! What the tests of the tool share.

pub mod gate;
#[path = "../../../../tests/support/mod.rs"]
mod library;
pub mod program;
pub mod room;

pub use library::stand_in::{
    ACCOUNT, Asked as ReceivedRequest, ROOM, Room, Server, answer as json_response,
    error as error_response, media, recording, redirect as media_redirect, serve_room,
};
pub use library::storage::{Fate, SIGNATURE, Storage};
pub use library::{http, page};

/// The requests that a server has received.
pub fn requests(server: &Server) -> Vec<ReceivedRequest> {
    server.asked()
}

/// A room that the fake server does not know.
pub const UNKNOWN_ROOM: &str = "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The SID of the recording with that number.
pub fn sid(number: usize) -> String {
    format!("RT{number:032x}")
}
