//! Media to a file: whole, or not there.

use std::fs;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use super::partial::{Partial, sync_directory};
use super::reader::{CopyError, MediaReader};
use super::request::{Downloaded, Media, OnProgress};
use super::source::Source;
use crate::error::Error;
use crate::http::Deadline;

/// How often a download begins anew because the media has changed, or can't be taken up.
const MAX_RESTARTS: u32 = 3;

enum Outcome {
    /// The partial file is whole now.
    Fetched(Downloaded),
    /// A file of the right size is there, by an earlier run or one at the same time.
    AlreadyThere { size: u64 },
}

impl Media<'_> {
    /// Downloads the media to a file. It appears under its name only when it is complete and on
    /// the disk.
    ///
    /// Until then the media is in a partial file beside it, `NAME.….part`. A later call resumes
    /// that, even if the process was killed. A file of the recorded size is left as it is, whatever
    /// its content: then nothing is transferred, and the callback is not called. Calls at the same
    /// time, in one program or several, do not disturb each other. (If a power failure damages a
    /// partial file without shortening it, the damage is not noticed.)
    ///
    /// # Errors
    ///
    /// - The errors of [`download`](Self::download).
    /// - [`Write`](crate::ErrorKind::Write) if the folder is missing or cannot be written to, before
    ///   anything is requested.
    pub fn download_to(mut self, path: impl AsRef<Path>) -> Result<Downloaded, Error> {
        to_file(&self.source, path.as_ref(), &mut self.on_progress)
    }
}

fn to_file(
    media: &Source,
    path: &Path,
    on_progress: &mut OnProgress<'_>,
) -> Result<Downloaded, Error> {
    let cannot_write = |error: io::Error| Error::write(path.display(), error);
    if media.is_at_hand()
        && let Some(size) = size_there(path, media.size(Deadline::NONE)?)
    {
        // Even where nothing can be written any more.
        Partial::remove_left(path);
        return already_there(path, size).map_err(cannot_write);
    }
    let mut partial = match Partial::take_up(path).map_err(cannot_write)? {
        Some(partial) => partial,
        None => Partial::create(path).map_err(cannot_write)?,
    };
    match fetch(media, &mut partial, path, on_progress) {
        Ok(Outcome::Fetched(done)) => {
            partial.finish().map_err(cannot_write)?;
            Partial::remove_left(path);
            Ok(done)
        }
        Ok(Outcome::AlreadyThere { size }) => {
            partial.remove();
            already_there(path, size).map_err(cannot_write)
        }
        Err(error) => {
            if partial.tag().is_none() || is_damage(&error) {
                partial.remove();
            }
            Err(error.of(path.display()))
        }
    }
}

/// Whether an error may mean that what was written before is not what can be read.
fn is_damage(error: &CopyError) -> bool {
    let CopyError::Write(error) = error else { return false };
    !matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// The size of the file, where one of the size that the record says is there already.
fn size_there(path: &Path, recorded: Option<u64>) -> Option<u64> {
    let file = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    recorded.filter(|size| *size == file.len())
}

fn already_there(path: &Path, size: u64) -> io::Result<Downloaded> {
    // The file itself was on the disk before it had its name.
    sync_directory(path)?;
    Ok(Downloaded { size, transferred: 0 })
}

fn fetch(
    media: &Source,
    partial: &mut Partial,
    path: &Path,
    on_progress: &mut OnProgress<'_>,
) -> Result<Outcome, CopyError> {
    let deadline = media.deadline_from_now();
    let size = media.size(deadline).map_err(CopyError::Read)?;
    if let Some(size) = size_there(path, size) {
        return Ok(Outcome::AlreadyThere { size });
    }
    let mut reader = MediaReader::new(media.clone(), size, deadline);
    let mut restarts = 0;
    loop {
        let error = match fetch_rest(&mut reader, partial, on_progress) {
            Ok(size) => {
                let transferred = reader.transferred();
                return Ok(Outcome::Fetched(Downloaded { size, transferred }));
            }
            Err(CopyError::Read(error)) => error,
            Err(error) => return Err(error),
        };
        if let Some(size) = size_there(path, size) {
            return Ok(Outcome::AlreadyThere { size });
        }
        if !reader.must_start_over(&error) {
            return Err(CopyError::Read(error));
        }
        partial.empty().map_err(CopyError::Write)?;
        if restarts == MAX_RESTARTS {
            return Err(CopyError::Read(error));
        }
        restarts += 1;
        reader.start_over();
    }
}

/// Fetches what a partial file lacks, and gives the size of the whole.
fn fetch_rest(
    reader: &mut MediaReader,
    partial: &mut Partial,
    on_progress: &mut OnProgress<'_>,
) -> Result<u64, CopyError> {
    match partial.tag() {
        Some(tag) => {
            // Its last byte is asked for again, for a range can't begin at the end of a media.
            let last = partial.file.seek(SeekFrom::End(-1)).map_err(CopyError::Write)?;
            reader.resume(last, tag);
        }
        None => {
            reader.open().map_err(CopyError::Read)?;
            partial.mark(reader.entity_tag()).map_err(CopyError::Write)?;
            reader.bind();
        }
    }
    let size = reader.copy_to(&mut partial.file, on_progress)?;
    partial.file.set_len(size).map_err(CopyError::Write)?;
    Ok(size)
}
