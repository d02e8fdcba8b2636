//! The file that is made.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file that appears under its name when it is complete. Until then it is a partial file beside
/// it, which is removed if this value is dropped. A killed run leaves the partial file behind, and
/// the next run overwrites it.
pub struct Output {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    force: bool,
}

impl Output {
    pub fn create(path: &Path, force: bool) -> Result<Self, Failure> {
        check_free(path, force)?;
        // ffmpeg chooses the format by the extension.
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let partial = path.with_extension(format!("twilio-recordings-part.{extension}"));
        let file = open(&partial).map_err(|error| failed("create", &partial, &error))?;

        // Some file systems have no locks.
        if cfg!(unix) && matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            let partial = partial.display();
            return Err(Failure::Other(format!("another run is writing {partial}")));
        }
        Ok(Self { path: path.to_owned(), partial, file, force })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of the file that ffmpeg writes.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// The locked file. A process that has it keeps the lock after the end of this one.
    pub fn lock(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Gives the complete file its name.
    pub fn finish(self) -> Result<(), Failure> {
        self.file.sync_all().map_err(|error| failed("write", &self.partial, &error))?;
        check_free(&self.path, self.force)?;
        fs::rename(&self.partial, &self.path).map_err(|error| failed("create", &self.path, &error))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After a success it has another name.
        let _ = fs::remove_file(&self.partial);
    }
}

/// Opens the partial file that a killed run has left, or a new one. Whatever else has its name is not
/// touched.
fn open(partial: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    match fs::symlink_metadata(partial) {
        Ok(there) if there.is_file() => options.open(partial),
        Ok(_) => Err(io::Error::other("it exists, and is no regular file")),
        Err(_) => options.create_new(true).open(partial),
    }
}

fn check_free(path: &Path, force: bool) -> Result<(), Failure> {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => Err(Failure::Other(format!("{shown} is a folder"))),
        Ok(_) if !force => Err(Failure::Other(format!("{shown} exists: --force replaces it"))),
        _ => Ok(()),
    }
}

fn failed(action: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("could not {action} {}: {error}", path.display()))
}
