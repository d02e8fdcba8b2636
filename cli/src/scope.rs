//! The lists to go through: the account, or rooms from the command line or from standard input.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead};

use twilio_room_recordings::RoomSid;

use crate::{Failure, sid};

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
            RoomArgument::StandardInput => read_rooms(io::stdin().lock(), &mut add)?,
        }
    }
    Ok(scopes)
}

/// Reads one room's SID per line. A line can be empty, and can end with a comment after `#`.
fn read_rooms(input: impl BufRead, add: &mut impl FnMut(RoomSid)) -> Result<(), Failure> {
    for (index, line) in input.lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|error| {
            Failure::Usage(format!("could not read standard input, line {number}: {error}"))
        })?;

        // Editors of Windows write a byte-order mark at the start of a file.
        let line = if index == 0 { line.trim_start_matches('\u{feff}') } else { &line };
        let text = line.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        add(sid::parse(text).map_err(|expected| {
            let text = text.escape_debug();
            Failure::Usage(format!(
                "invalid room SID \"{text}\" in line {number} of standard input: {expected}"
            ))
        })?);
    }
    Ok(())
}
