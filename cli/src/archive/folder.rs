//! The folder of an archive: media files, the record file, and leftovers of killed runs.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use twilio_room_recordings::{RecordingSid, RoomRecording, RoomSid};

use super::record_file::RecordFile;

/// A folder that is created when there is something to put into it.
pub struct Folder {
    path: PathBuf,
    /// If true, each room has a folder of its own.
    by_room: bool,
    records: Option<RecordFile>,
    /// The folders of media files that exist.
    media_folders: BTreeSet<PathBuf>,
}

impl Folder {
    /// Opens and checks the record file, if there is one. Creates nothing.
    pub fn new(path: &Path, by_room: bool) -> Result<Self, String> {
        let records = RecordFile::open_existing(&path.join(RECORD_FILE))?;
        let media_folders = BTreeSet::new();
        Ok(Self { path: path.to_owned(), by_room, records, media_folders })
    }

    /// The path of a recording's media. Creates its folder if that is missing.
    pub fn prepare(&mut self, recording: &RoomRecording) -> Result<PathBuf, NotCreated> {
        let folder = self.media_folder(&recording.room_sid);
        if !self.media_folders.contains(&folder) {
            create(&folder)?;
            self.media_folders.insert(folder);
        }
        Ok(self.media_path(recording))
    }

    pub fn media_path(&self, recording: &RoomRecording) -> PathBuf {
        self.media_folder(&recording.room_sid).join(recording.file_name())
    }

    fn media_folder(&self, room: &RoomSid) -> PathBuf {
        match self.by_room {
            true => self.path.join(room.as_str()),
            false => self.path.clone(),
        }
    }

    /// The records. Creates their file and its folder if they are missing.
    pub fn records(&mut self) -> Result<&mut RecordFile, String> {
        let records = match self.records.take() {
            Some(records) => records,
            None => {
                create(&self.path).map_err(|error| error.to_string())?;
                RecordFile::create(&self.path.join(RECORD_FILE))?
            }
        };
        Ok(self.records.insert(records))
    }

    /// Removes the partial files of recordings of these rooms that are complete. Killed runs leave
    /// them behind if another run has completed the recording from a partial file of its own.
    pub fn remove_leftovers(&self, rooms: &BTreeSet<RoomSid>) {
        let Some(records) = &self.records else { return };
        let folders: BTreeSet<_> = rooms.iter().map(|room| self.media_folder(room)).collect();
        for folder in folders {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let Some((media, sid)) = name.to_str().and_then(partial_file_of) else { continue };
                let is_complete = records.contains(&sid) && folder.join(media).is_file();
                if is_complete && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    // A file that cannot be removed is left for a later run.
                    let _ = remove_unused(&entry.path());
                }
            }
        }
    }
}

const RECORD_FILE: &str = "recordings.ndjson";

/// A folder that could not be created.
pub struct NotCreated {
    folder: PathBuf,
    pub cause: io::Error,
}

impl fmt::Display for NotCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, cause } = self;
        write!(f, "could not create {}: {cause}", folder.display())
    }
}

/// Creates a folder if it is missing.
fn create(folder: &Path) -> Result<(), NotCreated> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(|cause| NotCreated { folder: folder.to_owned(), cause })?;

    // A recording may be deleted soon, so its folder must be on disk. Not every file system can
    // do that.
    if let Some(parent) = folder.parent()
        && let Ok(parent) = File::open(parent)
    {
        let _ = parent.sync_all();
    }
    Ok(())
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
