//! The folder of an archive: where media files are, and leftovers of killed runs.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use twilio_room_recordings::{PartialFile, RecordingSid, RoomRecording, RoomSid};

use super::failures::is_full;
use crate::entries::{MediaPath, RECORD_FILE, sync};

/// A folder that is created when there is something to put into it.
pub struct Folder {
    path: PathBuf,
    /// If true, each room has a folder of its own.
    by_room: bool,
    /// Set when the folders above this one are on disk.
    are_parents_synced: AtomicBool,
}

impl Folder {
    pub fn new(path: &Path, by_room: bool) -> Self {
        Self { path: path.to_owned(), by_room, are_parents_synced: AtomicBool::new(false) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn record_file(&self) -> PathBuf {
        self.path.join(RECORD_FILE)
    }

    /// The path of the media of a recording that is not archived yet.
    pub fn new_media(&self, recording: &RoomRecording) -> MediaPath {
        let room = self.by_room.then_some(recording.room_sid.as_str());
        MediaPath::new(room, &recording.file_name())
    }

    /// Waits until the names in the folder are on disk, and those above it, because this run or an
    /// earlier one may have created the folder.
    pub fn sync(&self) -> io::Result<()> {
        if self.are_parents_synced.load(Ordering::Relaxed) {
            return sync::folder(&self.path);
        }
        sync::with_parents(&self.path)?;
        self.are_parents_synced.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Checks that files can be created in the folder, or that the folder itself can be.
    pub fn check(&self) -> Result<(), String> {
        let path = self.path.display();
        let Some(existing) = self.path.ancestors().find(|path| fs::symlink_metadata(path).is_ok())
        else {
            // Relative to the current folder.
            return Ok(());
        };
        if existing.is_file() {
            let existing = existing.display();
            return Err(format!("could not create {path}: {existing} is a file"));
        }
        if existing.is_symlink() && !existing.exists() {
            return Err(NotCreated::new(existing, io::ErrorKind::NotFound.into()).to_string());
        }

        match tempfile::tempfile_in(existing) {
            // There may be room enough for an entry, or for a deletion.
            Err(error) if !is_full(&error) => Err(format!("could not write {path}: {error}")),
            _ => Ok(()),
        }
    }

    /// The partial files of the archive; of these rooms if each has a folder of its own.
    pub fn leftovers(&self, rooms: &BTreeSet<RoomSid>) -> Vec<Leftover> {
        let folders: Vec<_> = match self.by_room {
            true => rooms.iter().map(|room| self.path.join(room.as_str())).collect(),
            false => vec![self.path.clone()],
        };
        let mut leftovers = Vec::new();
        for folder in folders {
            // A folder that does not exist has none.
            for file in PartialFile::list(folder).unwrap_or_default() {
                if let Some(sid) = recording_of(&file) {
                    let has_media = file.target.is_file();
                    leftovers.push(Leftover { file, sid, has_media });
                }
            }
        }
        leftovers
    }
}

/// A partial file of a recording.
pub struct Leftover {
    pub file: PartialFile,
    pub sid: RecordingSid,
    /// If true, the file that it was meant for is there.
    pub has_media: bool,
}

fn recording_of(file: &PartialFile) -> Option<RecordingSid> {
    let (sid, _) = file.target.file_name()?.to_str()?.split_once('.')?;
    sid.parse().ok()
}

impl Leftover {
    /// Removes the file, unless another run is writing it.
    pub fn remove(&self) {
        // A file that cannot be removed is left for a later run.
        let _ = self.file.remove();
    }
}

/// A folder that could not be created.
pub struct NotCreated {
    folder: PathBuf,
    pub cause: io::Error,
}

impl NotCreated {
    fn new(folder: &Path, cause: io::Error) -> Self {
        Self { folder: folder.to_owned(), cause }
    }
}

impl fmt::Display for NotCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, cause } = self;
        write!(f, "could not create {}: ", folder.display())?;
        match fs::read_link(folder) {
            Ok(target) => write!(f, "it is a link to {}, which is no folder", target.display()),
            Err(_) => cause.fmt(f),
        }
    }
}

/// Creates a folder if it is missing.
pub fn create(folder: &Path) -> Result<(), NotCreated> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(|cause| NotCreated::new(folder, cause))
}
