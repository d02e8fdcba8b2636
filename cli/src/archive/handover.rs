//! The handover of a complete file to the program of `--exec`.

use std::fs;
use std::io;
use std::path::Path;

use super::archiver::Archiver;
use crate::entries::{Entry, Stamp, hash_file};

impl Archiver<'_> {
    /// Runs the program of `--exec`, if there is one, for a file that its entry describes.
    ///
    /// Returns the file's stamp; `None` if the program has moved or removed the file. The file must
    /// not change, because its entry says what it holds.
    pub fn hand_over(
        &self,
        entry: &Entry,
        path: &Path,
        stamp: Stamp,
    ) -> Result<Option<Stamp>, String> {
        let Some(program) = &self.program else { return Ok(Some(stamp)) };
        let line = entry.line().map_err(|error| error.to_string())?;
        let run = program.run(entry.recording.sid, path, line, self.messages);
        run.map_err(|error| error.to_string())?;

        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ if Stamp::of(path) == Some(stamp) => Ok(Some(stamp)),
            _ => match hash_file(path, |_| {}) {
                Ok((hash, stamp)) if hash == entry.archive.sha256 => Ok(Some(stamp)),
                _ => Err(format!("the program changed {}", path.display())),
            },
        }
    }
}
