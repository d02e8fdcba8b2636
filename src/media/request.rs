//! The methods of `Media`: the settings of a transfer, and its start.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use super::download::Download;
use super::progress::{Downloaded, Progress};
use super::reader::MediaReader;
use super::source::{Known, Media};
use crate::error::Error;
use crate::http::SignedUrl;
use crate::model::RoomRecording;
use crate::resource::RecordingResource;

impl Media {
    pub(crate) fn of_record(resource: RecordingResource, record: &RoomRecording) -> Self {
        Self { known: Some(Known::of(record)), ..resource.media() }
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
        self.resource = self.resource.deadline(deadline);
        self
    }

    /// Sets a callback, which is called after each piece that the download has written. If it
    /// returns [`Break`](ControlFlow::Break), the download fails with
    /// [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// [`download_to`](Download::download_to) then keeps the partial file, so a later call resumes
    /// the download. The callback is not called while no bytes arrive:
    /// [`deadline`](Self::deadline) limits that time.
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use twilio_room_recordings::{Client, Error, ErrorKind, RoomRecording};
    ///
    /// fn save(client: &Client, recording: &RoomRecording, stop: &AtomicBool) -> Result<(), Error> {
    ///     let download = client.media(recording).on_progress(|progress| {
    ///         eprintln!("{} of {:?} bytes", progress.received, progress.total);
    ///         match stop.load(Ordering::Relaxed) {
    ///             true => ControlFlow::Break(()),
    ///             false => ControlFlow::Continue(()),
    ///         }
    ///     });
    ///     match download.download_to(recording.file_name()) {
    ///         Err(error) if *error.kind() == ErrorKind::Cancelled => println!("stopped"),
    ///         done => println!("{} bytes", done?.size),
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn on_progress<F>(self, callback: F) -> Download<F>
    where
        F: FnMut(Progress) -> ControlFlow<()>,
    {
        Download::new(self, callback)
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
        self.recorded()?;
        self.sign()
    }

    /// Opens the media as a reader. The first request is sent at once, and its errors are returned
    /// here. A later error of the transfer is a [`std::io::Error`] that holds an [`Error`].
    ///
    /// # Errors
    ///
    /// - The errors of [`url`](Self::url).
    /// - [`Storage`](crate::ErrorKind::Storage) if the storage rejects the request.
    /// - [`MediaSizeMismatch`](crate::ErrorKind::MediaSizeMismatch) if the size in the storage differs
    ///   from the recorded size.
    /// - [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if neither the storage nor the record
    ///   names the size, or if the storage has compressed the media.
    ///
    /// ```no_run
    /// use std::io::{BufRead, BufReader};
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let mut media = BufReader::new(client.recording(room, recording).media().reader()?);
    /// let is_matroska = media.fill_buf().is_ok_and(|bytes| bytes.starts_with(b"\x1A\x45\xDF\xA3"));
    /// # let _ = is_matroska;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reader(&self) -> Result<MediaReader, Error> {
        MediaReader::open(self.clone())
    }

    /// Downloads the media into a writer.
    ///
    /// # Errors
    ///
    /// - The errors of [`reader`](Self::reader).
    /// - [`Transport`](crate::ErrorKind::Transport), [`Timeout`](crate::ErrorKind::Timeout),
    ///   [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) or
    ///   [`MediaChanged`](crate::ErrorKind::MediaChanged) if the transfer fails and cannot be resumed.
    /// - [`Write`](crate::ErrorKind::Write) if writing fails.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let mut out = std::io::stdout().lock();
    /// let done = client.recording(room, recording).media().write_to(&mut out)?;
    /// eprintln!("{} bytes", done.size);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write_to(&self, out: &mut (impl Write + ?Sized)) -> Result<Downloaded, Error> {
        self.clone().on_progress(|_| ControlFlow::Continue(())).write_to(out)
    }

    /// Downloads the media to a file. The file appears under its name only when it is complete and
    /// on the disk.
    ///
    /// - **Resuming.** Until then, the media is in a partial file in the same folder:
    ///   `NAME.HASH.part`, where the hash stands for the recording and the entity tag. After
    ///   a failure, all of it is synced to the disk, and marked by a modification time in 1970. A later
    ///   call resumes it at its last byte. After a kill or a loss of power, a later call resumes it at
    ///   the last multiple of 8 MiB, where it was synced. If the media has no strong entity tag, the
    ///   name is random, and the partial file is removed after a failure.
    /// - **Existing files.** A file of the recorded size is left as it is. Its content is not
    ///   checked, nothing is transferred, and a callback is not called. A file of another size is replaced.
    ///   [`replace_existing`](Self::replace_existing) also replaces one of the recorded size. If the
    ///   record names an encryption key, the media of an existing file is requested for its
    ///   [`Encryption`](crate::Encryption), and not transferred.
    /// - **Starting over.** If the media is replaced during the transfer, or if a transfer cannot
    ///   be resumed, the download starts over. That counts as a retry.
    /// - **Several calls** at the same time for one file, in one program or several, all succeed.
    /// - **Shared folders.** A partial file is resumed only if it is a regular file without other
    ///   links, of the same owner, to which nobody else could have written. Links are not followed.
    ///   Outside Unix, no partial file is resumed.
    /// - **Mode.** The file has the mode that the umask of this run gives.
    /// - **Full disks.** If writing fails, the partial file is removed.
    ///
    /// If the media is replaced between two calls, the partial file of its old version stays.
    /// [`PartialFile::list`](crate::PartialFile::list) finds it.
    ///
    /// # Errors
    ///
    /// - The errors of [`write_to`](Self::write_to). After
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
    pub fn download_to(&self, path: impl AsRef<Path>) -> Result<Downloaded, Error> {
        self.clone().on_progress(|_| ControlFlow::Continue(())).download_to(path)
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
    pub fn media(&self) -> Media {
        Media { resource: self.clone(), known: None, replaces: false }
    }
}
