//! `PartialFile`: the files that interrupted downloads have left.

use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::folder::target_of;

/// The partial file of a download that is running, or that was interrupted.
///
/// [`Media::download_to`](crate::Media::download_to) resumes it and moves it to its target, so this type
/// is only for downloads that nobody will repeat.
///
/// ```no_run
/// use std::path::Path;
/// use twilio_room_recordings::PartialFile;
///
/// fn remove_leftovers(folder: &Path) -> std::io::Result<()> {
///     for file in PartialFile::list(folder)? {
///         if file.target.exists() {
///             file.remove()?;
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PartialFile {
    /// The path of the partial file.
    pub path: PathBuf,
    /// The path of the file that it becomes.
    pub target: PathBuf,
}

impl PartialFile {
    /// Lists the partial files in a folder, in no particular order.
    ///
    /// # Errors
    ///
    /// The error of the operating system if the folder cannot be listed.
    ///
    /// ```no_run
    /// use twilio_room_recordings::PartialFile;
    ///
    /// for file in PartialFile::list("archive")? {
    ///     println!("{} is not complete", file.target.display());
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn list(folder: impl AsRef<Path>) -> io::Result<Vec<Self>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if let Some(target) = target_of(&path)
                && entry.file_type().is_ok_and(|kind| kind.is_file())
            {
                files.push(Self { path, target });
            }
        }
        Ok(files)
    }

    /// Removes the file, unless a download is writing to it or has completed it. Returns `true` if it
    /// was removed. On a file system without locks, a download that is running is not noticed, and fails.
    ///
    /// # Errors
    ///
    /// The error of the operating system if the file cannot be opened or removed.
    ///
    /// ```no_run
    /// use twilio_room_recordings::PartialFile;
    ///
    /// for file in PartialFile::list("archive")? {
    ///     if !file.remove()? {
    ///         println!("{} is being downloaded, or complete", file.target.display());
    ///     }
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn remove(&self) -> io::Result<bool> {
        // For writing, because network file systems lock no other file. For reading too, because opening
        // a FIFO for writing alone waits for a reader.
        let opened = OpenOptions::new().read(true).write(true).open(&self.path);
        let removed = opened.and_then(|file| match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(false),
            _ => fs::remove_file(&self.path).map(|()| true),
        });
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            removed => removed,
        }
    }
}
