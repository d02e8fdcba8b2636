//! The command line of `archive`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::messages::Level;
use crate::moment;
use crate::options::{HINT, Limits, Selection};

const FILES: &str = "\
The media of each completed recording becomes DIR/SID.FORMAT, or with --account
DIR/ROOM_SID/SID.FORMAT. A line of DIR/recordings.ndjson, its entry, holds its
record and the file's path and SHA-256. A file appears under its name only when
it is complete. The next run resumes, and downloads only what is missing.";

/// Download the completed recordings of rooms into a folder
#[derive(Args)]
#[command(after_help = format!("{FILES}\n\n{}\n\n{HINT}", moment::HELP))]
pub struct Archive {
    /// The folder, which is created if it is missing
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Number of downloads at the same time
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Run this program for each downloaded file, and before deletions
    #[arg(long, value_name = "PROGRAM")]
    pub exec: Option<OsString>,
    /// Leave alone what has an entry and no file
    #[arg(long)]
    pub skip_recorded: bool,
    /// Delete recordings from Twilio when archived
    #[arg(long)]
    pub delete: bool,
    /// A list of the SIDs that are known to be lost
    #[arg(long, value_name = "FILE")]
    pub acknowledged: Option<PathBuf>,
    /// Fail if no recording is listed at all
    #[arg(long)]
    pub fail_if_empty: bool,
    /// Wait for processing at most this long: 90s, 10m
    #[arg(long, value_name = "DURATION", value_parser = moment::parse_duration)]
    #[arg(conflicts_with = "dry_run")]
    pub wait: Option<Duration>,
    /// Print what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the outcome as a JSON object
    #[arg(long, conflicts_with = "dry_run")]
    pub json: bool,
    /// Print errors and warnings only, without the summary
    #[arg(long, conflicts_with = "verbose")]
    quiet: bool,
    /// Print one line per recording
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub limits: Limits,
}

impl Archive {
    pub fn level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        }
    }
}
