//! A recording's media, once it is there: what can be asked for.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use ureq::http::Method;

use crate::download;
use crate::error::{Error, ErrorKind};
use crate::http::{Head, Http};
use crate::recording::{RoomRecording, Status};
use crate::resource::RecordingResource;
use crate::sid::RecordingSid;
use crate::transfer::MediaReader;
use crate::url::SignedUrl;

/// The media of one recording; made by [`Client::media`](crate::Client::media) from a record, or
/// by [`RecordingResource::media`] from its SIDs.
///
/// The service answers with a signed, short-lived URL at a storage service, and the media comes
/// from there. The account's credentials do not go there. A transfer that is cut, stalls or is
/// refused because its URL has expired is taken up where it stood, with a range and the entity
/// tag, as often as the client's [`RetryPolicy`](crate::RetryPolicy) says; what a retry brings in
/// counts, so that after 64 KiB the failures before it are forgotten. Each wait for bytes may take
/// as long as the client's attempt time-out. What comes must be as long as the storage says and as
/// the recording says. Memory stays below 1 MiB, whatever the size.
///
/// ```no_run
/// use twilio_room_recordings::{Client, Error, Status};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// for recording in client.recordings(room).status(Status::Completed) {
///     let recording = recording?;
///     let media = client.media(&recording);
///     media.download_to(format!("{}.mkv", recording.sid), |_| ())?;
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before the media is asked for"]
pub struct Media {
    resource: RecordingResource,
    known: Option<Known>,
    time_limit: Option<Duration>,
}

/// What a record says of its media.
#[derive(Clone, Debug)]
struct Known {
    status: Status,
    size: Option<u64>,
}

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Progress {
    /// How many bytes of the media there are so far, those of an earlier run included.
    pub received: u64,
    /// How many there will be, where that is known.
    pub total: Option<u64>,
}

/// What came of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Downloaded {
    /// The size of the media in bytes.
    pub size: u64,
    /// How many bytes of it this call has brought in: none where the file was there already, less
    /// than the size where it took up what an earlier run had left.
    pub transferred: u64,
}

impl Media {
    pub(crate) fn of(resource: RecordingResource) -> Self {
        Self { resource, known: None, time_limit: None }
    }

    pub(crate) fn of_record(resource: RecordingResource, record: &RoomRecording) -> Self {
        let known = Known { status: record.status.clone(), size: record.size };
        Self { known: Some(known), ..Self::of(resource) }
    }

    /// How long one transfer as a whole may take, from its first request on, retries and their
    /// waits included. When it has passed, the transfer ends with an error of the kind
    /// [`DeadlineExceeded`](ErrorKind::DeadlineExceeded). Without it, a transfer goes on as long as
    /// bytes come.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.time_limit = Some(time);
        self
    }

    /// A signed URL to hand on. It is good for minutes, for whoever knows it.
    ///
    /// # Errors
    ///
    /// [`MediaUnavailable`](ErrorKind::MediaUnavailable) where the recording is still processing,
    /// failed or deleted; [`InvalidAnswer`](ErrorKind::InvalidAnswer) where the URL is not
    /// `https`; and what can go wrong with any request.
    pub fn url(&self) -> Result<SignedUrl, Error> {
        let deadline = self.deadline_from_now();
        self.known(deadline)?;
        self.sign(deadline)
    }

    /// The media as a reader. The first request is made at once, so that it tells what is wrong;
    /// an error of the transfer later on is a [`std::io::Error`] that holds an [`Error`].
    ///
    /// # Errors
    ///
    /// As [`url`](Self::url), and [`Storage`](ErrorKind::Storage) where the storage refuses it,
    /// [`MediaSize`](ErrorKind::MediaSize) where the storage says another size than the recording.
    pub fn reader(&self) -> Result<MediaReader, Error> {
        let deadline = self.deadline_from_now();
        let mut reader = self.start(self.size(deadline)?, deadline);
        reader.open()?;
        Ok(reader)
    }

    /// Writes the media, and tells how far it has come after each piece.
    ///
    /// # Errors
    ///
    /// As [`reader`](Self::reader); what goes wrong with the transfer; and
    /// [`Write`](ErrorKind::Write) where it can't be written.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let mut out = std::io::stdout().lock();
    /// let done = client.recording(room, recording).media().download(&mut out, |progress| {
    ///     eprintln!("{} of {:?}", progress.received, progress.total);
    /// })?;
    /// eprintln!("{} bytes", done.size);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn download(
        &self,
        out: &mut (impl Write + ?Sized),
        mut on_progress: impl FnMut(Progress),
    ) -> Result<Downloaded, Error> {
        let mut reader = self.reader()?;
        let copied = reader.copy_to(out, &mut on_progress);
        let size = copied.map_err(|error| error.of("the media"))?;
        Ok(Downloaded { size, transferred: reader.transferred() })
    }

    /// Downloads the media to a file, which appears under its name only when it is whole, and is
    /// on the disk by then.
    ///
    /// Until then it is a file beside it, `NAME.….part`, and a later call takes that up where an
    /// earlier one was cut off, even by the end of its process. A file of the recording's size
    /// that is there already is left as it is, whatever its content; then nothing is transferred and
    /// no progress is told. Two calls at once, of one program or several, do not get in each other's
    /// way. (What a power failure takes from a partial file without shortening it can't be noticed.)
    ///
    /// # Errors
    ///
    /// As [`download`](Self::download). Where the directory is missing or can't be written to,
    /// nothing is asked for.
    pub fn download_to(
        &self,
        path: impl AsRef<Path>,
        mut on_progress: impl FnMut(Progress),
    ) -> Result<Downloaded, Error> {
        download::to_file(self, path.as_ref(), &mut on_progress)
    }

    /// What the record says, which is fetched where it is not at hand.
    fn known(&self, deadline: Option<Instant>) -> Result<Known, Error> {
        let known = match &self.known {
            Some(known) => known.clone(),
            None => {
                let record = self.resource.fetch_by(deadline)?;
                Known { status: record.status, size: record.size }
            }
        };
        match known.status {
            // An unknown status is for the service to judge.
            Status::Completed | Status::Other(_) => Ok(known),
            status => Err(Error::new(ErrorKind::MediaUnavailable { status })),
        }
    }

    /// Whether what the record says is at hand, without asking.
    pub(crate) fn is_at_hand(&self) -> bool {
        self.known.is_some()
    }

    /// The size that the record says, of media that is there.
    pub(crate) fn size(&self, deadline: Option<Instant>) -> Result<Option<u64>, Error> {
        Ok(self.known(deadline)?.size)
    }

    /// A transfer of media of that size, which has not begun.
    pub(crate) fn start(&self, size: Option<u64>, deadline: Option<Instant>) -> MediaReader {
        MediaReader::new(self.clone(), size, deadline)
    }

    pub(crate) fn sid(&self) -> RecordingSid {
        self.resource.sid()
    }

    pub(crate) fn http(&self) -> &Http {
        self.resource.client().http()
    }

    pub(crate) fn deadline_from_now(&self) -> Option<Instant> {
        self.time_limit.and_then(|time| Instant::now().checked_add(time))
    }

    /// Asks for a signed URL.
    pub(crate) fn sign(&self, deadline: Option<Instant>) -> Result<SignedUrl, Error> {
        let http = self.http();
        let path = format!("{}/Media", self.resource.path());
        let mut body = Vec::new();
        http.request(&Method::GET, &path, deadline, &mut body, |head, body| {
            let url = location(head, body)?;
            SignedUrl::new(&url, http.is_loopback)
        })
    }
}

/// Where the answer to a request for media leads: by its header, or else by its body.
fn location(head: &Head, body: &[u8]) -> Result<String, Error> {
    #[derive(serde::Deserialize)]
    struct Redirect {
        redirect_to: String,
    }

    if !head.is_redirect() {
        // Whatever it holds may be signed, so none of it is shown.
        let reason = "the answer to a request for media is no redirect";
        return Err(Error::invalid_answer(reason));
    }
    if let Some(url) = &head.location {
        return Ok(url.clone());
    }
    serde_json::from_slice(body)
        .map(|Redirect { redirect_to }| redirect_to)
        .map_err(|_| Error::invalid_answer("a redirect to the media that leads nowhere"))
}
