//! The command line: the commands, and the options and help texts that several of them share.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand};
use twilio_room_recordings::{RecordingSid, RoomSid};

use crate::commands::completions::Completions;
use crate::commands::delete::Delete;
use crate::commands::download::Download;
use crate::commands::fetch::Fetch;
use crate::commands::list::List;
use crate::commands::url::Url;
use crate::filters::Filters;
use crate::merge::Merge;
use crate::messages::Level;
use crate::scope::{self, RoomArgument, Scope};
use crate::{Failure, moment, sid};

const ENVIRONMENT: &str = "\
Credentials: the first of these pairs with a variable that is set:
  TWILIO_API_KEY, TWILIO_API_SECRET       an API key and its secret
  TWILIO_CLIENT_ID, TWILIO_CLIENT_SECRET  an OAuth client and its secret
  TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN   an account and its auth token

Other environment variables:
  TWILIO_REGION, TWILIO_EDGE              the region and the edge, such as ie1
  TWILIO_VIDEO_BASE_URL                   replaces https://video.twilio.com
  TWILIO_OAUTH_BASE_URL                   replaces https://oauth.twilio.com
  HTTPS_PROXY, ALL_PROXY, NO_PROXY        a proxy, and hosts that need none
  SSL_CERT_FILE, SSL_CERT_DIR             replace the system's root certificates

Exit status:
  0  everything succeeded
  1  something failed; standard error says what
  2  invalid usage, credentials or environment; nothing was sent";

/// The end of each command's help.
pub const HINT: &str = "Credentials, environment and exit status: twilio-recordings --help";

const FILES: &str = "\
The media of each completed recording becomes DIR/SID.FORMAT, or with --account
DIR/ROOM_SID/SID.FORMAT. Its record becomes one line of DIR/recordings.ndjson.
A file appears under its name only when it is complete. The next run resumes
what was interrupted and downloads only what is missing.";

const FINDINGS: &str = "\
Reads every file, and prints one line for each that is missing, that has no
entry, or whose size or SHA-256 differs from its entry. The exit status is then
1. Neither the network nor credentials are needed.";

/// List, archive, fetch and delete the recordings of Twilio Video rooms
#[derive(Parser)]
#[command(name = "twilio-recordings", version, max_term_width = 80, after_help = ENVIRONMENT)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Reads the command line of the process. Ends the process if it is invalid, or asks for help.
    pub fn read() -> Self {
        Self::try_parse().unwrap_or_else(|mut error| {
            if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
                // No value begins with a hyphen, so `-- --option` would be no help.
                tips.retain(|tip| !tip.to_string().contains("as a value"));
                if !tips.is_empty() {
                    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
                }
            }
            error.exit()
        })
    }
}

#[derive(Subcommand)]
pub enum Command {
    List(List),
    Archive(Archive),
    Merge(Merge),
    Verify(Verify),
    Download(Download),
    Url(Url),
    Fetch(Fetch),
    Delete(Delete),
    Completions(Completions),
}

/// The limits of a command that sends requests.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Time limit of one attempt at a request
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = seconds())]
    pub timeout: u64,
    /// Time limit of the run [default: none]
    #[arg(long, value_name = "SECONDS", value_parser = seconds())]
    pub deadline: Option<u64>,
    /// Number of retries after a transient failure
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub retries: u32,
}

/// The longest time limit, in seconds. Without a deadline it is the run's.
pub const CENTURY: u64 = 100 * 365 * 24 * 60 * 60;

fn seconds() -> RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=CENTURY)
}

/// The recordings that a command is about.
#[derive(Args)]
pub struct Selection {
    #[command(flatten)]
    lists: Lists,
    #[command(flatten)]
    pub filters: Filters,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Lists {
    /// The rooms; `-` reads their SIDs from standard input
    #[arg(value_name = "ROOM_SID", value_parser = scope::parse_room)]
    rooms: Vec<RoomArgument>,
    /// Every recording of the account, instead of rooms
    #[arg(long)]
    account: bool,
}

impl Selection {
    /// Returns `true` if the list is that of the account.
    pub fn is_account(&self) -> bool {
        self.lists.account
    }

    /// The listings to go through. Reads standard input if the command line says so.
    pub fn scopes(&self) -> Result<Vec<Scope>, Failure> {
        self.filters.check(self.is_account())?;
        match self.is_account() {
            true => Ok(vec![Scope::Account]),
            false => scope::resolve(&self.lists.rooms),
        }
    }
}

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
    /// Run this program for each complete file
    #[arg(long, value_name = "PROGRAM")]
    pub exec: Option<OsString>,
    /// Skip what has an entry, even if its file was moved
    #[arg(long)]
    pub skip_recorded: bool,
    /// Delete from the service what is on disk
    #[arg(long)]
    pub delete: bool,
    /// A list of the SIDs that are known to be lost
    #[arg(long, value_name = "FILE")]
    pub acknowledged: Option<PathBuf>,
    /// Fail if no recording is listed at all
    #[arg(long)]
    pub fail_if_empty: bool,
    /// List again until nothing is processing: 10m, 90s
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

/// Compare the files of an archive with their entries, offline
#[derive(Args)]
#[command(after_help = FINDINGS)]
pub struct Verify {
    /// The folder of the archive
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// One recording on the command line.
#[derive(Args)]
pub struct OneRecording {
    /// The room of the recording
    #[arg(value_name = "ROOM_SID", value_parser = sid::parse::<RoomSid>)]
    pub room: RoomSid,
    /// The recording
    #[arg(value_name = "RECORDING_SID", value_parser = sid::parse::<RecordingSid>)]
    pub sid: RecordingSid,
}
