//! Opening what is on disk.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Opens a regular file for reading. To open a FIFO would wait for its writer.
pub fn open_regular(path: &Path) -> io::Result<File> {
    match fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::Error::other("it is no regular file")),
    }
}
