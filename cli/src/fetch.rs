//! `fetch`: the record of one recording.

use crate::arguments::Fetch;
use crate::client::Connection;
use crate::output::Output;
use crate::{Failure, json};

pub fn run(connection: &Connection, options: &Fetch) -> Result<(), Failure> {
    let recording = connection.recording(options.room, options.recording).fetch()?;
    let line = json::line(&recording).map_err(|error| Failure::Other(error.to_string()))?;

    let mut output = Output::new();
    output.line(&line)?;
    output.flush()
}
