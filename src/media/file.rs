//! `Media::download_to`: the media in a file that is complete or not there.

use std::io::{Seek, SeekFrom};
use std::path::Path;

use super::copy::{CopyError, copy};
use super::failures::Interrupted;
use super::folder::{check, size_there};
use super::partial::Partial;
use super::reader::MediaReader;
use super::request::{Downloaded, Media, OnProgress};
use crate::error::Error;

impl Media<'_> {
    /// Downloads the media to a file. The file appears under its name only when it is complete and
    /// on the disk.
    ///
    /// - **Resuming.** Until then, the media is in a partial file in the same folder:
    ///   `NAME.HASH.part`, where the hash stands for the recording and the entity tag. After a
    ///   failure, a later call resumes it, even if the process was killed. If the media has no
    ///   strong entity tag, the name is random, and the partial file is removed after a failure.
    /// - **Existing files.** A file of the recorded size is left as it is. Its content is not
    ///   checked, nothing is transferred, and the callback is not called. Any other file at the path is
    ///   replaced, and with [`replace_existing`](Self::replace_existing) that one too.
    /// - **Starting over.** If the media is replaced during the transfer, or if a transfer cannot
    ///   be resumed, the download starts over. That counts as a retry.
    /// - **Several calls** at the same time for one file, in one program or several, all succeed.
    /// - **Shared folders.** A partial file is resumed only if it is a regular file without other
    ///   links, and has the owner, group and mode of a file that was just created in the folder.
    ///   Links are not followed. Outside Unix, no partial file is resumed.
    /// - **Full disks.** If writing fails, the partial file is removed.
    ///
    /// If a power failure damages a partial file without shortening it, the damage is not noticed.
    /// If the media is replaced between two calls, the partial file of its old version stays.
    ///
    /// # Errors
    ///
    /// - The errors of [`download`](Self::download). After
    ///   [`Cancelled`](crate::ErrorKind::Cancelled) and
    ///   [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded), a later call resumes the
    ///   download too.
    /// - [`Write`](crate::ErrorKind::Write), before any request, if the path does not end in a
    ///   name, names something that is not a regular file, or is in a folder that does not exist.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error, RoomRecording};
    ///
    /// fn save(client: &Client, recording: &RoomRecording) -> Result<(), Error> {
    ///     let file = recording.file_name();
    ///     let done = client.media(recording).download_to(&file)?;
    ///     println!("{file}: {} bytes, {} of them transferred now", done.size, done.transferred);
    ///     Ok(())
    /// }
    /// ```
    pub fn download_to(mut self, path: impl AsRef<Path>) -> Result<Downloaded, Error> {
        let path = path.as_ref();
        let named = |error: CopyError| error.into_error(path.display());
        let replaces = self.replaces;
        let size_there = |size| size_there(path, size).filter(|_| !replaces);
        if let Some(size) = size_there(self.source.known_size()) {
            // For the status, which may say that there is no media.
            self.source.recorded_size(self.source.deadline())?;
            return Ok(Downloaded { size, transferred: 0 });
        }

        check(path).map_err(|error| named(error.into()))?;
        let deadline = self.source.deadline();
        let recorded = self.source.recorded_size(deadline)?;
        if let Some(size) = size_there(recorded) {
            return Ok(Downloaded { size, transferred: 0 });
        }

        let mut reader = MediaReader::new(self.source.clone(), recorded, deadline);
        loop {
            let Err(error) = fetch(&mut reader, path, &mut self.on_progress) else {
                let (size, transferred) = (reader.position(), reader.transferred());
                return Ok(Downloaded { size, transferred });
            };
            if !matches!(error, CopyError::Cancelled)
                && let Some(size) = size_there(recorded)
            {
                // Another download was faster.
                return Ok(Downloaded { size, transferred: 0 });
            }
            match error {
                CopyError::Interrupted(Interrupted::StartOver(error)) => {
                    reader.start_over(error)?
                }
                error => return Err(named(error)),
            }
        }
    }
}

/// Fetches one version of the media, from the first byte or from where a partial file ends.
fn fetch(
    reader: &mut MediaReader,
    path: &Path,
    on_progress: &mut OnProgress<'_>,
) -> Result<(), CopyError> {
    reader.open()?;
    let mut partial = Partial::open(path, reader.version_id())?;
    let copied = fill(reader, &mut partial, on_progress);
    match &copied {
        Ok(()) => partial.publish(path)?,
        Err(error) if error.can_resume() && size_there(path, reader.recorded()).is_none() => {}
        Err(_) => partial.discard(),
    }
    copied
}

/// Adds to a partial file what it lacks.
fn fill(
    reader: &mut MediaReader,
    partial: &mut Partial,
    on_progress: &mut OnProgress<'_>,
) -> Result<(), CopyError> {
    reader.pin();
    match partial.file.seek(SeekFrom::End(0))? {
        0 => {}
        length if reader.total().is_some_and(|total| length > total) => {
            partial.file.set_len(0)?;
            partial.file.rewind()?;
        }
        length => reader.skip_to(length),
    }
    copy(reader, &mut partial.file, on_progress)
}
