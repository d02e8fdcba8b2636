//! The records of what is archived, one a line.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use twilio_room_recordings::{RecordingSid, RoomRecording};

/// A file of records that only grows. Each recording is in it once.
pub struct Journal {
    file: File,
    sids: HashSet<RecordingSid>,
    /// How far the file was read, to the end of a line.
    read: u64,
}

impl Journal {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file, sids: HashSet::new(), read: 0 })
    }

    /// Adds a record, unless it is there. Two runs at once take turns.
    pub fn add(&mut self, recording: &RoomRecording) -> io::Result<()> {
        self.file.lock()?;
        let added = self.add_locked(recording);
        self.file.unlock()?;
        added
    }

    fn add_locked(&mut self, recording: &RoomRecording) -> io::Result<()> {
        self.catch_up()?;
        if !self.sids.contains(&recording.sid) {
            let line = format!("{}\n", serde_json::to_string(recording)?);
            self.file.seek(SeekFrom::Start(self.read))?;
            self.file.write_all(line.as_bytes())?;
            self.read += line.len() as u64;
            self.sids.insert(recording.sid);
        }
        self.file.sync_all()
    }

    /// Reads what has come since, and mends the end of it.
    fn catch_up(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(self.read))?;
        self.file.read_to_end(&mut bytes)?;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match serde_json::from_slice::<RoomRecording>(line) {
                Ok(recording) => {
                    self.sids.insert(recording.sid);
                }
                // The beginning of a line that another run did not come to the end of.
                Err(error) if error.is_eof() && line.starts_with(b"{") => {
                    return self.file.set_len(self.read);
                }
                Err(error) => return Err(error.into()),
            }
            self.read += line.len() as u64;
            if !line.ends_with(b"\n") {
                self.file.write_all(b"\n")?;
                self.read += 1;
            }
        }
        Ok(())
    }
}
