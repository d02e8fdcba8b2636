//! The entries of an archive, for commands that only read them.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::path::Path;

use twilio_room_recordings::RecordingSid;

use super::RECORD_FILE;
use super::entry::{Archived, EntryHead};
use super::lines::{Line, Lines};
use super::open::open_regular;

/// Reads the last entry of each recording from the record file of a folder. Calls `report` for each
/// line that is no entry.
pub fn read_last_entries(
    folder: &Path,
    report: impl Fn(String),
) -> Result<BTreeMap<RecordingSid, Archived>, String> {
    let mut last = BTreeMap::new();
    read_lines(folder, report, |line| {
        let head = EntryHead::read(line.bytes)?;
        last.insert(head.sid, head.archive);
        Ok(())
    })?;
    Ok(last)
}

/// Calls `read` for each line of a folder's record file that is not blank, and `report` for each line
/// for which that fails.
pub fn read_lines(
    folder: &Path,
    report: impl Fn(String),
    mut read: impl FnMut(&Line<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let path = folder.join(RECORD_FILE);
    let unreadable = |error: io::Error| format!("could not read {}: {error}", path.display());
    let file = open_regular(&path).map_err(unreadable)?;
    let mut lines = Lines::new(BufReader::with_capacity(128 * 1024, file));
    let mut number = 0_u64;

    while let Some(line) = lines.next().map_err(unreadable)? {
        number += 1;
        if line.is_blank() {
            continue;
        }
        if let Err(reason) = read(&line) {
            report(format!("{}, line {number}: {reason}", path.display()));
        }
    }
    Ok(())
}
