//! The command line of `merge`.

use std::path::PathBuf;

use clap::Args;
use twilio_room_recordings::RoomSid;

use crate::failure::Failure;
use crate::messages::Level;
use crate::sid;

const HELP: &str = "\
Each track is placed by its offset and the first time stamp in its file.
Participants with video share a grid, and a participant's tracks share a cell,
in which the track that began last is on top. All audio is mixed. Data tracks
are left out. FILE appears under its name only when it is complete. Its
extension determines the format and the codecs.

No request is sent. ffmpeg 4.4 or later and its ffprobe must be installed.";

/// Make one file of a room's tracks, each at its place in time
#[derive(Args)]
#[command(after_help = HELP)]
pub struct Merge {
    /// The folder of the archive
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// The file to make, such as room.mp4 or, with --audio-only, room.m4a
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Leave out the video
    #[arg(long)]
    pub audio_only: bool,
    /// Print the ffmpeg command, quoted for a POSIX shell, and do not run it
    #[arg(long)]
    pub print: bool,
    /// Replace FILE if it exists
    #[arg(long)]
    pub force: bool,
    /// The ffmpeg program, with ffprobe in the same folder [default: ffmpeg on PATH]
    #[arg(long, value_name = "PATH", default_value = "ffmpeg", hide_default_value = true)]
    pub ffmpeg: PathBuf,
    /// Print the log of ffmpeg
    #[arg(long)]
    verbose: bool,
    /// The room
    #[arg(value_name = "ROOM_SID", value_parser = sid::parse::<RoomSid>)]
    pub room: RoomSid,
}

impl Merge {
    pub fn level(&self) -> Level {
        if self.verbose { Level::Verbose } else { Level::Normal }
    }

    /// Checks that ffmpeg can choose a format by the name of the file.
    pub fn check(&self) -> Result<(), Failure> {
        match self.to.extension() {
            Some(_) => Ok(()),
            None => Err(Failure::Usage(format!(
                "--to {}: expected a file name with an extension, such as room.mp4",
                self.to.display()
            ))),
        }
    }
}
