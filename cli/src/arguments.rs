//! The command line: commands, options and help texts.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use twilio_room_recordings::{RecordingSid, RoomSid, Status};

use crate::filters::Filters;
use crate::messages::Level;
use crate::scope::{self, RoomArgument, Scope};
use crate::{Failure, moment};

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
  SSL_CERT_FILE, SSL_CERT_DIR             root certificates to trust instead of the system's

Exit status:
  0  everything succeeded
  1  something failed; standard error says what
  2  invalid usage, credentials or environment; nothing was sent";

const FILES: &str = "\
The media of each completed recording becomes DIR/SID.FORMAT, or with --account
DIR/ROOM_SID/SID.FORMAT. Its record becomes one line of DIR/recordings.ndjson.
A file appears under its name only when it is complete. The next run resumes
what was interrupted and downloads only what is missing.";

/// List, archive, fetch and delete the recordings of Twilio Video rooms
#[derive(Parser)]
#[command(name = "twilio-recordings", version, max_term_width = 80, after_help = ENVIRONMENT)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub limits: Limits,
}

#[derive(Subcommand)]
pub enum Command {
    List(List),
    Archive(Archive),
    Fetch(Fetch),
    Delete(Delete),
}

/// Limits of each command.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Time limit of one attempt at a request
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = seconds())]
    pub timeout: u64,
    /// Time limit of the run [default: none]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds())]
    pub deadline: Option<u64>,
    /// Number of retries of a request after a transient failure
    #[arg(long, global = true, value_name = "N", default_value_t = 5)]
    pub retries: u32,
}

/// Up to a hundred years.
fn seconds() -> RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=100 * 365 * 24 * 60 * 60)
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
    /// The rooms; `-` reads their SIDs from standard input, one per line
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

/// Print the recordings of rooms, as a table or as JSON
#[derive(Args)]
#[command(after_help = format!("{}\n\n{ENVIRONMENT}", moment::HELP))]
pub struct List {
    /// Only recordings with this status
    #[arg(long, help_heading = "Filters", ignore_case = true, value_parser = status())]
    pub status: Option<Status>,
    /// Stop after this many recordings, over all rooms [default: none]
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Number of recordings per request, 1 to 1000, or to 100 with --account [default: the maximum]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub page_size: Option<u32>,
    /// Print one recording per line as JSON, with the field names of the API
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub selection: Selection,
}

impl List {
    /// The listings to go through, as [`Selection::scopes`].
    pub fn scopes(&self) -> Result<Vec<Scope>, Failure> {
        match self.page_size {
            Some(size @ 101..) if self.selection.is_account() => {
                Err(Failure::Usage(format!("--page-size {size}: expected 1 to 100 with --account")))
            }
            _ => self.selection.scopes(),
        }
    }
}

fn status() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(["processing", "completed", "deleted", "failed"])
        .map(|status| Status::from(status.as_str()))
}

/// Download the completed recordings of rooms into a folder
#[derive(Args)]
#[command(after_help = format!("{FILES}\n\n{}\n\n{ENVIRONMENT}", moment::HELP))]
pub struct Archive {
    /// The folder, which is created if it is missing
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Number of recordings that are downloaded at the same time
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Delete each recording from the service when it is complete on disk
    #[arg(long)]
    pub delete: bool,
    /// Print errors and warnings only, without the summary
    #[arg(long, conflicts_with = "verbose")]
    quiet: bool,
    /// Print one line per recording
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    pub selection: Selection,
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

/// Print the record of one recording as JSON
#[derive(Args)]
#[command(after_help = ENVIRONMENT)]
pub struct Fetch {
    /// The room of the recording
    #[arg(value_name = "ROOM_SID")]
    pub room: RoomSid,
    /// The recording
    #[arg(value_name = "RECORDING_SID")]
    pub recording: RecordingSid,
}

/// Delete recordings from the service, which cannot be undone
#[derive(Args)]
#[command(after_help = ENVIRONMENT)]
pub struct Delete {
    /// The room of the recordings
    #[arg(value_name = "ROOM_SID")]
    pub room: RoomSid,
    /// The recordings; one that is already gone is not an error
    #[arg(value_name = "RECORDING_SID", required = true)]
    pub recordings: Vec<RecordingSid>,
}
