//! `delete`: recordings by their SIDs.

use twilio_room_recordings::Deletion;

use crate::arguments::Delete;
use crate::client::Connection;
use crate::messages::{Level, Messages};

pub fn run(connection: &Connection, options: &Delete, messages: &Messages) {
    for &sid in &options.recordings {
        match connection.recording(options.room, sid).delete() {
            Ok(Deletion::Deleted) => messages.note(Level::Normal, format_args!("{sid}: deleted")),
            Ok(Deletion::AlreadyGone) => {
                messages.note(
                    Level::Normal,
                    format_args!("{sid}: already gone, or never in this room"),
                );
            }
            Err(error) => messages.error(format_args!("{sid}: not deleted: {error}")),
        }
    }
}
