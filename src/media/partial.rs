//! The partial file of a download.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::folder::{self, random_partial_path};

/// The number of bytes that are on the disk before any byte after them is written.
const STEP: u64 = 8 * 1024 * 1024;

/// The modification time of a file whose bytes are all on the disk. Each write replaces it, in the
/// same inode as the size, so that a loss of power leaves the old values of both or the new ones.
const SYNCED: SystemTime = SystemTime::UNIX_EPOCH;

/// A file with the first bytes of one version of a recording's media.
///
/// It is named `NAME.ID.part`. If the version has an entity tag, `ID` stands for it, and the file
/// is kept after a failure, to be resumed. Otherwise `ID` is random, and the file is removed.
pub(super) struct Partial {
    file: File,
    position: u64,
    place: Place,
}

impl Partial {
    /// Opens the partial file of the version with this ID for the file at `path`, or a new one with
    /// a random name if there is no ID, if another download is writing to that file, or if it is
    /// not certainly one's own.
    pub(super) fn open(path: &Path, id: Option<u64>) -> io::Result<Self> {
        match id {
            #[cfg(unix)]
            Some(id) => own::open(path, folder::partial_path(path, id)),
            _ => Self::create_random(path),
        }
    }

    fn create_random(path: &Path) -> io::Result<Self> {
        let path = random_partial_path(path);
        let file = create_new(&path)?;
        // Shows others that it is in use. Some file systems have no locks.
        let _ = file.try_lock();
        Ok(Self { file, position: 0, place: Place { path, is_kept: false } })
    }

    /// Moves to the end of the bytes that are certainly right, and returns its position: after a loss
    /// of power, what no sync has followed can be anything. The bytes after it are not removed,
    /// because a file system without locks can have another download write to them.
    pub(super) fn resume(&mut self, total: Option<u64>) -> io::Result<u64> {
        let file = self.file.metadata()?;
        let length = file.len();
        if total.is_some_and(|total| length > total) {
            self.file.set_len(0)?;
        } else if is_marked(&file) {
            self.position = length;
        } else {
            self.position = length.saturating_sub(1) / STEP * STEP;
        }
        self.file.seek(SeekFrom::Start(self.position))
    }

    /// Has a later download resume after the last byte, if that is possible.
    pub(super) fn keep(&self) {
        // Without a lock, another download can write after the sync.
        if self.place.is_kept && self.file.try_lock().is_ok() && folder::sync(&self.file).is_ok() {
            let _ = self.file.set_modified(SYNCED);
        }
    }

    /// Moves the complete file of this size to its final path when its bytes are on the disk. Returns
    /// `true` if it is there, also if another download has moved it, and `false` if it is gone.
    pub(super) fn publish(self, path: &Path, size: u64) -> io::Result<bool> {
        if self.file.metadata().is_ok_and(|file| is_marked(&file)) {
            let _ = self.file.set_modified(SystemTime::now());
        }
        if let Err(error) = folder::sync(&self.file) {
            // Nobody knows which of the bytes are on the disk.
            self.discard();
            return Err(error);
        }
        if !self.is_in_place() {
            return Ok(self.is_at(path));
        }

        // Some file systems write a file only when it is closed. The other handle keeps the lock.
        let Self { file, place, .. } = self;
        let lock = file.try_clone().ok();
        drop(file);
        place.check_size(size)?;
        place.move_to(path, lock)?;
        folder::sync_folder_of(path).map(|()| true)
    }

    /// Removes the file. If that fails, at least its bytes are given back.
    pub(super) fn discard(&self) {
        // Something else at that path is not this file.
        if !self.is_in_place() {
            return;
        }
        match fs::remove_file(&self.place.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                // A later download finds an empty file, or one that it cannot use.
                let _ = self.file.set_len(0);
            }
            _ => {}
        }
    }

    fn is_in_place(&self) -> bool {
        self.is_at(&self.place.path)
    }

    fn is_at(&self, path: &Path) -> bool {
        #[cfg(unix)]
        let is_there = own::is_at(&self.file, path).unwrap_or(false);
        #[cfg(not(unix))]
        let is_there = path == self.place.path;
        is_there
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = STEP - self.position % STEP;
        if left == STEP && self.position > 0 && self.place.is_kept {
            folder::sync(&self.file)?;
        }

        let length = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let written = self.file.write(&bytes[..length])?;
        self.position += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The name of a partial file. Unless the file is kept to be resumed, it is removed on drop.
struct Place {
    path: PathBuf,
    is_kept: bool,
}

impl Place {
    /// Checks the size of the file after it was closed, which can fail without an error.
    fn check_size(&self, expected: u64) -> io::Result<()> {
        let size = fs::symlink_metadata(&self.path)?.len();
        if size == expected {
            return Ok(());
        }

        // What is there is of no use. If it cannot be removed, a later download empties it.
        let _ = fs::remove_file(&self.path);
        Err(io::Error::other(format!(
            "the file has {size} bytes after it was closed: expected {expected}; the disk or the \
             quota may be full"
        )))
    }

    fn move_to(mut self, path: &Path, lock: Option<File>) -> io::Result<()> {
        let moved = fs::rename(&self.path, path).or_else(|_| {
            // Some file systems cannot rename a file that is open.
            drop(lock);
            fs::rename(&self.path, path)
        });
        self.is_kept = match &moved {
            Ok(()) => true,
            Err(error) => self.is_kept && !is_full(error),
        };
        moved
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_kept {
            // A file that is gone already is no failure.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_marked(file: &Metadata) -> bool {
    file.modified().is_ok_and(|time| time == SYNCED)
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Partial files that are resumed. In a folder that others can write to, anything can stand under
/// the name of a partial file, and can be replaced at any time. So no decision is based on a path:
/// the file that was opened is checked, and that it is still the one at its path.
#[cfg(unix)]
mod own {
    use std::fs::TryLockError;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    /// The maximum number of attempts to open a file that disappears meanwhile.
    const MAX_ATTEMPTS: u32 = 16;

    enum Opened {
        Own(File),
        /// Another download has finished or discarded it.
        Gone,
        Unusable,
    }

    pub(super) fn open(whole: &Path, path: PathBuf) -> io::Result<Partial> {
        let mut random = None;
        for _ in 0..MAX_ATTEMPTS {
            let opened = match create_new(&path) {
                Ok(file) => lock(file, &path)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let random = match &mut random {
                        Some(random) => random,
                        empty => empty.insert(Partial::create_random(whole)?),
                    };
                    open_existing(&path, &random.file.metadata()?)?
                }
                Err(error) => return Err(error),
            };
            match opened {
                Opened::Own(file) => {
                    let place = Place { path, is_kept: true };
                    return Ok(Partial { file, position: 0, place });
                }
                Opened::Gone => {}
                Opened::Unusable => break,
            }
        }
        random.map_or_else(|| Partial::create_random(whole), Ok)
    }

    /// Opens the file at this path if nobody else can have written to it: it is private, or like a
    /// file that was just created beside it. Its mode is then that of the created one.
    fn open_existing(path: &Path, created: &Metadata) -> io::Result<Opened> {
        const WRITABLE_BY_OTHERS: u32 = 0o022;
        let is_own = |file: &Metadata| {
            let is_alike = (file.gid(), file.mode()) == (created.gid(), created.mode());
            let is_private = file.mode() & WRITABLE_BY_OTHERS == 0;
            file.is_file()
                && file.nlink() == 1
                && file.uid() == created.uid()
                && (is_private || is_alike)
        };
        match fs::symlink_metadata(path) {
            Ok(there) if is_own(&there) => {}
            Ok(_) => return Ok(Opened::Unusable),
            Err(error) => return gone_or(error),
        }

        // For reading too, because opening a FIFO for writing alone waits for a reader.
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Opened::Gone),
            Err(_) => return Ok(Opened::Unusable),
        };
        match lock(file, path)? {
            Opened::Own(file) => {
                let there = file.metadata()?;
                // Some file systems cannot set it.
                let has_mode = || {
                    there.mode() == created.mode()
                        || file.set_permissions(created.permissions()).is_ok()
                };
                Ok(if is_own(&there) && has_mode() { Opened::Own(file) } else { Opened::Unusable })
            }
            opened => Ok(opened),
        }
    }

    /// Locks a file, which must be at its path after that: another download may have moved it to
    /// its final path in the meantime.
    fn lock(file: File, path: &Path) -> io::Result<Opened> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Opened::Unusable),
            // Without locks, two downloads may write to the file. Both write the same bytes.
            Err(TryLockError::Error(_)) => {}
        }
        match is_at(&file, path) {
            Ok(true) => Ok(Opened::Own(file)),
            Ok(false) => Ok(Opened::Gone),
            Err(error) => gone_or(error),
        }
    }

    /// Returns `true` if the open file is the one at this path, and not behind a link.
    pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
        let (opened, there) = (file.metadata()?, fs::symlink_metadata(path)?);
        // Some file systems give a file a new inode number at each look.
        let has_fixed_number = file.metadata()?.ino() == opened.ino();
        Ok(!has_fixed_number || (opened.dev(), opened.ino()) == (there.dev(), there.ino()))
    }

    fn gone_or(error: io::Error) -> io::Result<Opened> {
        match error.kind() {
            io::ErrorKind::NotFound => Ok(Opened::Gone),
            _ => Err(error),
        }
    }
}
