//! `download`: the media of one recording.

use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use twilio_room_recordings::{Downloaded, Error, RoomRecording};

use crate::archive::Bar;
use crate::client::Connection;
use crate::entries::NO_ENCRYPTION_DATA;
use crate::failure::Failure;
use crate::messages::{Level, Messages};
use crate::options::{HINT, Limits, OneRecording};
use crate::output::Waiting;

/// Download the media of one recording, to a file or to standard output
#[derive(Args)]
#[command(after_help = HINT)]
pub struct Download {
    #[command(flatten)]
    recording: OneRecording,
    /// The file, or `-` for standard output; a file of the recorded size is kept, any other is
    /// replaced [default: SID.FORMAT]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    pub limits: Limits,
}

pub fn run(
    connection: &Connection,
    options: &Download,
    messages: &Messages,
) -> Result<(), Failure> {
    let to_stdout = options.to.as_deref() == Some(Path::new("-"));
    if to_stdout && io::stdout().is_terminal() {
        let text = "--to -: standard output is a terminal; redirect it, or name a file";
        return Err(Failure::Usage(text.to_owned()));
    }

    let OneRecording { room, sid } = options.recording;
    let recording = connection.fetch(room, sid);
    let recording = recording.map_err(|error| Failure::Recording(sid, error))?;
    let bar = Bar::new(Level::Normal);
    let messages = messages.above(bar.bar());
    let path = (!to_stdout).then(|| {
        let name = || PathBuf::from(recording.file_name());
        options.to.clone().unwrap_or_else(name)
    });

    let downloaded = download(connection, &recording, path.as_deref(), &bar);
    bar.finish();
    let downloaded = downloaded.map_err(|error| Failure::Recording(sid, error))?;
    match &downloaded.encryption {
        Some(encryption) => messages.note(Level::Quiet, serde_json::to_string(encryption)?),
        None if recording.encryption_key.is_some() => messages
            .error(format_args!("{sid}: {NO_ENCRYPTION_DATA}, so nobody can decrypt the media")),
        None => {}
    }
    if let Some(path) = path {
        let Downloaded { size, transferred, .. } = downloaded;
        let path = path.display();
        messages.note(
            Level::Normal,
            match transferred {
                0 if size > 0 => format!("already there: {path}"),
                _ => format!("downloaded {path}, {size} bytes"),
            },
        );
    }
    Ok(())
}

/// Downloads to a file, or without a path to standard output.
fn download(
    connection: &Connection,
    recording: &RoomRecording,
    path: Option<&Path>,
    bar: &Bar,
) -> Result<Downloaded, Error> {
    bar.expect(recording);
    let mut transfer = bar.transfer(recording);
    let media = connection.media(recording).on_progress(|progress| {
        transfer.update(progress);
        ControlFlow::Continue(())
    });
    match path {
        Some(path) => media.download_to(path),
        None => media.write_to(&mut Waiting(io::stdout().lock())),
    }
}
