//! One transfer of media: a reader that goes on where it was cut.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};

use super::request::{Downloaded, Media, OnProgress, Progress};
use super::source::Source;
use crate::error::{Error, ErrorKind};
use crate::http::{Deadline, MediaBody, MediaResponse, SignedUrl};

/// After this many bytes over one connection, the failures before it are forgotten.
const PROGRESS: u64 = 64 * 1024;

const BUFFER_BYTES: usize = 64 * 1024;

/// A recording's media as a blocking reader; made by [`Media::reader`].
///
/// It takes up a cut transfer by itself. At the end of the media it has checked the length. An
/// [`io::Error`] that it gives holds an [`Error`]: `error.get_ref()?.downcast_ref::<Error>()`.
#[derive(Debug)]
pub struct MediaReader {
    source: Source,
    /// The size that the record says.
    recorded: Option<u64>,
    deadline: Deadline,
    url: Option<SignedUrl>,
    entity: Entity,
    /// Whether it is to be this entity even where no byte of it has come.
    bound: bool,
    /// Whether the storage has said that it is this entity.
    checked: bool,
    body: Option<MediaBody>,
    /// The place that the last answer of the storage went on from.
    opened_at: u64,
    /// The place of the next byte.
    position: u64,
    transferred: u64,
    since_failure: u64,
    /// How many attempts have failed since there was progress.
    failures: u32,
    /// The place that a body reached which is longer than it may be.
    excess: Option<u64>,
}

/// What tells the media from another under the same URL.
#[derive(Clone, Copy, Debug, Default)]
struct Entity {
    /// A hash of its entity tag, where the storage has a strong one.
    tag: Option<u64>,
    /// Its length, where the storage says it.
    length: Option<u64>,
}

pub(super) enum CopyError {
    Read(Error),
    Write(io::Error),
    Cancelled(Error),
}

impl CopyError {
    /// The error for the caller, who knows what was written.
    pub(super) fn of(self, what: impl fmt::Display) -> Error {
        match self {
            Self::Read(error) | Self::Cancelled(error) => error,
            Self::Write(error) => Error::write(what, error),
        }
    }
}

impl MediaReader {
    /// A transfer that has not begun.
    pub(super) fn new(source: Source, recorded: Option<u64>, deadline: Deadline) -> Self {
        Self {
            source,
            recorded,
            deadline,
            url: None,
            entity: Entity::default(),
            bound: false,
            checked: false,
            body: None,
            opened_at: 0,
            position: 0,
            transferred: 0,
            since_failure: 0,
            failures: 0,
            excess: None,
        }
    }

    /// How long the media is in bytes, where the storage or the record says so.
    pub fn total(&self) -> Option<u64> {
        self.entity.length.or(self.recorded)
    }

    pub(super) fn entity_tag(&self) -> Option<u64> {
        self.entity.tag
    }

    pub(super) fn transferred(&self) -> u64 {
        self.transferred
    }

    /// Goes on from this place of the media with that entity tag.
    pub(super) fn resume(&mut self, position: u64, tag: u64) {
        self.position = position;
        self.entity = Entity { tag: Some(tag), length: None };
        self.bound = true;
        self.checked = false;
    }

    /// Takes no other media from now on than the one that was opened, even from its first byte.
    pub(super) fn bind(&mut self) {
        self.bound = self.entity.tag.is_some();
    }

    /// Begins at the first byte again, of whatever is there now.
    pub(super) fn start_over(&mut self) {
        self.entity = Entity::default();
        self.bound = false;
        self.checked = false;
        self.body = None;
        self.position = 0;
        self.excess = None;
    }

    /// Whether a transfer that ended with this error can only begin at the first byte again.
    pub(super) fn must_start_over(&self, error: &Error) -> bool {
        match error.kind() {
            ErrorKind::MediaChanged { .. } => true,
            // Of what was begun, no more can be made sense of.
            ErrorKind::MediaSizeMismatch { .. } | ErrorKind::InvalidResponse(_) => {
                self.opened_at > 0
            }
            _ => error.is_transient() && self.position > 0 && self.entity.tag.is_none(),
        }
    }

    /// Has a body that goes on at the current place.
    pub(super) fn open(&mut self) -> Result<(), Error> {
        while self.body.is_none() {
            // What fails on the way says nothing of the media.
            self.opened_at = 0;
            let url = match &self.url {
                Some(url) => url.clone(),
                None => self.url.insert(self.source.sign(self.deadline)?).clone(),
            };
            match self.connect(&url) {
                Ok(body) => self.body = Some(body),
                Err(error) => self.after_failure(error)?,
            }
        }
        Ok(())
    }

    /// One attempt at a body that goes on at the current place.
    fn connect(&mut self, url: &SignedUrl) -> Result<MediaBody, Error> {
        let sid = self.source.sid();
        let response = self.source.http().get_media(sid, url, self.position, self.deadline)?;
        self.opened_at = self.position;
        let MediaResponse { first, length, entity_tag, mut body } = response.into_media()?;
        let tag = entity_tag.map(|tag| {
            let mut hasher = DefaultHasher::new();
            (self.source.sid(), tag).hash(&mut hasher);
            hasher.finish()
        });
        self.check(tag, length)?;
        if first < self.position {
            // The range was ignored.
            if length.is_some_and(|length| length < self.position) {
                return Err(Error::new(ErrorKind::MediaChanged {
                    recording_sid: self.source.sid(),
                }));
            }
            body.skip(self.position - first)?;
        }
        Ok(body)
    }

    /// Whether what the storage offers is the media that was begun, and as long as recorded.
    fn check(&mut self, tag: Option<u64>, length: Option<u64>) -> Result<(), Error> {
        if self.position > 0 || self.bound {
            let begun = self.entity;
            let same_length = begun.length.is_none() || length.is_none() || begun.length == length;
            if begun.tag.is_none() || begun.tag != tag || !same_length {
                return Err(Error::new(ErrorKind::MediaChanged {
                    recording_sid: self.source.sid(),
                }));
            }
        }
        if let (Some(recorded), Some(stored)) = (self.recorded, length)
            && recorded != stored
        {
            return Err(Error::new(ErrorKind::MediaSizeMismatch {
                recording_sid: self.source.sid(),
                recorded,
                stored,
            }));
        }
        let length = length.or(self.entity.length);
        if self.recorded.is_none() && length.is_none() {
            let reason = "neither the storage nor the recording says how long the media is";
            return Err(Error::invalid_response(reason));
        }
        self.entity = Entity { tag, length };
        self.checked = true;
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
        if self.deadline.has_passed() {
            let late = Error::new(ErrorKind::DeadlineExceeded).caused_by(error);
            return Err(late.after_attempts(self.failures));
        }
        if self.must_start_over(&error) {
            return Err(error.after_attempts(self.failures));
        }
        let sid = self.source.sid();
        self.source.http().wait_before_retry(self.failures, self.deadline, Some(sid), error)
    }

    fn is_whole(&self) -> bool {
        self.checked && self.total() == Some(self.position)
    }

    fn read_media(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let (Some(recorded), Some(stored)) = (self.total(), self.excess) {
                let error = Error::new(ErrorKind::MediaSizeMismatch {
                    recording_sid: self.source.sid(),
                    recorded,
                    stored,
                });
                return Err(error.after_attempts(self.failures.saturating_add(1)));
            }
            if self.body.is_none() && self.is_whole() {
                return Ok(0);
            }
            self.open()?;
            let Some(body) = &mut self.body else { continue };
            let (position, total) = (self.position, self.entity.length.or(self.recorded));
            match body.read(buffer) {
                Ok(0) if total.is_none_or(|total| total == position) => return Ok(0),
                Ok(0) => {
                    let error = body.failed(truncated(position, total));
                    self.after_failure(error)?;
                }
                Ok(count) => {
                    if self.advance(count as u64) {
                        return Ok(count);
                    }
                }
                // All of it has come, whatever the connection makes of its end.
                Err(_) if self.is_whole() => self.body = None,
                Err(error) => self.after_failure(error)?,
            }
        }
    }

    /// Counts what was read; false where that is more than there may be.
    fn advance(&mut self, count: u64) -> bool {
        let position = self.position.saturating_add(count);
        if self.total().is_some_and(|total| position > total) {
            self.body = None;
            self.excess = Some(position);
            return false;
        }
        self.position = position;
        self.transferred = self.transferred.saturating_add(count);
        self.since_failure = self.since_failure.saturating_add(count);
        if self.since_failure >= PROGRESS {
            self.failures = 0;
        }
        true
    }

    /// Copies what is left, and gives the size of the whole.
    pub(super) fn copy_to(
        &mut self,
        out: &mut (impl Write + ?Sized),
        on_progress: &mut OnProgress<'_>,
    ) -> Result<u64, CopyError> {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = self.read_media(&mut buffer).map_err(CopyError::Read)?;
            if count == 0 {
                out.flush().map_err(CopyError::Write)?;
                return Ok(self.position);
            }
            out.write_all(&buffer[..count]).map_err(CopyError::Write)?;
            let progress = Progress { received: self.position, total: self.total() };
            on_progress.report(progress).map_err(CopyError::Cancelled)?;
        }
    }
}

fn truncated(position: u64, total: Option<u64>) -> String {
    let total = total.map_or("an unknown number".to_owned(), |total| total.to_string());
    format!("the body ended after {position} of {total} bytes")
}

impl Media<'_> {
    /// Opens the media as a reader. The first request is made at once, so that its errors are
    /// returned here. An error of the transfer later on is a [`std::io::Error`] that holds an
    /// [`Error`]. The reader does not call [`on_progress`](Self::on_progress).
    ///
    /// # Errors
    ///
    /// - The errors of [`url`](Self::url).
    /// - [`Storage`](ErrorKind::Storage) if the storage rejects the request.
    /// - [`MediaSizeMismatch`](ErrorKind::MediaSizeMismatch) if the size in the storage differs
    ///   from the recorded one.
    ///
    /// ```no_run
    /// use std::io::{BufRead, BufReader};
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let mut media = BufReader::new(client.recording(room, recording).media().reader()?);
    /// let is_matroska = media.fill_buf().is_ok_and(|bytes| bytes.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]));
    /// # let _ = is_matroska;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reader(&self) -> Result<MediaReader, Error> {
        let deadline = self.source.deadline_from_now();
        let mut reader =
            MediaReader::new(self.source.clone(), self.source.size(deadline)?, deadline);
        reader.open()?;
        Ok(reader)
    }

    /// Downloads the media into a writer.
    ///
    /// # Errors
    ///
    /// - The errors of [`reader`](Self::reader).
    /// - [`Transport`](ErrorKind::Transport), [`Timeout`](ErrorKind::Timeout) or
    ///   [`MediaChanged`](ErrorKind::MediaChanged) if the transfer fails and cannot be resumed.
    /// - [`Write`](ErrorKind::Write) if writing fails.
    /// - [`Cancelled`](ErrorKind::Cancelled) if the callback cancels the download.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let mut out = std::io::stdout().lock();
    /// let done = client.recording(room, recording).media().download(&mut out)?;
    /// eprintln!("{} bytes", done.size);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn download(mut self, out: &mut (impl Write + ?Sized)) -> Result<Downloaded, Error> {
        let mut reader = self.reader()?;
        let copied = reader.copy_to(out, &mut self.on_progress);
        let size = copied.map_err(|error| error.of("the media"))?;
        Ok(Downloaded { size, transferred: reader.transferred() })
    }
}

impl Read for MediaReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_media(buffer).map_err(io::Error::other)
    }
}
