//! The record file of an archive: the entries of archived recordings, one per line.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use twilio_room_recordings::RecordingSid;

use super::entry::{Entry, EntryHead};
use super::lines::Lines;
use super::lock::Lock;
use super::open::open_regular;
use super::sync;
use crate::messages::Messages;

/// A file of entries that only grows, for any number of runs that append to it. The last entry of a
/// recording counts.
pub struct RecordFile {
    path: PathBuf,
    file: File,
    /// The position of each recording's last entry.
    last: BTreeMap<u128, u64>,
    /// The number of bytes and of lines that are read.
    bytes: u64,
    lines: u64,
    /// If true, the file ends within a line that cannot be removed.
    ends_within_line: bool,
    deadline: Instant,
    messages: Messages,
}

impl RecordFile {
    /// Opens and reads a file; `None` if there is none.
    pub fn open_existing(
        path: &Path,
        deadline: Instant,
        messages: &Messages,
    ) -> Result<Option<Self>, String> {
        let file = OpenOptions::new().read(true).append(true).open(path);
        let Some(file) = existing(path, file)? else { return Ok(None) };
        Self::read(path, file, deadline, messages).map(Some)
    }

    /// Opens and reads a file without its lock, and does not repair it; `None` if there is none.
    pub fn open_unchanged(
        path: &Path,
        deadline: Instant,
        messages: &Messages,
    ) -> Result<Option<Self>, String> {
        let Some(file) = existing(path, open_regular(path))? else { return Ok(None) };
        let mut records = Self::new(path, file, deadline, messages)?;
        records.catch_up(false)?;
        Ok(Some(records))
    }

    /// Opens and reads a file, which is created if it is missing.
    pub fn create(path: &Path, deadline: Instant, messages: &Messages) -> Result<Self, String> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path);
        let file = file.map_err(|error| format!("could not create {}: {error}", path.display()))?;
        Self::read(path, file, deadline, messages)
    }

    fn read(
        path: &Path,
        file: File,
        deadline: Instant,
        messages: &Messages,
    ) -> Result<Self, String> {
        let mut records = Self::new(path, file, deadline, messages)?;
        records.locked(|_, _| Ok(()))?;
        Ok(records)
    }

    fn new(
        path: &Path,
        file: File,
        deadline: Instant,
        messages: &Messages,
    ) -> Result<Self, String> {
        // A device would lose the entries.
        if file.metadata().is_ok_and(|file| !file.is_file()) {
            return Err(format!("could not open {}: expected a regular file", path.display()));
        }

        Ok(Self {
            path: path.to_owned(),
            file,
            last: BTreeMap::new(),
            bytes: 0,
            lines: 0,
            ends_within_line: false,
            deadline,
            messages: messages.clone(),
        })
    }

    /// Reads the entries that other runs have appended.
    pub fn refresh(&mut self) -> Result<(), String> {
        let length = self.file.metadata().map_err(|error| self.unreadable(error))?.len();
        if length == self.bytes { Ok(()) } else { self.locked(|_, _| Ok(())) }
    }

    /// The last entry of a recording, of those that are read.
    pub fn last(&self, sid: &RecordingSid) -> Result<Option<Entry>, String> {
        let Some(&position) = self.last.get(&key(sid)) else { return Ok(None) };
        let mut file = &self.file;
        let line = file.seek(SeekFrom::Start(position)).and_then(|_| {
            let mut lines = Lines::new(BufReader::with_capacity(4096, file));
            Ok(lines.next()?.map(|line| Entry::read(line.bytes)))
        });
        match line {
            Ok(Some(Ok(entry))) => Ok(Some(entry)),
            // A record with an invalid field: only its beginning and its end were read before.
            Ok(Some(Err(reason))) => {
                self.messages
                    .error(format_args!("{}, entry of {sid}: {reason}", self.path.display()));
                Ok(None)
            }
            Ok(None) => Err(self.unreadable("it was shortened during the run")),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    /// Appends an entry, which is on disk afterwards, unless the last one of the recording says the
    /// same.
    pub fn append(&mut self, entry: &Entry) -> Result<(), String> {
        let sid = &entry.recording.sid;
        let line = entry.line().map_err(|error| format!("{sid}: {error}"))?;

        self.locked(|records, has_lock| {
            if records.last(sid)?.is_some_and(|last| last.says_the_same(entry)) {
                return Ok(());
            }
            records.write(&line, has_lock)?;
            records.catch_up(has_lock)
        })
    }

    /// Checks that every entry is on disk, and still at the path of the file.
    pub fn sync(&self) -> Result<(), String> {
        self.check_in_place()?;
        sync::file(&self.file).map_err(|error| self.unwritable(error))
    }

    /// Takes turns with other runs, and reads what they have appended.
    fn locked(
        &mut self,
        work: impl FnOnce(&mut Self, bool) -> Result<(), String>,
    ) -> Result<(), String> {
        let file = self.file.try_clone().map_err(|error| self.unreadable(error))?;
        let lock = Lock::wait(&file, &self.path, self.deadline, &self.messages)?;
        self.check_in_place()?;
        self.catch_up(lock.is_some())?;
        work(self, lock.is_some())
    }

    /// Checks that the entries are still at the path: an editor may have replaced the file.
    fn check_in_place(&self) -> Result<(), String> {
        let is_in_place = fs::metadata(&self.path).and_then(|there| {
            let file = self.file.metadata()?;
            Ok(is_same(&file, &self.file.metadata()?, &there) && file.len() >= self.bytes)
        });
        match is_in_place {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.unwritable("it was replaced or shortened during the run")),
            Err(error) => Err(self.unwritable(error)),
        }
    }

    /// Writes a line, in one piece, so that the lines of runs without locks do not mix.
    fn write(&mut self, line: &str, has_lock: bool) -> Result<(), String> {
        let before = if self.ends_within_line { "\n" } else { "" };
        let line = format!("{before}{line}");
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            if has_lock {
                // The next run would remove an incomplete line. This run may still add another.
                let _ = self.file.set_len(self.bytes);
            }
            return Err(self.unwritable(error));
        }
        sync::file(&self.file).map_err(|error| self.unwritable(error))
    }

    /// Reads the lines that were appended since the last call.
    fn catch_up(&mut self, has_lock: bool) -> Result<(), String> {
        let mut file = self.file.try_clone().map_err(|error| self.unreadable(error))?;
        let end = file.metadata().map_err(|error| self.unreadable(error))?.len();
        file.seek(SeekFrom::Start(self.bytes)).map_err(|error| self.unreadable(error))?;
        let mut lines = Lines::new(BufReader::with_capacity(128 * 1024, file));

        while let Some(line) = lines.next().map_err(|error| self.unreadable(error))? {
            match EntryHead::read(line.bytes) {
                Ok(head) => {
                    self.last.insert(key(&head.sid), self.bytes);
                }
                Err(_) if line.is_blank() => {}
                Err(_) if line.is_left_by_a_crash(self.bytes + line.length >= end) => {
                    if has_lock && self.remove_end(line.length) {
                        return Ok(());
                    }
                }
                Err(reason) => {
                    let (path, number) = (self.path.display(), self.lines + 1);
                    self.messages.error(format_args!("{path}, line {number}: {reason}"));
                }
            }

            // What another run has added to an incomplete line is no line of its own.
            self.lines += u64::from(!self.ends_within_line);
            self.ends_within_line = !line.has_end;
            self.bytes += line.length;
        }
        Ok(())
    }

    /// Removes the end of the file, of so many bytes. Returns `false` if that is not permitted: then
    /// the next entry begins a new line.
    fn remove_end(&self, length: u64) -> bool {
        let path = self.path.display();
        let is_removed = self.file.set_len(self.bytes).is_ok();
        let done = if is_removed { "was removed" } else { "could not be removed" };
        self.messages.warning(format_args!(
            "{path}: an incomplete entry of {length} bytes at its end {done}: a run or the machine was stopped"
        ));
        is_removed
    }

    fn unreadable(&self, reason: impl fmt::Display) -> String {
        format!("could not read {}: {reason}", self.path.display())
    }

    fn unwritable(&self, reason: impl fmt::Display) -> String {
        format!("could not write {}: {reason}", self.path.display())
    }
}

fn existing(path: &Path, opened: io::Result<File>) -> Result<Option<File>, String> {
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("could not open {}: {error}", path.display())),
    }
}

/// The digits of a SID, which take less memory than its text.
pub fn key(sid: &RecordingSid) -> u128 {
    sid.as_str().get(2..).and_then(|digits| u128::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

/// Returns `true` if an open file is the one that is there. Some file systems give a file another
/// inode number each time, which two looks at the open file show.
#[cfg(unix)]
fn is_same(file: &Metadata, again: &Metadata, there: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    let has_number = (file.dev(), file.ino()) == (again.dev(), again.ino());
    !has_number || (file.dev(), file.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata, _: &Metadata) -> bool {
    true
}
