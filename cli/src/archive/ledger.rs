//! What a run knows of each recording that was listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use twilio_room_recordings::{RecordingSid, RoomRecording, RoomSid, Status};

use crate::entries::key;

/// The state of a listed recording.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// The next run will archive it.
    Processing,
    /// Its media is to be archived.
    Completed,
    /// Its file and its entry are there.
    Archived,
    WithoutMedia,
    /// It is known to be lost.
    Acknowledged,
}

/// The recordings that were listed, by the digits of their SIDs.
#[derive(Default)]
pub struct Ledger {
    listed: BTreeMap<u128, Listed>,
    /// Those whose record is invalid; `None` is a record without a valid SID.
    invalid: BTreeSet<Option<u128>>,
    /// The rooms of the recordings.
    pub rooms: BTreeSet<RoomSid>,
}

impl Ledger {
    /// Adds a recording, and returns `true` if it is listed for the first time, or no longer
    /// processing. A page can repeat recordings of an earlier page, if recordings were added or deleted
    /// in between.
    pub fn add(&mut self, recording: &RoomRecording) -> bool {
        let listed = match &recording.status {
            Status::Processing => Listed::Processing,
            status if status.may_have_media() => Listed::Completed,
            _ => Listed::WithoutMedia,
        };

        let key = key(&recording.sid);
        let is_new = match self.listed.get(&key) {
            None => true,
            Some(earlier) => *earlier == Listed::Processing && listed != Listed::Processing,
        };
        if is_new {
            self.listed.insert(key, listed);
        }
        is_new
    }

    /// Adds a recording that is known to be lost. Returns `true` if it is listed for the first time.
    pub fn acknowledge(&mut self, sid: RecordingSid) -> bool {
        self.listed.insert(key(&sid), Listed::Acknowledged).is_none()
    }

    /// Adds an invalid record, and returns `true` if it is listed for the first time.
    pub fn add_invalid(&mut self, sid: Option<RecordingSid>) -> bool {
        self.invalid.insert(sid.map(|sid| key(&sid))) || sid.is_none()
    }

    /// Takes note that the file and the entry of a recording are there.
    pub fn archived(&mut self, sid: RecordingSid) {
        self.listed.insert(key(&sid), Listed::Archived);
    }

    pub fn state(&self, sid: RecordingSid) -> Option<Listed> {
        self.listed.get(&key(&sid)).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.invalid.is_empty()
    }

    pub fn has_processing(&self) -> bool {
        self.listed.values().any(|listed| *listed == Listed::Processing)
    }

    /// The recordings that are still processing.
    pub fn processing(&self) -> Processing {
        let is_processing = |(key, listed): (&u128, &Listed)| {
            (*listed == Listed::Processing).then(|| format!("RT{key:032x}"))
        };
        let mut processing = self.listed.iter().filter_map(is_processing);
        let first: Vec<_> = processing.by_ref().take(NAMED).collect();
        Processing { count: first.len() + processing.count(), first }
    }
}

/// Recordings that are still processing.
pub struct Processing {
    pub count: usize,
    first: Vec<String>,
}

/// The number of recordings that one line names.
const NAMED: usize = 5;

impl fmt::Display for Processing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, first } = self;
        write!(f, "{count} still processing: {}", first.join(", "))?;
        match count - first.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
