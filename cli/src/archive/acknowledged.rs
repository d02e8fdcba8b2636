//! The recordings that are known to be lost, whose failures are no errors any more.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use twilio_room_recordings::RecordingSid;

use crate::entries::key;
use crate::failure::Failure;
use crate::sid;

/// Digits of SIDs.
#[derive(Default)]
pub struct Acknowledged(HashSet<u128>);

impl Acknowledged {
    /// Reads a file with one SID per line.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let file = File::open(path).map_err(|error| {
            Failure::Usage(format!("could not read {name} of --acknowledged: {error}"))
        })?;
        let mut sids = HashSet::new();
        sid::read_lines(BufReader::new(file), name, |sid| {
            sids.insert(key(&sid));
        })?;
        Ok(Self(sids))
    }

    pub fn contains(&self, sid: &RecordingSid) -> bool {
        self.0.contains(&key(sid))
    }
}
