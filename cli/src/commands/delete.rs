//! `delete`: recordings by their SIDs.

use clap::Args;
use twilio_room_recordings::{Deletion, RecordingSid, RoomSid};

use crate::client::Connection;
use crate::failure::about;
use crate::messages::{Level, Messages};
use crate::options::{HINT, Limits};
use crate::sid;

/// Delete recordings from Twilio, which cannot be undone
#[derive(Args)]
#[command(after_help = HINT)]
pub struct Delete {
    /// The room of the recordings
    #[arg(value_name = "ROOM_SID", value_parser = sid::parse::<RoomSid>)]
    room: RoomSid,
    /// The recordings; one that is already gone is not an error
    #[arg(value_name = "RECORDING_SID", required = true)]
    #[arg(value_parser = sid::parse::<RecordingSid>)]
    recordings: Vec<RecordingSid>,
    /// Look each recording up, and delete nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub limits: Limits,
}

pub fn run(connection: &Connection, options: &Delete, messages: &Messages) {
    for &sid in &options.recordings {
        if options.dry_run {
            look_up(connection, options.room, sid, messages);
        } else {
            delete(connection, options.room, sid, messages);
        }
    }
}

const GONE: &str = "already gone, or never in this room";

fn delete(connection: &Connection, room: RoomSid, sid: RecordingSid, messages: &Messages) {
    let outcome = match connection.recording(room, sid).delete() {
        Ok(Deletion::Deleted) => "deleted",
        Ok(Deletion::AlreadyGone) => GONE,
        Err(error) => return messages.error(format_args!("{sid}: not deleted: {error}")),
    };
    messages.note(Level::Normal, format_args!("{sid}: {outcome}"));
}

fn look_up(connection: &Connection, room: RoomSid, sid: RecordingSid, messages: &Messages) {
    match connection.fetch(room, sid) {
        Ok(recording) => {
            let status = recording.status.as_str().escape_debug();
            let text = format_args!("{sid}: would be deleted, status {status}");
            messages.note(Level::Normal, text);
        }
        Err(error) if error.is_not_found() => {
            messages.note(Level::Normal, format_args!("{sid}: {GONE}"));
        }
        Err(error) => messages.error(about(sid, &error)),
    }
}
