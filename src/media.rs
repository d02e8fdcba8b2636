//! A recording's media, once it is there: its signed URL, a reader over it, and what was read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use ureq::BodyReader;
use ureq::http::Method;

use crate::download;
use crate::error::{Error, ErrorKind};
use crate::http::{self, Head, MediaAnswer};
use crate::recording::{RoomRecording, Status};
use crate::resource::RecordingResource;
use crate::url::SignedUrl;

/// After this many bytes over one connection, the failures before it are forgotten.
const PROGRESS: u64 = 64 * 1024;

pub(crate) const BUFFER_BYTES: usize = 64 * 1024;

/// The media of one recording; made by [`Client::media`](crate::Client::media) from a record, or
/// by [`RecordingResource::media`] from its SIDs.
///
/// The service answers with a signed, short-lived URL at a storage service, and the media comes
/// from there. The account's credentials do not go there. A transfer that is cut, stalls or is
/// refused because its URL has expired is taken up where it stood, with a range and the entity
/// tag, as often as the client's [`RetryPolicy`](crate::RetryPolicy) says; what a retry brings in
/// counts, so that after 64 KiB the failures before it are forgotten. Each wait for bytes may take
/// as long as the client's attempt time-out. What comes must be as long as the storage says and as
/// the recording says. Memory holds 64 KiB, whatever the size.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many bytes of the media there are so far, those of an earlier run included.
    pub received: u64,
    /// How many there will be, where that is known.
    pub total: Option<u64>,
}

/// What came of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// waits included. Without it, a transfer goes on as long as bytes come.
    #[must_use]
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
        self.known()?;
        self.sign(self.deadline_from_now())
    }

    /// The media as a reader. The first request is made at once, so that it tells what is wrong;
    /// an error of the transfer later on is an [`io::Error`] that holds an [`Error`].
    ///
    /// # Errors
    ///
    /// As [`url`](Self::url), and [`Storage`](ErrorKind::Storage) where the storage refuses it,
    /// [`MediaSize`](ErrorKind::MediaSize) where the storage says another size than the recording.
    pub fn reader(&self) -> Result<MediaReader, Error> {
        let mut reader = self.start(self.size()?);
        reader.open()?;
        Ok(reader)
    }

    /// Writes the media, and tells how far it has come after each piece.
    ///
    /// # Errors
    ///
    /// As [`reader`](Self::reader); what goes wrong with the transfer; and
    /// [`Output`](ErrorKind::Output) where it can't be written.
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
        let size = reader.copy_to(out, &mut on_progress).map_err(|error| match error {
            CopyError::Read(error) => error,
            CopyError::Write(error) => Error::output("the media", error),
        })?;
        Ok(Downloaded { size, transferred: reader.transferred })
    }

    /// Downloads the media to a file, which appears under its name only when it is whole, and is
    /// on the disk by then.
    ///
    /// Until then it is a file beside it, `NAME.….part`, and a later call takes that up where an
    /// earlier one was cut off, even by the end of its process. A file of the recording's size
    /// that is there already is left as it is, and nothing is transferred. Two calls at once, of
    /// one program or several, do not get in each other's way.
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
    fn known(&self) -> Result<Known, Error> {
        let known = match &self.known {
            Some(known) => known.clone(),
            None => {
                let record = self.resource.fetch()?;
                Known { status: record.status, size: record.size }
            }
        };
        match known.status {
            // An unknown status is for the service to judge.
            Status::Completed | Status::Other(_) => Ok(known),
            status => Err(Error::new(ErrorKind::MediaUnavailable { status })),
        }
    }

    /// The size that the record says, of media that is there.
    pub(crate) fn size(&self) -> Result<Option<u64>, Error> {
        Ok(self.known()?.size)
    }

    /// A transfer of media of that size, which has not begun.
    pub(crate) fn start(&self, size: Option<u64>) -> MediaReader {
        MediaReader {
            media: self.clone(),
            recorded: size,
            deadline: self.deadline_from_now(),
            url: None,
            entity: Entity::default(),
            body: None,
            position: 0,
            transferred: 0,
            since_failure: 0,
            failures: 0,
        }
    }

    fn deadline_from_now(&self) -> Option<Instant> {
        self.time_limit.and_then(|time| Instant::now().checked_add(time))
    }

    /// Asks for a signed URL.
    fn sign(&self, deadline: Option<Instant>) -> Result<SignedUrl, Error> {
        let http = self.resource.client().http();
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
        head.expect(302)?;
    }
    match (&head.location, serde_json::from_slice(body)) {
        (Some(url), _) => Ok(url.clone()),
        (None, Ok(Redirect { redirect_to })) => Ok(redirect_to),
        (None, Err(_)) => Err(Error::invalid_answer("a redirect to the media that leads nowhere")),
    }
}

/// A recording's media as a blocking reader; made by [`Media::reader`].
///
/// It takes up a cut transfer by itself. At the end of the media it has checked the length.
#[derive(Debug)]
pub struct MediaReader {
    media: Media,
    /// The size that the record says.
    recorded: Option<u64>,
    deadline: Option<Instant>,
    url: Option<SignedUrl>,
    entity: Entity,
    body: Option<Body>,
    /// The place of the next byte.
    position: u64,
    transferred: u64,
    since_failure: u64,
    /// How many attempts have failed since there was progress.
    failures: u32,
}

/// What tells the media from another under the same URL.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entity {
    /// A hash of its entity tag, where the storage has a strong one.
    pub tag: Option<u64>,
    /// Its length, where the storage says it.
    pub length: Option<u64>,
}

struct Body(BodyReader<'static>);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

pub(crate) enum CopyError {
    Read(Error),
    Write(io::Error),
}

impl MediaReader {
    /// How long the media is in bytes, where the storage or the record says so.
    pub fn total(&self) -> Option<u64> {
        self.entity.length.or(self.recorded)
    }

    pub(crate) fn entity_tag(&self) -> Option<u64> {
        self.entity.tag
    }

    pub(crate) fn transferred(&self) -> u64 {
        self.transferred
    }

    /// Goes on from this place of the media with that entity tag.
    pub(crate) fn resume(&mut self, position: u64, tag: Option<u64>) {
        self.position = position;
        self.entity = Entity { tag, length: None };
    }

    /// Begins at the first byte again, of whatever is there now.
    pub(crate) fn start_over(&mut self) {
        self.position = 0;
        self.entity = Entity::default();
        self.body = None;
    }

    /// Whether a transfer that ended with this error can only begin at the first byte again.
    pub(crate) fn must_start_over(&self, error: &Error) -> bool {
        let changed = matches!(error.kind(), ErrorKind::MediaChanged);
        changed || (error.is_transient() && self.position > 0 && self.entity.tag.is_none())
    }

    /// Has a body that goes on at the current place.
    pub(crate) fn open(&mut self) -> Result<(), Error> {
        while self.body.is_none() {
            let url = match &self.url {
                Some(url) => url.clone(),
                None => self.url.insert(self.media.sign(self.deadline)?).clone(),
            };
            match self.connect(&url) {
                Ok(body) => self.body = Some(Body(body)),
                Err(error) => self.after_failure(error)?,
            }
        }
        Ok(())
    }

    /// One attempt at a body that goes on at the current place.
    fn connect(&mut self, url: &SignedUrl) -> Result<BodyReader<'static>, Error> {
        let http = self.media.resource.client().http();
        let answer = http.get_media(url, self.position, self.deadline)?;
        let MediaAnswer { first, length, entity_tag, mut body } = answer;
        let tag = entity_tag.map(|tag| {
            let mut hasher = DefaultHasher::new();
            tag.hash(&mut hasher);
            hasher.finish()
        });
        self.check(tag, length)?;
        if first < self.position {
            // The range was ignored.
            let ahead = self.position - first;
            let skipped = io::copy(&mut body.by_ref().take(ahead), &mut io::sink());
            if skipped.map_err(http::read_error)? < ahead {
                return Err(cut_short(self.position, length));
            }
        }
        Ok(body)
    }

    /// Whether what the storage offers is the media that was begun, and as long as recorded.
    fn check(&mut self, tag: Option<u64>, length: Option<u64>) -> Result<(), Error> {
        if self.position > 0 {
            let begun = self.entity;
            let same_length = begun.length.is_none() || length.is_none() || begun.length == length;
            if begun.tag.is_none() || begun.tag != tag || !same_length {
                return Err(Error::new(ErrorKind::MediaChanged));
            }
        }
        if let (Some(recorded), Some(stored)) = (self.recorded, length)
            && recorded != stored
        {
            return Err(Error::new(ErrorKind::MediaSize { recorded, stored }));
        }
        let length = length.or(self.entity.length);
        if self.recorded.is_none() && length.is_none() {
            let reason = "neither the storage nor the recording says how long the media is";
            return Err(Error::invalid_answer(reason));
        }
        self.entity = Entity { tag, length };
        Ok(())
    }

    /// Waits for the next attempt, where there is one and it can go on.
    fn after_failure(&mut self, error: Error) -> Result<(), Error> {
        self.body = None;
        self.since_failure = 0;
        self.failures = self.failures.saturating_add(1);
        if matches!(error.kind(), ErrorKind::Storage(answer) if answer.status < 429) {
            // It has expired.
            self.url = None;
        }
        if self.must_start_over(&error) {
            return Err(error.after_attempts(self.failures));
        }
        let http = self.media.resource.client().http();
        http.wait_after(self.failures, self.deadline, error)
    }

    fn read_media(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.body.is_none() && self.position > 0 && self.total() == Some(self.position) {
                return Ok(0);
            }
            self.open()?;
            let total = self.total();
            let Some(Body(body)) = &mut self.body else { continue };
            match body.read(buffer).map_err(http::read_error) {
                Ok(0) if total.is_none_or(|total| total == self.position) => return Ok(0),
                Ok(0) => self.after_failure(cut_short(self.position, total))?,
                Ok(count) => {
                    self.advance(count as u64)?;
                    return Ok(count);
                }
                Err(error) => self.after_failure(error)?,
            }
        }
    }

    fn advance(&mut self, count: u64) -> Result<(), Error> {
        self.position += count;
        self.transferred += count;
        self.since_failure += count;
        if self.since_failure >= PROGRESS {
            self.failures = 0;
        }
        match self.total() {
            Some(recorded) if self.position > recorded => {
                let stored = self.position;
                Err(Error::new(ErrorKind::MediaSize { recorded, stored }))
            }
            _ => Ok(()),
        }
    }

    /// Copies what is left, and gives the size of the whole.
    pub(crate) fn copy_to(
        &mut self,
        out: &mut (impl Write + ?Sized),
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<u64, CopyError> {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = self.read_media(&mut buffer).map_err(CopyError::Read)?;
            if count == 0 {
                out.flush().map_err(CopyError::Write)?;
                return Ok(self.position);
            }
            out.write_all(&buffer[..count]).map_err(CopyError::Write)?;
            on_progress(Progress { received: self.position, total: self.total() });
        }
    }
}

fn cut_short(position: u64, total: Option<u64>) -> Error {
    let total = total.map_or("an unknown number".to_owned(), |total| total.to_string());
    let what = format!("the media ended after {position} bytes of {total}");
    Error::new(ErrorKind::Transport(what)).transient(true)
}

impl Read for MediaReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_media(buffer).map_err(io::Error::other)
    }
}
