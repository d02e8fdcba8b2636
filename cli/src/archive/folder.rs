//! The folder of an archive: where media files are, and leftovers of killed runs.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use twilio_room_recordings::{RecordingSid, RoomRecording, RoomSid};

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

    /// Removes the partial files of recordings of these rooms that are complete. Killed runs leave
    /// them behind if another run has completed the recording from a partial file of its own.
    pub fn remove_leftovers(
        &self,
        rooms: &BTreeSet<RoomSid>,
        is_archived: impl Fn(&RecordingSid) -> bool,
    ) {
        let folders: BTreeSet<_> = rooms.iter().map(|room| self.media_folder(room)).collect();
        for folder in folders {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let Some((media, sid)) = name.to_str().and_then(partial_file_of) else { continue };
                let is_complete = is_archived(&sid) && folder.join(media).is_file();
                if is_complete && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    // A file that cannot be removed is left for a later run.
                    let _ = remove_unused(&entry.path());
                }
            }
        }
    }
}

/// A folder that could not be created.
pub struct NotCreated {
    folder: PathBuf,
    pub cause: io::Error,
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
    fs::create_dir_all(folder).map_err(|cause| NotCreated { folder: folder.to_owned(), cause })
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
