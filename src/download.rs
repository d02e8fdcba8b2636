//! Media to a file: whole, or not there.

use std::fs;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use crate::error::Error;
use crate::media::{CopyError, Downloaded, Media, MediaReader, Progress};
use crate::partial::Partial;

/// How often a download begins anew because the media has changed, or can't be taken up.
const MAX_RESTARTS: u32 = 3;

pub(crate) fn to_file(
    media: &Media,
    path: &Path,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Downloaded, Error> {
    let cannot_write = |error: io::Error| Error::output(path.display(), error);
    let size = media.size()?;
    if let Some(size) = size
        && fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == size)
    {
        return Ok(Downloaded { size, transferred: 0 });
    }
    let mut reader = media.start(size);
    let mut left = Partial::take_up(path).map_err(cannot_write)?;
    let mut restarts = 0;
    loop {
        match fetch(&mut reader, left.take(), path, on_progress) {
            Ok((partial, size)) => {
                partial.finish(path).map_err(cannot_write)?;
                return Ok(Downloaded { size, transferred: reader.transferred() });
            }
            Err(CopyError::Write(error)) => return Err(cannot_write(error)),
            Err(CopyError::Read(error)) => {
                if restarts == MAX_RESTARTS || !reader.must_start_over(&error) {
                    return Err(error);
                }
                restarts += 1;
                reader.start_over();
            }
        }
    }
}

/// Fetches what is missing of a partial file, or all of a new one, and gives the size of it. What
/// is of use of it after an error stays there for the next run.
fn fetch(
    reader: &mut MediaReader,
    left: Option<Partial>,
    path: &Path,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<(Partial, u64), CopyError> {
    let mut partial = match left {
        Some(mut partial) => {
            // Its last byte is asked for again, for a range can't begin at the end of a media.
            let end = partial.file.seek(SeekFrom::End(-1)).map_err(CopyError::Write)?;
            partial.file.set_len(end).map_err(CopyError::Write)?;
            reader.resume(end, partial.tag);
            partial
        }
        None => {
            reader.open().map_err(CopyError::Read)?;
            Partial::create(path, reader.entity_tag()).map_err(CopyError::Write)?
        }
    };
    match reader.copy_to(&mut partial.file, on_progress) {
        Ok(size) => Ok((partial, size)),
        Err(error) => {
            if matches!(&error, CopyError::Read(error) if reader.must_start_over(error)) {
                partial.remove();
            }
            Err(error)
        }
    }
}
