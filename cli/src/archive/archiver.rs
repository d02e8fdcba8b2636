//! The state that the threads of a run share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use twilio_room_recordings::{ErrorKind, RecordingSid, RoomRecording, RoomSid, Status};

use super::acknowledged::Acknowledged;
use super::deletions::{Deletions, Proven};
use super::exec::Program;
use super::failures::{Buckets, FullDisk, Outage};
use super::folder::Folder;
use super::options::Archive;
use super::progress::Bar;
use super::records::Records;
use super::summary::Summary;
use crate::client::Connection;
use crate::entries::key;
use crate::failure::Failure;
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
    pub outage: Outage,
    /// The program of `--exec`.
    pub program: Option<Program>,
    pub acknowledged: Acknowledged,
    /// The digits of every listed recording.
    seen: Mutex<BTreeMap<u128, Listed>>,
    /// The digits of those whose record is invalid.
    invalid: Mutex<BTreeSet<u128>>,
    processing: Mutex<Processing>,
    /// The rooms of the recordings that were listed, of any status.
    rooms: Mutex<BTreeSet<RoomSid>>,
    summary: Mutex<Summary>,
    disk: Mutex<FullDisk>,
    buckets: Mutex<Buckets>,
    /// The number of recordings that the deadline has kept from being archived, or deleted.
    late: AtomicU64,
    /// Set if the run ends early.
    stopped: AtomicBool,
    /// The number of recordings that a run which ends early leaves for the next one.
    left: AtomicU64,
}

impl<'a> Archiver<'a> {
    /// Finds the program of `--exec`, checks the folder, and reads the files. Creates nothing
    /// that stays.
    pub fn new(
        connection: &'a Connection,
        options: &'a Archive,
        messages: &'a Messages,
        bar: &'a Bar,
        start: Instant,
    ) -> Result<Self, Failure> {
        let deadline = connection.deadline();
        let program = options.exec.as_deref().map(|name| Program::find(name, deadline));
        let program = program.transpose()?;
        let acknowledged = options.acknowledged.as_deref().map(Acknowledged::read).transpose()?;
        let folder = Folder::new(&options.to, options.selection.is_account());
        folder.check().map_err(Failure::Other)?;
        let records = Records::open(folder.record_file(), deadline, messages);
        Ok(Self {
            connection,
            options,
            messages,
            bar,
            folder,
            records: records.map_err(Failure::Other)?,
            outage: Outage::new(options.jobs),
            program,
            acknowledged: acknowledged.unwrap_or_default(),
            seen: Mutex::default(),
            invalid: Mutex::default(),
            processing: Mutex::default(),
            rooms: Mutex::default(),
            summary: Mutex::new(Summary::new(start)),
            disk: Mutex::default(),
            buckets: Mutex::default(),
            late: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            left: AtomicU64::new(0),
        })
    }

    /// Takes note of a listed recording, and returns `true` if it is listed for the first time, or no
    /// longer processing. A page can repeat recordings of an earlier page, if recordings were added
    /// or deleted in between.
    pub fn add_listed(&self, recording: &RoomRecording) -> bool {
        locked(&self.rooms).insert(recording.room_sid);
        let listed = match recording.status {
            Status::Completed | Status::Other(_) => Listed::Completed,
            Status::Processing => Listed::Processing,
            _ => Listed::WithoutMedia,
        };
        match locked(&self.seen).insert(key(&recording.sid), listed) {
            None => true,
            Some(Listed::Processing) if listed != Listed::Processing => {
                self.remove_processing(recording.sid);
                true
            }
            Some(_) => false,
        }
    }

    pub fn count(&self, add: impl FnOnce(&mut Summary)) {
        add(&mut locked(&self.summary));
    }

    pub fn disk(&self) -> MutexGuard<'_, FullDisk> {
        locked(&self.disk)
    }

    pub fn buckets(&self) -> MutexGuard<'_, Buckets> {
        locked(&self.buckets)
    }

    pub fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub fn perform(&self, task: Task) {
        match task {
            _ if self.has_stopped() => self.leave(),
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
    pub fn finish(&self) -> Result<(), Failure> {
        if !self.options.dry_run {
            self.clear_leftovers();
        }
        if self.options.fail_if_empty && locked(&self.seen).is_empty() {
            self.messages.error("no recording was listed, and --fail-if-empty is set");
        }
        self.close()
    }

    /// Prints the closing lines of a run that a signal ends.
    pub fn interrupt(&self) {
        self.bar.finish();
        self.messages.error("interrupted: run again to resume");
        // If nobody can read it, the run ends all the same.
        let _ = self.close();
    }

    fn close(&self) -> Result<(), Failure> {
        let processing = locked(&self.processing);
        if processing.count > 0 {
            self.messages.note(Level::Normal, &*processing);
        }

        let (disk, late) = (locked(&self.disk), self.late.load(Ordering::Relaxed));
        let mut errors = self.messages.errors();
        errors += locked(&self.buckets).report(self.messages);
        if disk.recordings() > 0 {
            errors += disk.recordings();
            let folder = self.folder.path().display();
            self.messages.error(format_args!("could not write {folder}: {disk}"));
        }
        if late > 0 {
            errors += late;
            let limit = self.options.limits.deadline.unwrap_or_default();
            let deleted = if self.options.delete { " or deleted" } else { "" };
            self.messages.error(format_args!(
                "the deadline of {limit} s has passed: {late} not archived{deleted}; the next run resumes"
            ));
        }
        let mut summary = locked(&self.summary);
        summary.left = self.left.load(Ordering::Relaxed);
        summary.print(errors, self.options, self.messages)
    }

    /// The number of recordings that are still processing.
    pub fn processing(&self) -> usize {
        locked(&self.processing).count
    }

    fn remove_processing(&self, sid: RecordingSid) {
        self.count(|summary| summary.processing -= 1);
        let mut processing = locked(&self.processing);
        processing.count -= 1;
        processing.first.retain(|&it| it != sid);
    }

    /// Takes note of a recording that the next run will archive.
    pub fn add_processing(&self, sid: RecordingSid) {
        self.count(|summary| summary.processing += 1);
        self.messages.note(Level::Verbose, format_args!("{sid}: still processing"));
        let mut processing = locked(&self.processing);
        processing.count += 1;
        if processing.first.len() < NAMED {
            processing.first.push(sid);
        }
    }

    /// Takes note of a recording that is known to be lost.
    pub fn add_acknowledged(&self, sid: RecordingSid) {
        self.count(|summary| summary.acknowledged += 1);
        self.messages.note(Level::Verbose, format_args!("{sid}: acknowledged"));
    }

    /// Returns `true` if an error is about the record of a recording that is known to be lost.
    pub fn is_acknowledged(&self, error: &twilio_room_recordings::Error) -> bool {
        let ErrorKind::InvalidRecord(record) = error.kind() else { return false };
        let sid = record.sid.filter(|sid| self.acknowledged.contains(sid));
        sid.inspect(|&sid| self.add_acknowledged(sid)).is_some()
    }

    /// Takes note of an invalid record, and returns `true` if it is listed for the first time.
    pub fn add_invalid(&self, error: &twilio_room_recordings::Error) -> bool {
        match error.kind() {
            ErrorKind::InvalidRecord(record) => {
                record.sid.is_none_or(|sid| locked(&self.invalid).insert(key(&sid)))
            }
            _ => true,
        }
    }

    /// Removes the partial files that nothing will resume, and names those that may be resumed only
    /// by another run.
    fn clear_leftovers(&self) {
        let seen = locked(&self.seen);
        for leftover in self.folder.leftovers(&locked(&self.rooms)) {
            let is_archived = matches!(self.records.last(&leftover.sid), Ok(Some(_)));
            match seen.get(&key(&leftover.sid)) {
                Some(Listed::WithoutMedia) => leftover.remove(),
                _ if is_archived && leftover.has_media => leftover.remove(),
                Some(_) => {}
                None => {
                    let path = leftover.file.path.display();
                    let text =
                        format_args!("{path}: a partial file, whose recording is not listed");
                    self.messages.note(Level::Normal, text);
                }
            }
        }
    }

    /// Ends the run early, for a reason that holds for every recording. Returns `false` if it was
    /// about to end.
    pub fn stop(&self, reason: &str) -> bool {
        let is_first = !self.stopped.swap(true, Ordering::Relaxed);
        if is_first {
            self.messages.error(reason);
        }
        is_first
    }

    /// Ends the run early at a recording.
    pub fn stop_at_recording(&self, reason: &str) {
        if !self.stop(reason) {
            self.leave();
        }
    }

    /// Counts a recording that is left for the next run.
    pub fn leave(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts or prints the error of a recording's request.
    pub fn report_failure(&self, sid: RecordingSid, error: &twilio_room_recordings::Error) {
        match error.kind() {
            ErrorKind::DeadlineExceeded => {
                self.late.fetch_add(1, Ordering::Relaxed);
            }
            // The reason why the run ends is reported already.
            ErrorKind::Cancelled => self.leave(),
            ErrorKind::Unauthorized(_) => self.stop_at_recording(&error.to_string()),
            _ => self.messages.error(format_args!("{sid}: {error}")),
        }
    }
}

/// The status of a listed recording.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    Completed,
    Processing,
    WithoutMedia,
}

/// The recordings that are still processing.
#[derive(Default)]
struct Processing {
    count: usize,
    first: Vec<RecordingSid>,
}

/// The number of recordings that one line names.
const NAMED: usize = 5;

impl fmt::Display for Processing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, first } = self;
        let names: Vec<_> = first.iter().map(RecordingSid::as_str).collect();
        write!(f, "{count} still processing: {}", names.join(", "))?;
        match count - first.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
