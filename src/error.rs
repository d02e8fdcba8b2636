//! What can go wrong, told apart.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::io;

use crate::recording::Status;
use crate::resume::ResumePoint;
use crate::service_error::ServiceError;
use crate::sid::ParseSidError;

/// [`std::result::Result`] with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Anything that this crate reports.
///
/// `Display` is one complete line for a person: what happened, the service's own words (control
/// characters and terminal escapes made visible), and what would help. [`kind`](Self::kind) tells
/// programs the cases apart. [`source`](StdError::source) is the underlying cause, whose text the
/// line already holds. No credential is in any of it.
///
/// ```
/// use twilio_room_recordings::{Client, Credentials, ErrorKind, RoomSid};
///
/// # let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// # let room: RoomSid = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let client = Client::new(Credentials::auth_token(account, "the auth token"))?;
/// for recording in client.recordings(room).page_size(0) {
///     match recording {
///         Ok(recording) => println!("{}", recording.sid),
///         Err(error) => match error.kind() {
///             ErrorKind::BadRecord(bad) => eprintln!("skipped: {error}, in {}", bad.json),
///             ErrorKind::Throttled(answer) => eprintln!("later: {:?}", answer.retry_after),
///             _ => eprintln!("{error}"), // page size "0" is not valid: expected 1 to 1000
///         },
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
    transient: bool,
    attempts: u32,
    resume: Option<ResumePoint>,
}

/// The cases of an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Something the caller gave can't be right. Nothing was sent.
    InvalidInput(InvalidInput),
    /// The environment holds no credentials, or half a pair: which variable is missing. Nothing
    /// was sent.
    MissingCredentials(String),
    /// The service refused the credentials (status 401 or 403).
    RefusedCredentials(ServiceError),
    /// There is no such room or recording (status 404).
    NotFound(ServiceError),
    /// Too many requests (status 429), after all retries or with a wait too long to be slept.
    Throttled(ServiceError),
    /// Another answer of the service that is not a success.
    Service(ServiceError),
    /// The storage that the media lies in refused it, after all retries and with a fresh URL each
    /// time the last one was refused.
    Storage(ServiceError),
    /// No whole answer arrived: name resolution, connection, TLS, proxy, or a body cut short.
    Transport(String),
    /// An attempt took longer than its time limit.
    Timeout,
    /// The deadline of the listing or the download has passed.
    DeadlineExceeded,
    /// The answer is not what the API's contract says: what is wrong with it.
    InvalidAnswer(String),
    /// One record of a page is not valid. The listing goes on after it.
    BadRecord(BadRecord),
    /// The service named a next page that this listing has already had.
    Cycle {
        /// The page, counted from 0, that named it.
        page: u64,
    },
    /// The recording has no media to be had: it is still processing, failed, or its media is
    /// deleted. Nothing of it was asked for.
    MediaUnavailable {
        /// What the recording says of itself.
        status: Status,
    },
    /// The media is not as long as the recording says. Nothing more of it was read.
    MediaSize {
        /// Its size in bytes, as the recording says.
        recorded: u64,
        /// Its size in bytes, as the storage says, or as it turned out.
        stored: u64,
    },
    /// The media was replaced by another while it was transferred: what has come of it is of no
    /// use. A download to a file starts over by itself.
    MediaChanged,
    /// What was downloaded could not be written: where, and what the operating system says.
    Write(String),
}

/// What the caller gave that can't be right.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidInput {
    /// What it was meant to be.
    pub what: &'static str,
    /// The value as it was given.
    pub value: String,
    /// What would be right.
    pub expected: String,
}

/// A record that is not valid, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadRecord {
    /// The page, counted from 0.
    pub page: u64,
    /// Its place in the page, counted from 0.
    pub index: usize,
    /// The first field that is wrong; `None` where the record as a whole is.
    pub field: Option<&'static str>,
    /// What is wrong.
    pub reason: String,
    /// The record as the service sent it.
    pub json: Box<str>,
}

impl Error {
    /// Which case this is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The answer of the service or of its storage, in every case that has one.
    pub fn service(&self) -> Option<&ServiceError> {
        match &self.0.kind {
            ErrorKind::RefusedCredentials(answer)
            | ErrorKind::NotFound(answer)
            | ErrorKind::Throttled(answer)
            | ErrorKind::Service(answer)
            | ErrorKind::Storage(answer) => Some(answer),
            _ => None,
        }
    }

    /// How many requests were made for what failed: 1 and its retries, or 0 where nothing was
    /// sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Where the listing stood when its page failed: hand it to
    /// [`ListRecordings::resume`](crate::ListRecordings::resume) to go on from there. It is there
    /// with status 400 too, where the service may have forgotten the page: then begin anew.
    pub fn resume_point(&self) -> Option<&ResumePoint> {
        self.0.resume.as_ref()
    }

    /// Whether the same request may well succeed later: throttling, a failure of the service or
    /// of the connection, a time limit.
    pub fn is_transient(&self) -> bool {
        self.0.transient
    }

    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, source: None, transient: false, attempts: 0, resume: None }))
    }

    pub(crate) fn invalid_input(
        what: &'static str,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        let (value, expected) = (value.to_string(), expected.into());
        Self::new(ErrorKind::InvalidInput(InvalidInput { what, value, expected }))
    }

    pub(crate) fn invalid_sid(what: &'static str, error: ParseSidError) -> Self {
        let expected = error.expected().to_string();
        Self::invalid_input(what, error.input(), expected).caused_by(error)
    }

    pub(crate) fn write(what: impl fmt::Display, error: io::Error) -> Self {
        Self::new(ErrorKind::Write(format!("{what}: {error}"))).caused_by(error)
    }

    pub(crate) fn invalid_answer(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidAnswer(reason.into()))
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn transient(mut self, transient: bool) -> Self {
        self.0.transient = transient;
        self
    }

    pub(crate) fn after_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn resumable_at(mut self, point: ResumePoint) -> Self {
        self.0.resume = Some(point);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ErrorKind::InvalidInput(input) => input.fmt(f)?,
            ErrorKind::MissingCredentials(what) => f.write_str(what)?,
            ErrorKind::RefusedCredentials(answer) => {
                write!(f, "the service refused the credentials: {answer}")?;
            }
            ErrorKind::NotFound(answer) => write!(f, "not found: {answer}")?,
            ErrorKind::Throttled(answer) => write!(f, "too many requests: {answer}")?,
            ErrorKind::Service(answer) => write!(f, "the service failed: {answer}")?,
            ErrorKind::Transport(what) => write!(f, "no whole answer arrived: {}", Escaped(what))?,
            ErrorKind::Timeout => f.write_str("the attempt took longer than its time limit")?,
            ErrorKind::Storage(answer) => write!(f, "the storage refused the media: {answer}")?,
            ErrorKind::DeadlineExceeded => {
                f.write_str("the deadline has passed")?;
                if let Some(cause) = &self.0.source {
                    write!(f, "; before it: {}", Escaped(&cause.to_string()))?;
                }
            }
            ErrorKind::InvalidAnswer(reason) => {
                write!(f, "the answer is not what the API promises: {}", Escaped(reason))?;
            }
            ErrorKind::BadRecord(bad) => bad.fmt(f)?,
            ErrorKind::Cycle { page } => write!(
                f,
                "the listing runs in a circle: page {page} names a next page that it has already had"
            )?,
            ErrorKind::MediaUnavailable { status } => {
                let status = Escaped(status.as_str());
                write!(f, "the recording has no media to be had: its status is {status}")?;
            }
            ErrorKind::MediaSize { recorded, stored } => write!(
                f,
                "the recording says that its media has {recorded} bytes, and it has {stored}"
            )?,
            ErrorKind::MediaChanged => {
                f.write_str("the media was replaced by another while it was transferred")?;
            }
            ErrorKind::Write(what) => write!(f, "could not write {}", Escaped(what))?,
        }
        match self.0.attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, " (after {attempts} attempts)"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("message", &self.to_string())
            .field("kind", &self.0.kind)
            .field("attempts", &self.0.attempts)
            .field("source", &self.0.source)
            .field("resume_point", &self.0.resume)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<ParseSidError> for Error {
    fn from(error: ParseSidError) -> Self {
        Self::invalid_sid("SID", error)
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, value, expected } = self;
        write!(f, "{what} \"{}\" is not valid: expected {}", Escaped(value), Escaped(expected))
    }
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, index, .. } = self;
        write!(f, "record {index} of page {page}, both counted from 0, is not valid: ")?;
        if let Some(field) = self.field {
            write!(f, "{field}: ")?;
        }
        Escaped(&self.reason).fmt(f)
    }
}

/// Foreign text for a person's eyes: bounded, and nothing in it that a terminal would act on.
pub(crate) struct Escaped<'a>(pub &'a str);

const SHOWN_CHARS: usize = 500;

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shown, char) in self.0.chars().enumerate() {
            match char {
                _ if shown == SHOWN_CHARS => return f.write_char('…'),
                '"' | '\'' | '\\' => f.write_char(char)?,
                _ => char.escape_debug().try_for_each(|char| f.write_char(char))?,
            }
        }
        Ok(())
    }
}
