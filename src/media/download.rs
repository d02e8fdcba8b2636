//! `Download`: a download with a callback.

use std::fmt;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use super::copy::copy;
use super::failures::Interrupted;
use super::file;
use super::progress::{Downloaded, Progress};
use super::reader::MediaReader;
use super::source::Media;
use crate::error::Error;

/// A download that reports its progress. Made by [`Media::on_progress`](crate::Media::on_progress).
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use twilio_room_recordings::{Client, Error};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let download = client.recording(room, recording).media().on_progress(|progress| {
///     eprintln!("{} bytes", progress.received);
///     ControlFlow::Continue(())
/// });
/// download.download_to("track.media")?;
/// # Ok::<(), Error>(())
/// ```
#[must_use = "nothing is sent before the media is requested"]
pub struct Download<F> {
    media: Media,
    on_progress: F,
}

impl<F> fmt::Debug for Download<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("media", &self.media).finish_non_exhaustive()
    }
}

impl<F: FnMut(Progress) -> ControlFlow<()>> Download<F> {
    pub(super) fn new(media: Media, on_progress: F) -> Self {
        Self { media, on_progress }
    }

    /// Downloads the media into a writer, as [`Media::write_to`](crate::Media::write_to) does.
    ///
    /// # Errors
    ///
    /// - The errors of [`Media::write_to`](crate::Media::write_to).
    /// - [`Cancelled`](crate::ErrorKind::Cancelled) if the callback cancels the download.
    pub fn write_to(mut self, out: &mut (impl Write + ?Sized)) -> Result<Downloaded, Error> {
        let mut reader = MediaReader::open(self.media)?;
        copy(&mut reader, out, "the media", &mut self.on_progress)
            .map_err(Interrupted::into_error)?;
        Ok(reader.downloaded())
    }

    /// Downloads the media to a file, as [`Media::download_to`](crate::Media::download_to) does.
    ///
    /// # Errors
    ///
    /// - The errors of [`Media::download_to`](crate::Media::download_to).
    /// - [`Cancelled`](crate::ErrorKind::Cancelled) if the callback cancels the download. A later
    ///   call resumes it.
    pub fn download_to(mut self, path: impl AsRef<Path>) -> Result<Downloaded, Error> {
        file::download_to(&self.media, path.as_ref(), &mut self.on_progress)
    }
}
