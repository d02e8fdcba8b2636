//! The state that the threads of a run share.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use twilio_room_recordings::{ErrorKind, RecordingSid, RoomRecording, RoomSid};

use super::deletions::{Deletions, Proven};
use super::disk::FullDisk;
use super::folder::Folder;
use super::progress::Bar;
use super::records::Records;
use super::summary::Summary;
use crate::Failure;
use crate::arguments::Archive;
use crate::client::Connection;
use crate::messages::{Level, Messages};

/// Work for one of the threads.
pub enum Task {
    /// Archive a recording, and delete it afterwards if its listing allows that.
    Save(Box<RoomRecording>, Arc<Deletions>),
    /// Delete a recording that was archived while its listing went on.
    Delete(Proven),
}

pub struct Archiver<'a> {
    pub connection: &'a Connection,
    pub options: &'a Archive,
    pub messages: &'a Messages,
    pub bar: &'a Bar,
    pub folder: Folder,
    pub records: Records,
    seen: Mutex<HashSet<RecordingSid>>,
    /// The rooms of the recordings that were listed, whatever their status.
    rooms: Mutex<BTreeSet<RoomSid>>,
    summary: Mutex<Summary>,
    disk: Mutex<FullDisk>,
    /// The number of recordings that the deadline has kept from being archived, or deleted.
    late: AtomicU64,
    /// Set if the run ends early.
    stopped: AtomicBool,
}

impl<'a> Archiver<'a> {
    /// Reads the record file. Creates nothing.
    pub fn new(
        connection: &'a Connection,
        options: &'a Archive,
        messages: &'a Messages,
        bar: &'a Bar,
    ) -> Result<Self, Failure> {
        let folder = Folder::new(&options.to, options.selection.is_account());
        let records = Records::open(folder.record_file(), connection.deadline(), messages);
        Ok(Self {
            connection,
            options,
            messages,
            bar,
            folder,
            records: records.map_err(Failure::Other)?,
            seen: Mutex::default(),
            rooms: Mutex::default(),
            summary: Mutex::new(Summary::new()),
            disk: Mutex::default(),
            late: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        })
    }

    /// Takes note of a listed recording, and returns `true` if it is listed for the first time. A
    /// page can repeat recordings of an earlier page, if recordings were added or deleted in
    /// between.
    pub fn add_listed(&self, recording: &RoomRecording) -> bool {
        locked(&self.rooms).insert(recording.room_sid);
        locked(&self.seen).insert(recording.sid)
    }

    pub fn count(&self, add: impl FnOnce(&mut Summary)) {
        add(&mut locked(&self.summary));
    }

    pub fn disk(&self) -> MutexGuard<'_, FullDisk> {
        locked(&self.disk)
    }

    pub fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub fn perform(&self, task: Task) {
        if self.has_stopped() {
            return;
        }
        match task {
            Task::Save(recording, deletions) => {
                let proven = self.save(&recording);
                if let Some(proven) = proven.and_then(|proven| deletions.release(proven)) {
                    self.delete(&proven);
                }
            }
            Task::Delete(proven) => self.delete(&proven),
        }
    }

    /// Ends the run: removes leftovers of killed runs, and prints the closing lines.
    pub fn finish(&self, with_summary: bool) {
        let is_archived = |sid: &RecordingSid| matches!(self.records.last(sid), Ok(Some(_)));
        self.folder.remove_leftovers(&locked(&self.rooms), is_archived);

        let (disk, late) = (locked(&self.disk), self.late.load(Ordering::Relaxed));
        let mut errors = self.messages.errors();
        if disk.recordings() > 0 {
            errors += disk.recordings();
            self.messages.error(format_args!("{}: {disk}", self.folder.path().display()));
        }
        if late > 0 {
            errors += late;
            let deleted = if self.options.delete { " or deleted" } else { "" };
            self.messages.error(format_args!("deadline exceeded: {late} not archived{deleted}"));
        }
        if with_summary {
            let summary = locked(&self.summary);
            self.messages.note(Level::Normal, summary.line(errors, self.options.delete));
        }
    }

    /// Ends the run early, for a reason that holds for every recording.
    pub fn stop(&self, reason: &str) {
        if !self.stopped.swap(true, Ordering::Relaxed) {
            self.messages.error(reason);
        }
    }

    /// Counts or prints the error of a recording's request.
    pub fn report_failure(&self, sid: RecordingSid, error: &twilio_room_recordings::Error) {
        match error.kind() {
            ErrorKind::DeadlineExceeded => {
                self.late.fetch_add(1, Ordering::Relaxed);
            }
            // The reason why the run ends is reported already.
            ErrorKind::Cancelled => {}
            _ => self.messages.error(format_args!("{sid}: {error}")),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
