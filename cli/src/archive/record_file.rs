//! The records of archived recordings, one per line.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::error::Category;
use twilio_room_recordings::{RecordingSid, RoomRecording};

use crate::json;

/// A file of records that only grows. Each recording is in it once, for any number of runs
/// that write to it.
pub struct RecordFile {
    path: PathBuf,
    file: File,
    sids: HashSet<RecordingSid>,
    /// The number of bytes and of lines that are read: complete lines only.
    bytes: u64,
    lines: u64,
}

impl RecordFile {
    /// Opens and checks a file; `None` if there is none.
    pub fn open_existing(path: &Path) -> Result<Option<Self>, String> {
        match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => Self::checked(path, file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("could not open {}: {error}", path.display())),
        }
    }

    /// Opens and checks a file, which is created if it is missing.
    pub fn create(path: &Path) -> Result<Self, String> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| format!("could not create {}: {error}", path.display()))?;
        Self::checked(path, file)
    }

    fn checked(path: &Path, file: File) -> Result<Self, String> {
        // A device would lose the records.
        if file.metadata().is_ok_and(|file| !file.is_file()) {
            return Err(format!("could not open {}: expected a regular file", path.display()));
        }

        let (path, sids) = (path.to_owned(), HashSet::new());
        let mut records = Self { path, file, sids, bytes: 0, lines: 0 };
        records.locked(Self::catch_up)?;
        Ok(records)
    }

    pub fn contains(&self, sid: &RecordingSid) -> bool {
        self.sids.contains(sid)
    }

    /// Adds a record, which is on disk afterwards. Does nothing if the recording is already there.
    pub fn add(&mut self, recording: &RoomRecording) -> Result<(), String> {
        if self.contains(&recording.sid) {
            return self.check_in_place();
        }
        let line = json::line(recording).map_err(|error| format!("{}: {error}", recording.sid))?;

        self.locked(|records| {
            records.catch_up()?;
            if records.contains(&recording.sid) {
                return Ok(());
            }
            records
                .append(format!("{line}\n").as_bytes())
                .map_err(|error| format!("could not write {}: {error}", records.path.display()))?;
            records.sids.insert(recording.sid);
            Ok(())
        })
    }

    /// Takes turns with other runs. Without a lock if the file system has none.
    fn locked(&mut self, work: impl FnOnce(&mut Self) -> Result<(), String>) -> Result<(), String> {
        let is_locked = self.file.lock().is_ok();
        let outcome = self.check_in_place().and_then(|()| work(self));
        if is_locked {
            // An unlock fails only if there is no lock.
            let _ = self.file.unlock();
        }
        outcome
    }

    /// Checks that the records are still at the path: an editor may have replaced the file.
    fn check_in_place(&self) -> Result<(), String> {
        let is_in_place = fs::metadata(&self.path).and_then(|there| {
            let file = self.file.metadata()?;
            Ok(is_same(&file, &there) && file.len() >= self.bytes)
        });
        match is_in_place {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.unwritable("it was replaced or shortened during the run")),
            Err(error) => Err(self.unwritable(error)),
        }
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.bytes))?;
        if let Err(error) = self.file.write_all(line) {
            // An incomplete line would be removed by the next run. This run may still add another.
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.file.sync_data().or_else(ignore_unsupported)?;
        self.bytes += line.len() as u64;
        self.lines += 1;
        Ok(())
    }

    /// Reads the lines that other runs have added, and removes an incomplete last line.
    fn catch_up(&mut self) -> Result<(), String> {
        let mut line = Vec::new();
        let mut file = self.file.try_clone().map_err(|error| self.unreadable(error))?;
        file.seek(SeekFrom::Start(self.bytes)).map_err(|error| self.unreadable(error))?;
        let mut reader = BufReader::new(file);

        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).map_err(|it| self.unreadable(it))?;
            if length == 0 {
                return Ok(());
            }
            let is_complete = line.ends_with(b"\n");
            match read(&line) {
                Line::Blank => {}
                Line::Record(sid) => {
                    self.sids.insert(sid);
                }
                Line::Incomplete if !is_complete => {
                    return self.file.set_len(self.bytes).map_err(|it| self.unwritable(it));
                }
                Line::Incomplete => return Err(self.invalid("incomplete record")),
                Line::Invalid(reason) => return Err(self.invalid(&reason)),
            }
            self.bytes += length as u64;
            self.lines += 1;
            if !is_complete {
                self.end_last_line()?;
            }
        }
    }

    /// Adds the newline that a complete last record lacks.
    fn end_last_line(&mut self) -> Result<(), String> {
        let written = self.file.seek(SeekFrom::Start(self.bytes));
        written.and_then(|_| self.file.write_all(b"\n")).map_err(|error| self.unwritable(error))?;
        self.bytes += 1;
        Ok(())
    }

    fn unreadable(&self, error: io::Error) -> String {
        format!("could not read {}: {error}", self.path.display())
    }

    fn unwritable(&self, reason: impl fmt::Display) -> String {
        format!("could not write {}: {reason}", self.path.display())
    }

    fn invalid(&self, reason: &str) -> String {
        let (path, line) = (self.path.display(), self.lines + 1);
        format!("{path}, line {line}: expected the record of a recording: {reason}")
    }
}

/// The content of a line.
enum Line {
    Blank,
    Record(RecordingSid),
    /// The beginning of a record.
    Incomplete,
    Invalid(String),
}

fn read(line: &[u8]) -> Line {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Line::Blank;
    }
    match serde_json::from_slice::<RoomRecording>(line) {
        Ok(recording) => Line::Record(recording.sid),
        Err(error) if error.classify() == Category::Eof && line.starts_with(b"{") => {
            Line::Incomplete
        }
        Err(error) => Line::Invalid(error.to_string().escape_debug().to_string()),
    }
}

#[cfg(unix)]
fn is_same(file: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (file.dev(), file.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

fn ignore_unsupported(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    }
}
