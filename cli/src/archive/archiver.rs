//! The state that the threads of a run share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use twilio_room_recordings::{Error, ErrorKind, RecordingSid, RoomRecording};

use super::acknowledged::Acknowledged;
use super::deletions::{Deletions, Proven};
use super::exec::Program;
use super::failures::{Buckets, FullDisk, Outage};
use super::folder::Folder;
use super::ledger::{Ledger, Listed};
use super::options::Archive;
use super::progress::Bar;
use super::records::Records;
use super::summary::Summary;
use crate::client::Connection;
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
    ledger: Mutex<Ledger>,
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
        if !options.dry_run {
            folder.check().map_err(Failure::Other)?;
        }
        let records = Records::open(folder.record_file(), options.dry_run, deadline, messages);
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
            ledger: Mutex::default(),
            summary: Mutex::new(Summary::new(start)),
            disk: Mutex::default(),
            buckets: Mutex::default(),
            late: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            left: AtomicU64::new(0),
        })
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        locked(&self.ledger)
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
            Task::Delete(_) if self.is_late() => self.be_late(),
            Task::Delete(proven) => self.delete(&proven),
        }
    }

    /// Removes leftovers of killed runs, and reports if nothing was listed and that is an error.
    pub fn finish(&self) {
        if !self.options.dry_run {
            self.clear_leftovers();
        }
        if self.options.fail_if_empty && self.ledger().is_empty() {
            self.messages.error("no recording was listed, and --fail-if-empty is set");
        }
    }

    /// Prints the closing lines.
    pub fn close(&self) -> Result<(), Failure> {
        let processing = self.ledger().processing();
        if processing.count > 0 {
            self.messages.note(Level::Normal, &processing);
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
        summary.processing = processing.count as u64;
        summary.left = self.left.load(Ordering::Relaxed);
        summary.print(errors, self.options, self.messages)
    }

    /// Returns `true` if a recording is known to be lost, which is counted once.
    pub fn is_acknowledged(&self, sid: RecordingSid) -> bool {
        if !self.acknowledged.contains(&sid) {
            return false;
        }
        if self.ledger().acknowledge(sid) {
            self.count(|summary| summary.acknowledged += 1);
            self.messages.note(Level::Verbose, format_args!("{sid}: acknowledged"));
        }
        true
    }

    /// Removes the partial files that nothing will resume, and names those that may be resumed only
    /// by another run.
    fn clear_leftovers(&self) {
        // No lock is held while the disk works.
        let rooms = self.ledger().rooms.clone();
        for leftover in self.folder.leftovers(&rooms) {
            let state = self.ledger().state(leftover.sid);
            match state {
                Some(Listed::Archived | Listed::WithoutMedia | Listed::Acknowledged) => {
                    leftover.remove();
                }
                Some(_) => {}
                None if leftover.has_media
                    && matches!(self.records.last(&leftover.sid), Ok(Some(_))) =>
                {
                    leftover.remove();
                }
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

    /// Returns `true` if the deadline has passed.
    pub fn is_late(&self) -> bool {
        Instant::now() >= self.connection.deadline()
    }

    /// Counts a recording that the deadline keeps from being archived, or deleted.
    pub fn be_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts or prints the error of a recording's request.
    pub fn report_failure(&self, sid: RecordingSid, error: &Error) {
        match error.kind() {
            ErrorKind::DeadlineExceeded => self.be_late(),
            // The reason why the run ends is reported already.
            ErrorKind::Cancelled => self.leave(),
            ErrorKind::Unauthorized(_) => self.stop_at_recording(&error.to_string()),
            _ => self.messages.error(format_args!("{sid}: {error}")),
        }
    }
}

/// Locks a mutex, whose state no panic makes invalid.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
