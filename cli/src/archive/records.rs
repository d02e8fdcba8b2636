//! The record file that the threads of a run share.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use twilio_room_recordings::RecordingSid;

use super::folder;
use crate::entries::Entry;
use crate::entries::RecordFile;
use crate::messages::Messages;

/// A record file that is created when there is something to put into it.
pub struct Records {
    path: PathBuf,
    deadline: Instant,
    messages: Messages,
    file: Mutex<Option<RecordFile>>,
}

impl Records {
    /// Opens and reads the record file, if there is one. Creates nothing. In a dry run, nothing is
    /// changed either.
    pub fn open(
        path: PathBuf,
        is_dry_run: bool,
        deadline: Instant,
        messages: &Messages,
    ) -> Result<Self, String> {
        let file = match is_dry_run {
            true => RecordFile::open_unchanged(&path, deadline, messages)?,
            false => RecordFile::open_existing(&path, deadline, messages)?,
        };
        Ok(Self { path, deadline, messages: messages.clone(), file: Mutex::new(file) })
    }

    /// The last entry of a recording, whichever run has appended it. Creates the file and its folder,
    /// if they are missing.
    pub fn newest(&self, sid: &RecordingSid) -> Result<Option<Entry>, String> {
        self.with_file(|file| {
            file.refresh()?;
            file.last(sid)
        })
    }

    /// The last entry of a recording, of those that are read.
    pub fn last(&self, sid: &RecordingSid) -> Result<Option<Entry>, String> {
        self.locked().as_ref().map_or(Ok(None), |file| file.last(sid))
    }

    /// Appends an entry, as [`RecordFile::append`].
    pub fn append(&self, entry: &Entry) -> Result<(), String> {
        self.with_file(|file| file.append(entry))
    }

    /// Checks that every entry is on disk, and still at the path of the file.
    pub fn sync(&self) -> Result<(), String> {
        self.with_file(|file| file.sync())
    }

    fn with_file<T>(
        &self,
        work: impl FnOnce(&mut RecordFile) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut file = self.locked();
        match &mut *file {
            Some(file) => work(file),
            missing => {
                if let Some(folder) = self.path.parent() {
                    folder::create(folder).map_err(|error| error.to_string())?;
                }
                let file = RecordFile::create(&self.path, self.deadline, &self.messages)?;
                work(missing.insert(file))
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, Option<RecordFile>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
