//! What a media file is now.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::hash::Sha256;
use super::open::open_regular;

/// What shows that a file has not changed since it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// The stamp of a file; `None` if there is no regular file.
    pub fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some(Self::from(&file))
    }

    fn from(file: &Metadata) -> Self {
        Self { size: file.len(), modified: file.modified().ok() }
    }

    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Reads a file, and returns its hash and its stamp. Another run may replace it meanwhile, but nobody
/// may write to it. Calls `on_read` with the length of each piece.
pub fn hash_file(path: &Path, on_read: impl FnMut(u64)) -> io::Result<(Sha256, Stamp)> {
    let file = open_regular(path)?;
    let before = Stamp::from(&file.metadata()?);
    let (hash, size) = Sha256::of_file(&file, on_read)?;
    if size != before.size || Stamp::from(&file.metadata()?) != before {
        return Err(io::Error::other("it changed while it was read"));
    }
    Ok((hash, before))
}
