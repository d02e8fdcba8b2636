//! Files and folders that must be on disk before something depends on them.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Waits until the content of a file is on disk, if its file system can do that.
pub fn file(file: &File) -> io::Result<()> {
    file.sync_all().or_else(ignore_unsupported)
}

/// Waits until the names in a folder are on disk, if its file system can do that.
pub fn folder(path: &Path) -> io::Result<()> {
    // Only Unix opens folders.
    if !cfg!(unix) {
        return Ok(());
    }
    File::open(path)?.sync_all().or_else(ignore_unsupported)
}

/// Waits until the names of a folder and of those above it are on disk, because this run or an
/// earlier one may have created them.
pub fn with_parents(path: &Path) -> io::Result<()> {
    folder(path)?;
    for parent in fs::canonicalize(path)?.ancestors().skip(1) {
        match folder(parent) {
            // No run can have created a folder in there.
            Err(error) if is_unwritable(&error) => {}
            synced => synced?,
        }
    }
    Ok(())
}

fn is_unwritable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn ignore_unsupported(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    }
}
