//! The media in a file that is complete or not there.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use super::copy::copy;
use super::encryption::Encryption;
use super::failures::Interrupted;
use super::folder::{check, size_there};
use super::partial::Partial;
use super::progress::{Downloaded, Progress};
use super::reader::MediaReader;
use super::source::Media;
use crate::error::{Error, ErrorKind};

/// Downloads the media to a file.
pub(super) fn download_to(
    media: &Media,
    path: &Path,
    on_progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Downloaded, Error> {
    let size_there = |size| size_there(path, size).filter(|_| !media.replaces);
    if size_there(media.known_size()).is_none() {
        check(path).map_err(|error| Error::write(path.display(), error))?;
    }
    let recorded = media.recorded()?;
    let mut reader = MediaReader::new(media.clone(), recorded.clone());
    if recorded.names_key && !media.replaces && path.is_file() {
        // Only the headers of a response hold the encryption data.
        reader.connect_if_closed().map_err(Interrupted::into_error)?;
    }
    let is_described = !recorded.names_key || reader.version().is_some();
    if is_described && let Some(size) = size_there(reader.expected()) {
        return Ok(there(size, reader.encryption()));
    }

    loop {
        let Err(interrupted) = fetch(&mut reader, path, size_there, on_progress) else {
            return Ok(reader.downloaded());
        };
        if !is_of_this_side(&interrupted)
            && (!recorded.names_key || reader.encryption().is_some())
            && let Some(size) = size_there(reader.expected())
        {
            // Another download was faster.
            return Ok(there(size, reader.encryption()));
        }
        match interrupted {
            Interrupted::StartOver(error) => reader.start_over(error)?,
            Interrupted::Failed(error) => return Err(error),
        }
    }
}

/// Returns `true` for a failure that says nothing about the media.
fn is_of_this_side(interrupted: &Interrupted) -> bool {
    matches!(interrupted, Interrupted::Failed(error)
        if matches!(error.kind(), ErrorKind::Write { .. } | ErrorKind::Cancelled))
}

/// The result if the file is already there.
fn there(size: u64, encryption: Option<&Encryption>) -> Downloaded {
    Downloaded { size, transferred: 0, encryption: encryption.cloned() }
}

/// Fetches one version of the media, from the first byte or from where a partial file ends.
fn fetch(
    reader: &mut MediaReader,
    path: &Path,
    size_there: impl Fn(Option<u64>) -> Option<u64>,
    on_progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), Interrupted> {
    let unwritten = |error| Interrupted::unwritten(path.display(), error);
    reader.connect_if_closed()?;
    let mut partial = Partial::open(path, reader.version_id()).map_err(unwritten)?;
    let copied = fill(reader, &mut partial, path, on_progress);
    match &copied {
        Ok(()) => {
            let is_there = || size_there(Some(reader.position())).is_some();
            // A file of that size is there if another download was faster.
            if !partial.publish(path, reader.position()).map_err(unwritten)? && !is_there() {
                return Err(unwritten(io::Error::other(
                    "the partial file was removed or replaced",
                )));
            }
        }
        Err(interrupted) if interrupted.can_resume() && size_there(reader.expected()).is_none() => {
            partial.keep();
        }
        Err(_) => partial.discard(),
    }
    copied
}

/// Adds to a partial file what it lacks.
fn fill(
    reader: &mut MediaReader,
    partial: &mut Partial,
    path: &Path,
    on_progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), Interrupted> {
    reader.pin();
    let resumed = partial.resume(reader.total());
    let position = resumed.map_err(|error| Interrupted::unwritten(path.display(), error))?;
    if position > 0 {
        reader.skip_to(position);
    }
    copy(reader, partial, path.display(), on_progress)
}
