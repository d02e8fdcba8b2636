//! `fetch`: the record of one recording.

use clap::Args;

use crate::client::Connection;
use crate::failure::Failure;
use crate::json;
use crate::options::{HINT, Limits, OneRecording};
use crate::output::Output;

/// Print the record of one recording as JSON
#[derive(Args)]
#[command(after_help = HINT)]
pub struct Fetch {
    #[command(flatten)]
    recording: OneRecording,
    #[command(flatten)]
    pub limits: Limits,
}

pub fn run(connection: &Connection, options: &Fetch) -> Result<(), Failure> {
    let OneRecording { room, sid } = options.recording;
    let recording = connection.recording(room, sid).fetch();
    let recording = recording.map_err(|error| Failure::Recording(sid, error))?;
    let line = json::line(&recording)?;

    let mut output = Output::new();
    output.line(&line)?;
    output.flush()
}
