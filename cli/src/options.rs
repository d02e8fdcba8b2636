//! The options that several commands share.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use twilio_room_recordings::{RecordingSid, RoomSid};

use crate::failure::Failure;
use crate::filters::Filters;
use crate::scope::{self, RoomArgument, Scope};
use crate::sid;

/// The end of each command's help.
pub const HINT: &str = "Credentials, environment and exit status: twilio-recordings --help";

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
