//! The folder of an archive: where media files are, and leftovers of killed runs.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use twilio_room_recordings::{RecordingSid, RoomRecording, RoomSid};

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

    fn media_folder(&self, room: &RoomSid) -> PathBuf {
        match self.by_room {
            true => self.path.join(room.as_str()),
            false => self.path.clone(),
        }
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

        let name = format!(".twilio-recordings-{}", process::id());
        let probe = existing.join(name);
        match File::create_new(&probe).and_then(|_| fs::remove_file(&probe)) {
            // There may be room enough for an entry, or for a deletion.
            Err(error) if !is_full(&error) => Err(format!("could not write {path}: {error}")),
            _ => Ok(()),
        }
    }

    /// The partial files of recordings of these rooms.
    pub fn leftovers(&self, rooms: &BTreeSet<RoomSid>) -> Vec<Leftover> {
        let folders: BTreeSet<_> = rooms.iter().map(|room| self.media_folder(room)).collect();
        let mut leftovers = Vec::new();
        for folder in folders {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let Some((media, sid)) = name.to_str().and_then(partial_file_of) else { continue };
                if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    let has_media = folder.join(media).is_file();
                    leftovers.push(Leftover { path: entry.path(), sid, has_media });
                }
            }
        }
        leftovers
    }
}

/// A partial file.
pub struct Leftover {
    pub path: PathBuf,
    pub sid: RecordingSid,
    /// If true, the file that it was meant for is there.
    pub has_media: bool,
}

impl Leftover {
    /// Removes the file, unless another run is writing it.
    pub fn remove(&self) {
        // A file that cannot be removed is left for a later run.
        let _ = remove_unused(&self.path);
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

/// The media file that a partial file belongs to, by its name `SID.FORMAT.HASH.part`.
fn partial_file_of(name: &str) -> Option<(&str, RecordingSid)> {
    let (media, hash) = name.strip_suffix(".part")?.rsplit_once('.')?;
    let is_hash = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if hash.is_empty() || !hash.bytes().all(is_hash) {
        return None;
    }
    let (sid, _) = media.split_once('.')?;
    Some((media, sid.parse().ok()?))
}

/// Removes a partial file, unless another run is writing it.
fn remove_unused(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(()),
        // Some file systems have no locks.
        Ok(()) | Err(TryLockError::Error(_)) => fs::remove_file(path),
    }
}
