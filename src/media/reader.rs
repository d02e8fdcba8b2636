//! `MediaReader`: one transfer, which resumes by itself.

use std::io::{self, Read};
use std::mem;

use super::encryption::{Encryption, is_stored_size_of};
use super::failures::{Failures, Interrupted};
use super::progress::Downloaded;
use super::source::{Known, Media};
use super::version::Version;
use crate::deadline::exceeded_after;
use crate::error::{Error, ErrorKind};
use crate::http::{MediaBody, SignedUrl};

/// The media of a recording, as a blocking reader. Made by [`Media::reader`](crate::Media::reader).
///
/// A transfer that is interrupted is resumed. At the end, the length has been checked. An
/// [`io::Error`] of this reader holds an [`Error`].
///
/// ```no_run
/// use std::io::Read;
/// use twilio_room_recordings::{Client, Error};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let mut media = Vec::new();
/// let mut reader = client.recording(room, recording).media().reader()?;
/// if let Err(error) = reader.read_to_end(&mut media) {
///     match error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
///         Some(error) => eprintln!("after {} attempts: {error}", error.attempts()),
///         None => eprintln!("{error}"),
///     }
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct MediaReader {
    media: Media,
    recorded: Known,
    url: Option<SignedUrl>,
    /// The version that every later byte must belong to.
    pinned: Option<Version>,
    /// If true, a response has said that the media is encrypted.
    is_encrypted: bool,
    body: Body,
    /// The position of the next byte.
    position: u64,
    transferred: u64,
    failures: Failures,
}

#[derive(Debug, Default)]
enum Body {
    #[default]
    Closed,
    Open(Box<OpenBody>),
    Complete,
}

/// A body of the right version, at the position of the next byte.
#[derive(Debug)]
struct OpenBody {
    reader: MediaBody,
    /// The position from which the body was requested.
    from: u64,
    version: Version,
}

impl MediaReader {
    /// Sends the first request.
    pub(super) fn open(media: Media) -> Result<Self, Error> {
        let recorded = media.recorded()?;
        let mut reader = Self::new(media, recorded);
        reader.connect_if_closed().map_err(Interrupted::into_error)?;
        Ok(reader)
    }

    /// A transfer without a request so far.
    pub(super) fn new(media: Media, recorded: Known) -> Self {
        Self {
            media,
            recorded,
            url: None,
            pinned: None,
            is_encrypted: false,
            body: Body::Closed,
            position: 0,
            transferred: 0,
            failures: Failures::default(),
        }
    }

    /// Returns the size of the media in bytes, as the storage or the record names it.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let reader = client.recording(room, recording).media().reader()?;
    /// println!("{:?} bytes", reader.total());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn total(&self) -> Option<u64> {
        self.version().and_then(|version| version.length).or(self.recorded.size)
    }

    /// Returns the encryption data, if the media is encrypted.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let reader = client.recording(room, recording).media().reader()?;
    /// println!("encrypted: {}", reader.encryption().is_some());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn encryption(&self) -> Option<&Encryption> {
        self.version()?.encryption.as_ref()
    }

    /// The version that the next byte belongs to, if that is known.
    pub(super) fn version(&self) -> Option<&Version> {
        match &self.body {
            Body::Open(open) => Some(&open.version),
            _ => self.pinned.as_ref(),
        }
    }

    /// The number that identifies the version in file names, if it has a strong entity tag.
    pub(super) fn version_id(&self) -> Option<u64> {
        self.version()?.id(self.media.sid())
    }

    /// The result, if no byte is missing.
    pub(super) fn downloaded(&self) -> Downloaded {
        let encryption = self.encryption().cloned();
        Downloaded { size: self.position, transferred: self.transferred, encryption }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The size of a complete file, if the record names a size.
    pub(super) fn expected(&self) -> Option<u64> {
        self.recorded.size.and(self.total())
    }

    /// Sends the first request, unless that is done.
    pub(super) fn connect_if_closed(&mut self) -> Result<(), Interrupted> {
        if let Body::Closed = self.body {
            self.body = Body::Open(self.connect()?);
        }
        Ok(())
    }

    /// Accepts no other version from now on, even before the first byte. Without a strong entity
    /// tag there is nothing to compare.
    pub(super) fn pin(&mut self) {
        self.pinned = self.version().filter(|version| version.tag.is_some()).cloned();
    }

    /// Continues the pinned version at this position.
    pub(super) fn skip_to(&mut self, position: u64) {
        self.position = position;
        self.body = if self.total() == Some(position) { Body::Complete } else { Body::Closed };
    }

    /// Waits, and begins at the first byte again, with what the storage has then. Returns the
    /// error if the retry policy permits no further attempt.
    pub(super) fn start_over(&mut self, error: Error) -> Result<(), Error> {
        let attempt = self.failures.started_over();
        // Permanent for a transfer that cannot start over, but not for this one.
        self.wait(attempt, error.transient(true))?;

        self.pinned = None;
        self.body = Body::Closed;
        self.position = 0;
        Ok(())
    }

    /// Sends requests until a response continues the media at the current position.
    fn connect(&mut self) -> Result<Box<OpenBody>, Interrupted> {
        loop {
            // The API's failures have had their retries, and say nothing about the media.
            let url = self.signed_url().map_err(Interrupted::Failed)?;
            match self.request(&url) {
                Ok(open) => return Ok(Box::new(open)),
                Err(interrupted) => self.before_retry(interrupted)?,
            }
        }
    }

    fn signed_url(&mut self) -> Result<SignedUrl, Error> {
        match &self.url {
            Some(url) => Ok(url.clone()),
            None => Ok(self.url.insert(self.media.sign()?).clone()),
        }
    }

    /// Sends one request for the media from the current position on.
    fn request(&mut self, url: &SignedUrl) -> Result<OpenBody, Interrupted> {
        let from = self.position;
        let resource = &self.media.resource;
        let (sid, deadline) = (resource.sid(), resource.deadline);
        let requested = resource.http.get_media(sid, url, from, deadline);
        let media = requested.map_err(|error| self.rejected(error))?;

        let encryption =
            Encryption::read(media.encryption).map_err(|error| unusable(from, error))?;
        if self.is_encrypted && encryption.is_none() {
            let reason = "the storage sends no encryption data any more";
            return Err(unusable(from, Error::invalid_response(reason)));
        }
        self.is_encrypted = encryption.is_some();
        let tag = media.entity_tag;
        let version = self.check(Version { tag, length: media.length, encryption })?;
        let mut reader = media.body;
        if media.first < from {
            // The storage ignored the range.
            reader.skip(from - media.first).map_err(|error| self.interrupted(error))?;
        }
        Ok(OpenBody { reader, from, version })
    }

    /// Checks that the version is the pinned one, and as long as recorded.
    fn check(&self, version: Version) -> Result<Version, Interrupted> {
        let is_other = |pinned: &Version| !pinned.is_same(&version);
        if self.pinned.as_ref().is_some_and(is_other) {
            return Err(Interrupted::StartOver(self.changed()));
        }

        let length = version.length.or(self.pinned.as_ref().and_then(|pinned| pinned.length));
        // The storage may not say so.
        let is_encrypted = self.recorded.names_key || version.encryption.is_some();
        match (self.recorded.size, length) {
            (Some(recorded), Some(stored))
                if recorded != stored && !(is_encrypted && is_stored_size_of(stored, recorded)) =>
            {
                Err(unusable(self.position, self.size_mismatch(recorded, stored)))
            }
            (None, None) => {
                let reason = "neither the storage nor the record names the size of the media";
                Err(unusable(self.position, Error::invalid_response(reason)))
            }
            (Some(_), None) if is_encrypted => {
                let reason = "the storage does not name the size of encrypted media";
                Err(unusable(self.position, Error::invalid_response(reason)))
            }
            _ => Ok(Version { length, ..version }),
        }
    }

    /// The failure of a request that got no media, or a response that is not the media.
    fn rejected(&mut self, error: Error) -> Interrupted {
        match error.kind() {
            ErrorKind::Storage(response) if response.status < 429 => {
                // The signed URL may have expired.
                self.url = None;
                self.interrupted(error)
            }
            ErrorKind::MediaChanged { .. } | ErrorKind::InvalidResponse { .. }
                if !error.is_transient() =>
            {
                unusable(self.position, error)
            }
            _ => self.interrupted(error),
        }
    }

    /// A failure on the way, which says nothing about the media.
    fn interrupted(&self, error: Error) -> Interrupted {
        if error.is_transient() && self.media.resource.deadline.has_passed() {
            return Interrupted::Failed(exceeded_after(error));
        }

        let has_untagged_bytes = self.pinned.as_ref().is_some_and(|pinned| pinned.tag.is_none());
        match has_untagged_bytes && error.is_transient() {
            true => Interrupted::StartOver(error),
            false => Interrupted::Failed(error),
        }
    }

    /// Waits before the next attempt. Returns what happened if there is none.
    fn before_retry(&mut self, interrupted: Interrupted) -> Result<(), Interrupted> {
        match interrupted {
            Interrupted::Failed(error) => {
                let attempt = self.failures.failed();
                self.wait(attempt, error).map_err(Interrupted::Failed)
            }
            Interrupted::StartOver(error) => {
                let attempts = self.failures.current();
                Err(Interrupted::StartOver(error.after_attempts(attempts)))
            }
        }
    }

    fn wait(&self, attempt: u32, error: Error) -> Result<(), Error> {
        let resource = &self.media.resource;
        let (subject, deadline) = (resource.subject(), resource.deadline);
        resource.http.wait_before_retry(attempt, deadline, subject, error)
    }

    /// Reads the next bytes. No byte means that the media is complete.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Interrupted> {
        if buffer.is_empty() {
            return Ok(0);
        }

        loop {
            self.connect_if_closed()?;
            let total = self.total();
            let is_at_end = total == Some(self.position);
            let mut open = match mem::take(&mut self.body) {
                Body::Open(open) => open,
                body => {
                    self.body = body;
                    return Ok(0);
                }
            };

            match open.reader.read(buffer) {
                // All bytes are there, however the connection ends.
                Ok(0) | Err(_) if is_at_end => self.complete(open),
                Ok(0) => {
                    let error = open.reader.failed(truncated(self.position, total));
                    self.before_retry(self.interrupted(error))?;
                }
                Ok(count) => {
                    let reached = self.position.saturating_add(count as u64);
                    if let Some(total) = total.filter(|total| reached > *total) {
                        let error = self.size_mismatch(total, reached);
                        let attempts = self.failures.current();
                        return Err(unusable(open.from, error.after_attempts(attempts)));
                    }
                    self.advance(open, count as u64);
                    return Ok(count);
                }
                Err(error) => self.before_retry(self.interrupted(error))?,
            }
        }
    }

    fn advance(&mut self, open: Box<OpenBody>, count: u64) {
        self.position = self.position.saturating_add(count);
        self.transferred = self.transferred.saturating_add(count);
        self.failures.received(count);
        self.pinned.get_or_insert_with(|| open.version.clone());
        self.body = Body::Open(open);
    }

    fn complete(&mut self, open: Box<OpenBody>) {
        self.pinned.get_or_insert(open.version);
        self.body = Body::Complete;
    }

    fn changed(&self) -> Error {
        Error::new(ErrorKind::MediaChanged { recording_sid: self.media.sid() })
    }

    fn size_mismatch(&self, recorded: u64, stored: u64) -> Error {
        let recording_sid = self.media.sid();
        Error::new(ErrorKind::MediaSizeMismatch { recording_sid, recorded, stored })
    }
}

/// A response that contradicts what is known. If it continues earlier bytes, these may be what is
/// wrong.
fn unusable(from: u64, error: Error) -> Interrupted {
    match from {
        0 => Interrupted::Failed(error),
        _ => Interrupted::StartOver(error),
    }
}

fn truncated(position: u64, total: Option<u64>) -> String {
    let total = total.map_or("an unknown number".to_owned(), |total| total.to_string());
    format!("the body ended after {position} of {total} bytes")
}

impl Read for MediaReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(buffer).map_err(|interrupted| interrupted.into_error().into())
    }
}
