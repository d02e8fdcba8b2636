//! `Media`: the builder of a transfer.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Instant;

use super::source::Source;
use crate::error::Error;
use crate::http::SignedUrl;
use crate::model::RoomRecording;
use crate::resource::RecordingResource;

/// The media of one recording: a builder for one transfer. Made by
/// [`Client::media`](crate::Client::media) from a record, or by [`RecordingResource::media`] from
/// SIDs.
///
/// The API redirects to a signed, short-lived URL at a storage service, which the media comes from.
/// The account's credentials are not sent there.
///
/// - **Resuming.** If a transfer is truncated, stalls, or is rejected because its URL has expired,
///   it is resumed with a range request and the entity tag. The client's
///   [`RetryPolicy`](crate::RetryPolicy) applies. After 64 KiB over one connection, earlier
///   failures no longer count.
/// - **Time limits.** The client's attempt timeout applies to each wait for bytes, not to the
///   transfer. [`deadline`](Self::deadline) limits the transfer.
/// - **Validation.** The media must be as long as both the storage and the record say. Bytes of two
///   versions are never mixed.
/// - **Memory** stays below 1 MiB for media of any size.
///
/// ```no_run
/// use twilio_room_recordings::{Client, Error, Status};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// for recording in client.recordings(room).status(Status::Completed) {
///     let recording = recording?;
///     client.media(&recording).download_to(recording.file_name())?;
/// }
/// # Ok::<(), Error>(())
/// ```
#[must_use = "nothing is sent before the media is requested"]
pub struct Media<'a> {
    pub(super) source: Source,
    pub(super) on_progress: OnProgress<'a>,
    /// If true, no file is believed because of its size.
    pub(super) replaces: bool,
}

/// The callback of a download.
pub(super) struct OnProgress<'a>(Callback<'a>);

type Callback<'a> = Box<dyn FnMut(Progress) -> ControlFlow<()> + Send + 'a>;

impl OnProgress<'_> {
    pub(super) fn report(&mut self, progress: Progress) -> ControlFlow<()> {
        (self.0)(progress)
    }
}

impl fmt::Debug for Media<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media").field("source", &self.source).finish_non_exhaustive()
    }
}

/// The progress of a download.
///
/// ```
/// use twilio_room_recordings::Progress;
///
/// fn percent(progress: Progress) -> Option<u64> {
///     (progress.received * 100).checked_div(progress.total?)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Progress {
    /// The number of bytes of the media that are written, including those of an earlier run.
    pub received: u64,
    /// The size of the media in bytes, if it is known.
    pub total: Option<u64>,
}

/// The result of a download.
///
/// ```
/// use twilio_room_recordings::Downloaded;
///
/// fn report(done: Downloaded) {
///     match done.transferred {
///         0 => println!("nothing to transfer"),
///         bytes => println!("{bytes} of {} bytes transferred now", done.size),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Downloaded {
    /// The size of the media in bytes.
    pub size: u64,
    /// The number of bytes that this call transferred. Less than the size if it resumed an earlier
    /// download, more if it started over, and 0 if nothing had to be transferred or if another
    /// download finished first.
    pub transferred: u64,
}

impl<'a> Media<'a> {
    pub(crate) fn of(resource: RecordingResource) -> Self {
        Self::new(Source::of(resource))
    }

    pub(crate) fn of_record(resource: RecordingResource, record: &RoomRecording) -> Self {
        Self::new(Source::of_record(resource, record))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            on_progress: OnProgress(Box::new(|_| ControlFlow::Continue(()))),
            replaces: false,
        }
    }

    /// Sets the instant by which the transfer must have ended, retries and their delays included.
    /// After it, the transfer fails with
    /// [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded). By default there is no limit while bytes
    /// arrive.
    ///
    /// ```no_run
    /// use std::time::{Duration, Instant};
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let media = client.recording(room, recording).media();
    /// let deadline = Instant::now() + Duration::from_secs(600);
    /// media.deadline(deadline).download_to("track.media")?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.source.set_deadline(deadline);
        self
    }

    /// Calls the callback after each piece that [`download`](Self::download) or
    /// [`download_to`](Self::download_to) has written. It replaces an earlier callback.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error, RoomRecording};
    ///
    /// fn save(client: &Client, recording: &RoomRecording) -> Result<(), Error> {
    ///     let media = client.media(recording).on_progress(|progress| {
    ///         eprintln!("{} of {:?} bytes", progress.received, progress.total);
    ///     });
    ///     media.download_to(format!("{}.media", recording.sid))?;
    ///     Ok(())
    /// }
    /// ```
    pub fn on_progress(self, mut callback: impl FnMut(Progress) + Send + 'a) -> Self {
        self.on_progress_or_cancel(move |progress| {
            callback(progress);
            ControlFlow::Continue(())
        })
    }

    /// Calls the callback as [`on_progress`](Self::on_progress) does. If it returns
    /// [`Break`](ControlFlow::Break), the download fails with
    /// [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// [`download_to`](Self::download_to) then keeps the partial file, so a later call resumes the
    /// download. The callback is not called while no bytes arrive:
    /// [`deadline`](Self::deadline) limits that time.
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use twilio_room_recordings::{Client, Error, ErrorKind, RoomRecording};
    ///
    /// fn save(client: &Client, recording: &RoomRecording, stop: &AtomicBool) -> Result<(), Error> {
    ///     let media = client.media(recording).on_progress_or_cancel(|_| {
    ///         if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    ///     });
    ///     match media.download_to(format!("{}.media", recording.sid)) {
    ///         Err(error) if *error.kind() == ErrorKind::Cancelled => println!("stopped"),
    ///         done => println!("{} bytes", done?.size),
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn on_progress_or_cancel(
        mut self,
        callback: impl FnMut(Progress) -> ControlFlow<()> + Send + 'a,
    ) -> Self {
        self.on_progress = OnProgress(Box::new(callback));
        self
    }

    /// Makes [`download_to`](Self::download_to) replace a file of the recorded size, instead of
    /// leaving it as it is. The file stays until the media is complete.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error, RoomRecording};
    ///
    /// fn repair(client: &Client, recording: &RoomRecording) -> Result<(), Error> {
    ///     client.media(recording).replace_existing().download_to(recording.file_name())?;
    ///     Ok(())
    /// }
    /// ```
    pub fn replace_existing(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// Requests a signed URL, to hand on. It is valid for minutes, and gives access to everyone who
    /// knows it.
    ///
    /// # Errors
    ///
    /// - [`MediaUnavailable`](crate::ErrorKind::MediaUnavailable) if the recording is still processing,
    ///   has failed or is deleted.
    /// - [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the URL is not `https`.
    /// - [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) if the deadline passes.
    /// - Any error of a request to the API.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// println!("{}", client.recording(room, recording).media().url()?.as_str());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn url(&self) -> Result<SignedUrl, Error> {
        let deadline = self.source.deadline();
        self.source.recorded_size(deadline)?;
        self.source.sign(deadline)
    }
}

impl RecordingResource {
    /// Returns the recording's media. Its record is fetched first, for the status and the size. If
    /// the record is at hand, [`Client::media`](crate::Client::media) saves that request. The
    /// [`deadline`](Self::deadline) applies to the media's transfer, unless
    /// [`Media::deadline`] replaces it.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// client.recording(room, recording).media().download_to("track.mka")?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn media(&self) -> Media<'static> {
        Media::of(self.clone())
    }
}
