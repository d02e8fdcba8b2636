//! The lists to go through: the account, or rooms from the command line or from standard input.

use std::collections::HashSet;
use std::fmt;
use std::io;

use twilio_room_recordings::RoomSid;

use crate::failure::Failure;
use crate::sid;

/// The recordings of one listing.
#[derive(Clone, Copy)]
pub enum Scope {
    Room(RoomSid),
    /// The recordings of all rooms.
    Account,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(room) => room.fmt(f),
            Self::Account => f.write_str("the account"),
        }
    }
}

/// A room on the command line.
#[derive(Clone, Copy)]
pub enum RoomArgument {
    Sid(RoomSid),
    StandardInput,
}

/// Reads a room's SID, or `-`.
pub fn parse_room(text: &str) -> Result<RoomArgument, String> {
    if text == "-" {
        return Ok(RoomArgument::StandardInput);
    }
    sid::parse(text).map(RoomArgument::Sid)
}

/// The rooms in their order, each once.
pub fn resolve(arguments: &[RoomArgument]) -> Result<Vec<Scope>, Failure> {
    let mut seen = HashSet::new();
    let mut scopes = Vec::new();
    let mut add = |room| {
        if seen.insert(room) {
            scopes.push(Scope::Room(room));
        }
    };

    for argument in arguments {
        match argument {
            RoomArgument::Sid(room) => add(*room),
            RoomArgument::StandardInput => {
                sid::read_lines(io::stdin().lock(), "standard input", &mut add)?
            }
        }
    }
    Ok(scopes)
}
