//! The work for one recording: download, record, deletion.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use twilio_room_recordings::{
    Deletion, Downloaded, Error, ErrorKind, RecordingSid, RoomRecording, RoomSid,
};

use super::deletions::Deletions;
use super::disk::{FullDisk, io_cause};
use super::folder::Folder;
use super::progress::{Bar, Transfer};
use super::summary::Summary;
use crate::Failure;
use crate::arguments::Archive;
use crate::client::Connection;
use crate::messages::{Level, Messages};

/// Work for one of the threads.
pub enum Task {
    /// Download a recording, and delete it afterwards if its listing allows that.
    Save(Box<RoomRecording>, Arc<Deletions>),
    /// Delete a recording that was archived while its listing went on.
    Delete(Box<RoomRecording>),
}

/// The state that the threads of a run share.
pub struct Archiver<'a> {
    pub connection: &'a Connection,
    pub options: &'a Archive,
    pub messages: &'a Messages,
    pub bar: &'a Bar,
    folder: Mutex<Folder>,
    seen: Mutex<HashSet<RecordingSid>>,
    /// The rooms of the recordings that were listed, whatever their status.
    rooms: Mutex<BTreeSet<RoomSid>>,
    summary: Mutex<Summary>,
    disk: Mutex<FullDisk>,
    /// The number of recordings that the deadline has kept from being archived, or deleted.
    late: AtomicU64,
    /// Set if the run ends early, because the records cannot be written.
    stopped: AtomicBool,
}

impl<'a> Archiver<'a> {
    /// Checks the folder. Creates nothing.
    pub fn new(
        connection: &'a Connection,
        options: &'a Archive,
        messages: &'a Messages,
        bar: &'a Bar,
    ) -> Result<Self, Failure> {
        Ok(Self {
            connection,
            options,
            messages,
            bar,
            folder: Mutex::new(
                Folder::new(&options.to, options.selection.is_account()).map_err(Failure::Other)?,
            ),
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

    pub fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub fn perform(&self, task: Task) {
        if self.has_stopped() {
            return;
        }
        match task {
            Task::Save(recording, deletions) => {
                let is_archived = self.save(&recording);
                if is_archived && let Some(recording) = deletions.release(*recording) {
                    self.delete(&recording);
                }
            }
            Task::Delete(recording) => self.delete(&recording),
        }
    }

    /// Ends the run: removes leftovers of killed runs, and prints the closing lines.
    pub fn finish(&self, with_summary: bool) {
        locked(&self.folder).remove_leftovers(&locked(&self.rooms));

        let (disk, late) = (locked(&self.disk), self.late.load(Ordering::Relaxed));
        let mut errors = self.messages.errors();
        if disk.recordings() > 0 {
            errors += disk.recordings();
            self.messages.error(format_args!("{}: {disk}", self.options.to.display()));
        }
        if late > 0 {
            errors += late;
            self.messages.error(format_args!("deadline exceeded: {late} not archived or deleted"));
        }
        if with_summary {
            self.messages.note(Level::Normal, locked(&self.summary).with_errors(errors));
        }
    }

    /// Downloads a recording and writes its record, unless they are there. Returns `true` if both
    /// are complete.
    fn save(&self, recording: &RoomRecording) -> bool {
        let (sid, size) = (recording.sid, recording.size);
        let transfer = self.bar.transfer(recording);
        let Some((path, is_recorded)) = self.prepare(recording) else {
            transfer.skip();
            return false;
        };

        let downloaded = if is_there(&path, size, is_recorded) {
            transfer.skip();
            None
        } else if locked(&self.disk).skips(size) {
            transfer.skip();
            return false;
        } else {
            match self.download(recording, &path, transfer) {
                Some(downloaded) => Some(downloaded),
                None => return false,
            }
        };

        if !self.record(recording) {
            return false;
        }
        self.report(sid, &path, downloaded);
        true
    }

    /// Writes the recording's record if it is not there. Returns `true` if it is there.
    fn record(&self, recording: &RoomRecording) -> bool {
        let recorded = locked(&self.folder).records().and_then(|records| records.add(recording));
        recorded.map_err(|reason| self.stop(&reason)).is_ok()
    }

    /// The path of the recording's media, and `true` if its record is written; `None` if a file or
    /// folder cannot be created, which is reported.
    fn prepare(&self, recording: &RoomRecording) -> Option<(PathBuf, bool)> {
        let sid = recording.sid;
        let mut folder = locked(&self.folder);
        // The record file must be usable before anything is downloaded.
        let is_recorded = match folder.records() {
            Ok(records) => records.contains(&sid),
            Err(reason) => {
                self.stop(&reason);
                return None;
            }
        };

        match folder.prepare(recording) {
            Ok(path) => Some((path, is_recorded)),
            Err(error) if locked(&self.disk).count_if_full(&error.cause, None) => None,
            Err(error) => {
                self.messages.error(format_args!("{sid}: {error}"));
                None
            }
        }
    }

    fn download(
        &self,
        recording: &RoomRecording,
        path: &Path,
        mut transfer: Transfer<'_>,
    ) -> Option<Downloaded> {
        let media = self.connection.media(recording).on_progress_or_cancel(|progress| {
            transfer.update(progress);
            if self.has_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let error = match media.download_to(path) {
            Ok(downloaded) => {
                transfer.finish(downloaded);
                return Some(downloaded);
            }
            Err(error) => error,
        };

        transfer.skip();
        match error.kind() {
            ErrorKind::DeadlineExceeded => {
                self.late.fetch_add(1, Ordering::Relaxed);
            }
            // The reason why the run ends is reported already.
            ErrorKind::Cancelled => {}
            _ if self.is_full(&error, recording.size) => {}
            _ => self.messages.error(format_args!("{}: {error}", recording.sid)),
        }
        None
    }

    /// Counts a recording that does not fit on the disk, if that is the cause of its error.
    fn is_full(&self, error: &Error, size: Option<u64>) -> bool {
        io_cause(error).is_some_and(|cause| locked(&self.disk).count_if_full(cause, size))
    }

    fn report(&self, sid: RecordingSid, path: &Path, downloaded: Option<Downloaded>) {
        let path = path.display();
        match downloaded {
            None => {
                self.count(|summary| summary.already_there += 1);
                self.messages.note(Level::Verbose, format_args!("{sid}: already there, {path}"));
            }
            Some(Downloaded { size, transferred, .. }) => {
                self.count(|summary| {
                    summary.archived += 1;
                    summary.bytes += transferred;
                });
                let text = format_args!("{sid}: archived, {path}, {size} bytes");
                self.messages.note(Level::Verbose, text);
            }
        }
    }

    /// Deletes a recording, if its file has the recorded size and its record is there.
    fn delete(&self, recording: &RoomRecording) {
        let sid = recording.sid;
        let Some(size) = recording.size else {
            let reason = "its record has no size to compare with";
            return self.messages.error(format_args!("{sid}: not deleted: {reason}"));
        };
        let path = locked(&self.folder).media_path(recording);
        if !has_size(&path, size) {
            let reason = "its file has changed";
            return self.messages.error(format_args!("{sid}: not deleted: {reason}"));
        }
        if !self.record(recording) {
            return;
        }

        match self.connection.recording(recording.room_sid, sid).delete() {
            Ok(Deletion::Deleted) => {
                self.messages.note(Level::Verbose, format_args!("{sid}: deleted"));
            }
            Ok(Deletion::AlreadyGone) => {
                self.messages.note(Level::Verbose, format_args!("{sid}: already gone"));
            }
            Err(error) if matches!(error.kind(), ErrorKind::DeadlineExceeded) => {
                self.late.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => self.messages.error(format_args!("{sid}: not deleted: {error}")),
        }
    }

    /// Ends the run early: without its record, a recording counts as not archived.
    fn stop(&self, reason: &str) {
        if !self.stopped.swap(true, Ordering::Relaxed) {
            self.messages.error(reason);
        }
    }
}

/// Returns `true` if the file of a recording is complete. Without a recorded size it is complete
/// if its record is written, because that happens last.
fn is_there(path: &Path, size: Option<u64>, is_recorded: bool) -> bool {
    match size {
        Some(size) => has_size(path, size),
        None => is_recorded && path.is_file(),
    }
}

fn has_size(path: &Path, size: u64) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == size)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
