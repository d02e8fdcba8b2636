//! The media in a file that is complete or not there.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use super::copy::{CopyError, copy};
use super::encryption::Encryption;
use super::failures::Interrupted;
use super::folder::{check, size_there};
use super::partial::Partial;
use super::progress::{Downloaded, Progress};
use super::reader::MediaReader;
use super::source::Media;
use crate::error::Error;

/// Downloads the media to a file.
pub(super) fn download_to(
    media: &Media,
    path: &Path,
    on_progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Downloaded, Error> {
    let named = |error: CopyError| error.into_error(path.display());
    let size_there = |size| size_there(path, size).filter(|_| !media.replaces);
    if let Some(size) = size_there(media.known_size()) {
        // For the status, which may say that there is no media.
        media.recorded()?;
        return Ok(there(size, None));
    }

    check(path).map_err(|error| named(error.into()))?;
    let recorded = media.recorded()?;
    let mut reader = MediaReader::new(media.clone(), recorded.size);
    if recorded.names_key && !media.replaces && path.is_file() {
        // Only the headers hold what decrypts the file.
        reader.connect_if_closed().map_err(Interrupted::into_error)?;
    }
    let is_described = !recorded.names_key || reader.version().is_some();
    if is_described && let Some(size) = size_there(reader.expected()) {
        return Ok(there(size, reader.encryption()));
    }

    loop {
        let Err(error) = fetch(&mut reader, path, on_progress) else {
            return Ok(reader.downloaded());
        };
        if matches!(error, CopyError::Interrupted(_))
            && (!recorded.names_key || reader.encryption().is_some())
            && let Some(size) = size_there(reader.expected())
        {
            // Another download was faster.
            return Ok(there(size, reader.encryption()));
        }
        match error {
            CopyError::Interrupted(Interrupted::StartOver(error)) => reader.start_over(error)?,
            error => return Err(named(error)),
        }
    }
}

/// The result if the file is already there.
fn there(size: u64, encryption: Option<&Encryption>) -> Downloaded {
    Downloaded { size, transferred: 0, encryption: encryption.cloned() }
}

/// Fetches one version of the media, from the first byte or from where a partial file ends.
fn fetch(
    reader: &mut MediaReader,
    path: &Path,
    on_progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), CopyError> {
    reader.connect_if_closed()?;
    let mut partial = Partial::open(path, reader.version_id())?;
    let copied = fill(reader, &mut partial, on_progress);
    match &copied {
        Ok(()) => {
            let is_there = || size_there(path, Some(reader.position())).is_some();
            // If it has become the file at the path, another download was faster.
            if !partial.publish(path, reader.position())? && !is_there() {
                let reason = "the partial file was removed or replaced";
                return Err(io::Error::other(reason).into());
            }
        }
        Err(error) if error.can_resume() && size_there(path, reader.expected()).is_none() => {
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
    on_progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), CopyError> {
    reader.pin();
    let position = partial.resume(reader.total())?;
    if position > 0 {
        reader.skip_to(position);
    }
    copy(reader, partial, on_progress)
}
