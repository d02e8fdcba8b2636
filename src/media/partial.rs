//! The partial file of a download.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::folder::{self, partial_path, random_partial_path};

/// A file with the first bytes of one version of a recording's media.
///
/// It is named `NAME.ID.part`. If the version has an entity tag, `ID` stands for it, and the file
/// is kept after a failure, to be resumed. Otherwise `ID` is random, and the file is removed.
pub(super) struct Partial {
    pub file: File,
    path: PathBuf,
    on_drop: OnDrop,
}

#[derive(Clone, Copy)]
enum OnDrop {
    Keep,
    Remove,
}

impl Partial {
    /// Opens the partial file of the version with this ID for the file at `path`, or a new one with
    /// a random name if there is no ID, if another download is writing to that file, or if it is
    /// not certainly one's own.
    pub(super) fn open(path: &Path, id: Option<u64>) -> io::Result<Self> {
        match id {
            #[cfg(unix)]
            Some(id) => own::open(path, partial_path(path, id)),
            _ => Self::create_random(path),
        }
    }

    fn create_random(path: &Path) -> io::Result<Self> {
        loop {
            let path = random_partial_path(path);
            match create_new(&path) {
                Ok(file) => return Ok(Self { file, path, on_drop: OnDrop::Remove }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves the complete file to its final path when its bytes are on the disk.
    pub(super) fn publish(mut self, path: &Path) -> io::Result<()> {
        if let Err(error) = folder::sync(&self.file) {
            // Nobody knows which of the bytes are on the disk.
            self.discard();
            return Err(error);
        }
        if !self.is_in_place() {
            return Err(io::Error::other("the partial file was removed or replaced"));
        }

        match fs::rename(&self.path, path) {
            Ok(()) => {
                self.on_drop = OnDrop::Keep;
                folder::sync_folder_of(path)
            }
            Err(error) => {
                if is_full(&error) {
                    self.discard();
                }
                Err(error)
            }
        }
    }

    /// Removes the file. If that fails, at least its bytes are given back.
    pub(super) fn discard(&self) {
        // Something else at that path is not this file.
        if !self.is_in_place() {
            return;
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                // A later download finds an empty file, or one that it cannot use.
                let _ = self.file.set_len(0);
            }
            _ => {}
        }
    }

    fn is_in_place(&self) -> bool {
        #[cfg(unix)]
        let is_in_place = own::is_at(&self.file, &self.path).unwrap_or(false);
        #[cfg(not(unix))]
        let is_in_place = true;
        is_in_place
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let OnDrop::Remove = self.on_drop {
            // Nobody else uses a random name, so a file that is gone already is no failure.
            let _ = fs::remove_file(&self.path);
        }
    }
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
    use std::fs::{Metadata, TryLockError};
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
                Opened::Own(file) => return Ok(Partial { file, path, on_drop: OnDrop::Keep }),
                Opened::Gone => {}
                Opened::Unusable => break,
            }
        }
        random.map_or_else(|| Partial::create_random(whole), Ok)
    }

    /// Opens the file at this path if it is like a file that was just created beside it.
    fn open_existing(path: &Path, created: &Metadata) -> io::Result<Opened> {
        let is_own = |file: &Metadata| {
            let (owner, mode) = ((file.uid(), file.gid()), file.mode());
            file.nlink() == 1 && owner == (created.uid(), created.gid()) && mode == created.mode()
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
            Opened::Own(file) if !is_own(&file.metadata()?) => Ok(Opened::Unusable),
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
        let (file, there) = (file.metadata()?, fs::symlink_metadata(path)?);
        Ok((file.dev(), file.ino()) == (there.dev(), there.ino()))
    }

    fn gone_or(error: io::Error) -> io::Result<Opened> {
        match error.kind() {
            io::ErrorKind::NotFound => Ok(Opened::Gone),
            _ => Err(error),
        }
    }
}
