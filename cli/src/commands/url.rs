//! `url`: the signed URL of one recording's media.

use clap::Args;

use crate::client::Connection;
use crate::failure::Failure;
use crate::options::{HINT, Limits, OneRecording};
use crate::output::Output;

/// Print a signed, short-lived URL of one recording's media
#[derive(Args)]
#[command(after_help = format!("{SECRET}\n\n{HINT}"))]
pub struct Url {
    #[command(flatten)]
    recording: OneRecording,
    #[command(flatten)]
    pub limits: Limits,
}

const SECRET: &str = "\
Whoever has the URL can download the media without credentials, until the URL
expires.";

pub fn run(connection: &Connection, options: &Url) -> Result<(), Failure> {
    let OneRecording { room, sid } = options.recording;
    let url = connection.recording(room, sid).media().url();
    let url = url.map_err(|error| Failure::Recording(sid, error))?;

    let mut output = Output::new();
    output.line(url.as_str())?;
    output.flush()
}
