//! Archives a room: the media of each completed recording as a file, and the records as JSON
//! lines. Without a room, it archives one from a stand-in of the API that it starts on loopback.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use command_line::{Failure, complain, failed};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use journal::Journal;
use twilio_room_recordings::{Client, Credentials, Deletion, RoomRecording, RoomSid, Status};

mod command_line;
mod fake_server;
#[path = "archive_room/journal.rs"]
mod journal;

/// Archive the recordings of a Twilio Video room.
///
/// The media of each completed recording becomes DIR/SID.FORMAT, and its record a line of
/// DIR/recordings.ndjson. A second run fetches what is missing. Credentials come from
/// TWILIO_API_KEY with TWILIO_API_SECRET where either is set, or else from TWILIO_ACCOUNT_SID with
/// TWILIO_AUTH_TOKEN; TWILIO_VIDEO_BASE_URL replaces the base URL. Exit status: 0, all archived;
/// 1, something was not; 2, bad usage, or credentials that are missing or malformed.
#[derive(Parser)]
struct Arguments {
    /// The room. Without it, a demonstration room is archived from a stand-in on this machine
    room_sid: Option<RoomSid>,
    /// Where to, made where it is missing
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Delete each recording from the service once it is on the disk, as large as it should be
    #[arg(long)]
    delete: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => failed(&failure),
    }
}

fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let Some(room) = arguments.room_sid else {
        let server = fake_server::serve_room((0..25).map(fake_server::recording).collect());
        let credentials = Credentials::auth_token(fake_server::ACCOUNT.parse()?, "demonstration");
        let client = Client::builder(credentials).base_url(server.base_url()).build()?;
        return archive(&client, fake_server::ROOM.parse()?, arguments);
    };
    archive(&command_line::client()?.build()?, room, arguments)
}

/// Whether all of the room was archived.
fn archive(client: &Client, room: RoomSid, arguments: &Arguments) -> Result<bool, Failure> {
    fs::create_dir_all(&arguments.to)?;
    let mut journal = Journal::open(&arguments.to.join("recordings.ndjson"))?;
    let mut all_good = true;
    // Listed as a whole first, for deleting moves what comes after.
    let completed: Vec<_> = client.recordings(room).status(Status::Completed).into_iter().collect();
    for recording in completed {
        let archived = recording.map_err(Failure::from).and_then(|recording| {
            save(client, &recording, &arguments.to)?;
            journal.add(&recording).map_err(|error| format!("recordings.ndjson: {error}"))?;
            if arguments.delete {
                delete(client, &recording)?;
            }
            Ok(())
        });
        if let Err(failure) = archived {
            complain(&failure);
            all_good = false;
        }
    }
    Ok(all_good)
}

/// Downloads one recording, unless it is there already.
fn save(client: &Client, recording: &RoomRecording, directory: &Path) -> Result<(), Failure> {
    let path = directory.join(file_name(recording));
    let bar = ProgressBar::new(recording.size.unwrap_or(0));
    bar.set_style(ProgressStyle::with_template(
        "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
    )?);
    if !io::stdout().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar.set_message(recording.sid.to_string());
    let media = client.media(recording);
    let done = media.on_progress(|progress| bar.set_position(progress.received)).download_to(&path);
    bar.finish_and_clear();
    let done = done.map_err(|error| format!("{}: {error}", recording.sid))?;
    let how = if done.transferred == 0 { "was there already" } else { "archived" };
    tell(&format!("{} {how}, {} bytes", path.display(), done.size));
    Ok(())
}

/// Prints a line. Whether anybody reads it is no matter to the archive.
fn tell(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// `SID.FORMAT`. A format is part of a file's name only where it can be no more than that.
fn file_name(recording: &RoomRecording) -> String {
    let format = recording.container_format.as_ref().map(|format| format.as_str());
    let is_plain = |format: &&str| {
        !format.is_empty() && format.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    format!("{}.{}", recording.sid, format.filter(is_plain).unwrap_or("media"))
}

/// Deletes what is archived for certain: the service has said how large it should be.
fn delete(client: &Client, recording: &RoomRecording) -> Result<(), Failure> {
    let sid = recording.sid;
    if recording.size.is_none() {
        return Err(format!("{sid}: not deleted, for its record says no size to verify").into());
    }
    let deletion = client.recording(recording.room_sid, sid).delete();
    match deletion.map_err(|error| format!("{sid}: not deleted: {error}"))? {
        Deletion::Deleted => tell(&format!("{sid} deleted from the service")),
        Deletion::AlreadyGone => tell(&format!("{sid} was gone from the service already")),
    }
    Ok(())
}
