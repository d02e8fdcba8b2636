//! The state that the threads of a run share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use twilio_room_recordings::{ErrorKind, RecordingSid, RoomRecording, RoomSid, Status};

use super::deletions::{Deletions, Proven};
use super::exec::Program;
use super::failures::{Buckets, FullDisk, Outage};
use super::folder::Folder;
use super::progress::Bar;
use super::records::Records;
use super::summary::Summary;
use crate::Failure;
use crate::arguments::Archive;
use crate::client::Connection;
use crate::entries::key;
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
    /// The digits of every listed recording.
    seen: Mutex<BTreeMap<u128, Listed>>,
    processing: Mutex<Processing>,
    /// The rooms of the recordings that were listed, whatever their status.
    rooms: Mutex<BTreeSet<RoomSid>>,
    summary: Mutex<Summary>,
    disk: Mutex<FullDisk>,
    buckets: Mutex<Buckets>,
    /// The number of recordings that the deadline has kept from being archived, or deleted.
    late: AtomicU64,
    /// Set if the run ends early.
    stopped: AtomicBool,
}

impl<'a> Archiver<'a> {
    /// Finds the program of `--exec`, checks the folder, and reads the record file. Creates nothing
    /// that stays.
    pub fn new(
        connection: &'a Connection,
        options: &'a Archive,
        messages: &'a Messages,
        bar: &'a Bar,
    ) -> Result<Self, Failure> {
        let deadline = connection.deadline();
        let program = options.exec.as_deref().map(|name| Program::find(name, deadline));
        let program = program.transpose()?;
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
            seen: Mutex::default(),
            processing: Mutex::default(),
            rooms: Mutex::default(),
            summary: Mutex::new(Summary::new()),
            disk: Mutex::default(),
            buckets: Mutex::default(),
            late: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        })
    }

    /// Takes note of a listed recording, and returns `true` if it is listed for the first time, or no
    /// longer processing. A page can repeat recordings of an earlier page, if recordings were added
    /// or deleted in between.
    pub fn add_listed(&self, recording: &RoomRecording) -> bool {
        locked(&self.rooms).insert(recording.room_sid);
        let listed = match recording.status {
            Status::Completed => Listed::Completed,
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
    pub fn finish(&self, with_summary: bool) -> Result<(), Failure> {
        if !self.options.dry_run {
            self.clear_leftovers();
        }
        let processing = locked(&self.processing);
        if processing.count > 0 {
            self.messages.note(Level::Normal, &*processing);
        }
        if self.options.fail_if_empty && locked(&self.seen).is_empty() {
            self.messages.error("no recording was listed, and --fail-if-empty is set");
        }

        let (disk, late) = (locked(&self.disk), self.late.load(Ordering::Relaxed));
        let mut errors = self.messages.errors();
        errors += locked(&self.buckets).report(self.messages);
        if disk.recordings() > 0 {
            errors += disk.recordings();
            self.messages.error(format_args!("{}: {disk}", self.folder.path().display()));
        }
        if late > 0 {
            errors += late;
            let deleted = if self.options.delete { " or deleted" } else { "" };
            self.messages.error(format_args!("deadline exceeded: {late} not archived{deleted}"));
        }
        match with_summary {
            true => locked(&self.summary).print(errors, self.options, self.messages),
            false => Ok(()),
        }
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
                    let path = leftover.path.display();
                    let text =
                        format_args!("{path}: a partial file, whose recording is not listed");
                    self.messages.note(Level::Normal, text);
                }
            }
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
            ErrorKind::Unauthorized(_) => self.stop(&error.to_string()),
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
