//! The folder of a download: checks before the first request, and what has to reach the disk.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf, is_separator};

/// Checks that there can be a file at this path, and a partial file beside it.
pub(super) fn check(path: &Path) -> io::Result<()> {
    let invalid = |reason| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    if !ends_in_name(path.as_os_str()) {
        return invalid("expected the name of a file at the end of the path");
    }
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return invalid("exists and is not a regular file");
    }
    if !fs::metadata(folder(path))?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }

    // Fails if the name is too long, or if the folder does not permit access.
    random_partial_path(path).try_exists().map(drop)
}

/// Returns `true` if the last part of the path is a name. `Path::file_name` ignores a separator or a dot at
/// the end, and the operating system does not.
fn ends_in_name(path: &OsStr) -> bool {
    let bytes = path.as_encoded_bytes();
    let is_end = |byte: &u8| byte.is_ascii() && is_separator(char::from(*byte));
    let last = bytes.rsplit(is_end).next().unwrap_or_default();
    !matches!(last, b"" | b"." | b"..")
}

/// The size of the file at this path, if there is a file of the expected size.
pub(super) fn size_there(path: &Path, expected: Option<u64>) -> Option<u64> {
    let there = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    expected.filter(|size| *size == there.len())
}

/// Waits until the file's bytes are on the disk.
pub(super) fn sync(file: &File) -> io::Result<()> {
    file.sync_all().or_else(|error| if is_unsupported(&error) { Ok(()) } else { Err(error) })
}

/// Waits until the name of a new file is on the disk.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    // Not every platform can open a folder, and the rename holds all the same.
    File::open(folder(path)).map_or(Ok(()), |folder| sync(&folder))
}

/// Returns `true` if an error means that the file system does not support the operation.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// The path of the partial file with this ID.
pub(super) fn partial_path(path: &Path, id: u64) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(format!(".{id:016x}.part"));
    path.with_file_name(name)
}

/// The path of the file that a partial file at this path becomes; `None` if it is none by its name.
pub(super) fn target_of(path: &Path) -> Option<PathBuf> {
    path.extension().filter(|end| *end == "part")?;
    let path = path.with_extension("");
    let id = path.extension()?.as_encoded_bytes();
    let is_id = id.len() == 16 && id.iter().all(u8::is_ascii_hexdigit);
    is_id.then(|| path.with_extension(""))
}

/// A path for a new partial file.
pub(super) fn random_partial_path(path: &Path) -> PathBuf {
    // std takes the keys of its hash from the operating system's random numbers.
    partial_path(path, RandomState::new().hash_one(()))
}
