//! The kinds of errors.

use std::fmt::{self, Display};
use std::mem;

use super::api_error::ApiError;
use super::transport::{TimeoutError, TransportError};
use crate::model::{Escaped, RecordingSid, RoomRecording, Status};

/// The kind of an [`Error`](crate::Error), with the details that a program can act on.
///
/// ```
/// use twilio_room_recordings::{Error, ErrorKind};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Unauthorized(_) => "check the credentials",
///         ErrorKind::NotFound(_) => "check the room SID",
///         _ if error.is_transient() => "run again later",
///         _ => "see the message",
///     }
/// }
///
/// assert_eq!(advice(&Error::from_response(404, b"")), "check the room SID");
/// assert_eq!(advice(&Error::from_response(503, b"")), "run again later");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A parameter or a setting is invalid. Nothing was sent.
    InvalidInput(InvalidInput),
    /// The environment holds no credentials, or half a pair. The text names the variables. Nothing
    /// was sent.
    #[non_exhaustive]
    MissingCredentials {
        /// The variables that are missing.
        reason: String,
    },
    /// The API rejected the credentials (status 401), or the OAuth token endpoint rejected the client
    /// ID or the client secret (status 400 or 401).
    Unauthorized(ApiError),
    /// The credentials do not permit the request (status 403).
    Forbidden(ApiError),
    /// The room or the recording does not exist, or a gateway does not know the path (status 404).
    /// [`Error::is_not_found`](crate::Error::is_not_found) distinguishes them.
    NotFound(ApiError),
    /// The API rejected a request that carried a page token with status 400. Page tokens expire:
    /// start the listing over.
    InvalidPageToken(ApiError),
    /// The API rejected the request with another 4xx status.
    BadRequest(ApiError),
    /// Too many requests (status 429). Either all retries failed, or `Retry-After` is a delay above
    /// [`RetryPolicy::max_retry_after`](crate::RetryPolicy::max_retry_after).
    TooManyRequests(ApiError),
    /// The API failed with a 5xx status. Either all retries failed, or it is not retried: status 501,
    /// or a `Retry-After` above
    /// [`RetryPolicy::max_retry_after`](crate::RetryPolicy::max_retry_after).
    ServerError(ApiError),
    /// The storage rejected a request for media. Transient statuses are retried first, and each retry
    /// of a rejected request uses a new signed URL.
    Storage(ApiError),
    /// No complete response arrived: name resolution, the connection, TLS or the proxy failed, or
    /// the body was truncated.
    Transport(TransportError),
    /// A request exceeded a time limit.
    Timeout(TimeoutError),
    /// The instant given to `deadline` has passed: that of the listing, the transfer or the call.
    DeadlineExceeded,
    /// The response violates the API contract. The text says how.
    #[non_exhaustive]
    InvalidResponse {
        /// The difference to the contract.
        reason: String,
    },
    /// A record is invalid. A listing continues after it.
    InvalidRecord(InvalidRecord),
    /// The API named a next page that this listing has already fetched, or returned three pages in a
    /// row with the records of earlier pages.
    #[non_exhaustive]
    PaginationLoop {
        /// The page, counted from 0, at which the loop was found.
        page: u64,
    },
    /// The recording has no media: it is still processing, has failed, or its media is deleted.
    /// The media was not requested.
    #[non_exhaustive]
    MediaUnavailable {
        /// The recording.
        recording_sid: RecordingSid,
        /// The status of the recording.
        status: Status,
    },
    /// The media's size differs from the recorded size. Encrypted media may be longer by its padding.
    #[non_exhaustive]
    MediaSizeMismatch {
        /// The recording.
        recording_sid: RecordingSid,
        /// The size in bytes that the record names.
        recorded: u64,
        /// The size in bytes that the storage names, or that was reached.
        stored: u64,
    },
    /// The media was replaced during the transfer. The partial data is discarded. A download to a
    /// file starts over by itself.
    #[non_exhaustive]
    MediaChanged {
        /// The recording.
        recording_sid: RecordingSid,
    },
    /// Writing the media failed. The text names the file and the reason.
    #[non_exhaustive]
    Write {
        /// The file, or `the media` for a writer.
        target: String,
        /// The reason.
        reason: String,
    },
    /// The program's callback cancelled the download:
    /// [`Media::on_progress`](crate::Media::on_progress).
    Cancelled,
}

impl ErrorKind {
    /// What a rejection usually means. A response without a code is not the API's own, but that of a
    /// gateway.
    fn usual_cause(&self) -> &'static str {
        match self {
            Self::Forbidden(error) if error.code.is_some() => {
                "; the credentials may lack the permission"
            }
            Self::NotFound(error) if error.code.is_some() => {
                "; no such room or recording in this account and region"
            }
            _ => "",
        }
    }

    /// Passes the text of a response through `redact`.
    pub(super) fn redact(&mut self, redact: impl Fn(String) -> String) {
        let replace = |text: &mut String| *text = redact(mem::take(text));
        match self {
            Self::Unauthorized(error)
            | Self::Forbidden(error)
            | Self::NotFound(error)
            | Self::InvalidPageToken(error)
            | Self::BadRequest(error)
            | Self::TooManyRequests(error)
            | Self::ServerError(error)
            | Self::Storage(error) => {
                replace(&mut error.message);
                error.more_info.iter_mut().chain(&mut error.request_id).for_each(replace);
            }
            Self::Transport(error) => replace(&mut error.reason),
            Self::InvalidResponse { reason } => replace(reason),
            Self::InvalidRecord(record) => {
                replace(&mut record.reason);
                let json = redact(record.json.clone());
                if json != record.json {
                    // Its values hold the secret too.
                    (record.json, record.recording) = (json, None);
                }
                record.field.iter_mut().for_each(replace);
            }
            _ => {}
        }
    }
}

/// A parameter or a setting that is invalid.
///
/// ```
/// use twilio_room_recordings::{Error, ErrorKind, RoomSid};
///
/// let error: Error = "RMx".parse::<RoomSid>().unwrap_err().into();
/// let ErrorKind::InvalidInput(input) = error.kind() else { panic!("{error}") };
/// assert_eq!((input.parameter, input.value.as_str()), ("room SID", "RMx"));
/// assert_eq!(input.expected, "RM and 32 hexadecimal digits, got 3 characters");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidInput {
    /// The name of the parameter, the setting or the environment variable.
    pub parameter: &'static str,
    /// The value. It is left out (`…`) if it is or may be a secret.
    pub value: String,
    /// A description of valid values.
    pub expected: String,
}

/// An invalid record, and its position in the listing. Page and index of a recording that was fetched
/// alone are 0.
///
/// ```
/// use twilio_room_recordings::{ErrorKind, Page};
///
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let body = br#"{"meta": {"next_page_url": null}, "recordings": [{"sid": "RT1"}]}"#;
/// let page = Page::from_json(body, room)?;
/// let error = page.recordings[0].as_ref().unwrap_err();
/// let ErrorKind::InvalidRecord(record) = error.kind() else { panic!("{error}") };
/// assert_eq!((record.page, record.index, record.field.as_deref()), (0, 0, Some("sid")));
/// assert_eq!(record.json, r#"{"sid": "RT1"}"#);
/// # Ok::<(), twilio_room_recordings::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidRecord {
    /// The page, counted from 0.
    pub page: u64,
    /// The record's index in its page, counted from 0.
    pub index: usize,
    /// The recording, if the record has a valid SID.
    pub sid: Option<RecordingSid>,
    /// The first invalid field; `None` if the record as a whole is invalid.
    pub field: Option<String>,
    /// The reason, with the value and a description of valid values.
    pub reason: String,
    /// The record as the API sent it.
    pub json: String,
    /// The record without its invalid fields, for programs that can do without them. `None` if a
    /// field is invalid that names the recording or decides about its media: a SID, the status, the
    /// date of its start, the size, or the encryption key.
    pub recording: Option<Box<RoomRecording>>,
}

impl Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, None)
    }
}

impl ErrorKind {
    /// Writes the reason, with the host that a response came from.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, host: Option<&str>) -> fmt::Result {
        match self {
            Self::InvalidInput(input) => input.fmt(f),
            Self::MissingCredentials { reason } => write!(f, "missing credentials: {reason}"),
            Self::Unauthorized(error)
            | Self::Forbidden(error)
            | Self::NotFound(error)
            | Self::InvalidPageToken(error)
            | Self::BadRequest(error)
            | Self::TooManyRequests(error) => {
                f.write_str("the API rejected the request: ")?;
                error.write(f, host)?;
                f.write_str(self.usual_cause())
            }
            Self::ServerError(error) => {
                f.write_str("the API failed: ")?;
                error.write(f, host)
            }
            Self::Storage(error) => {
                let has_failed = (500..=599).contains(&error.status);
                f.write_str(if has_failed {
                    "the storage failed: "
                } else {
                    "the storage rejected the request: "
                })?;
                error.write(f, host)
            }
            Self::Transport(error) => error.fmt(f),
            Self::Timeout(error) => error.fmt(f),
            Self::DeadlineExceeded => f.write_str("the deadline has passed"),
            Self::InvalidResponse { reason } => {
                f.write_str("invalid response")?;
                if let Some(host) = host {
                    write!(f, " from {}", Escaped(host))?;
                }
                write!(f, ": {}", Escaped(reason))
            }
            Self::InvalidRecord(record) => record.fmt(f),
            Self::PaginationLoop { page } => {
                write!(f, "pagination loop: page {page} links to a page already fetched")
            }
            Self::MediaUnavailable { recording_sid, status } => {
                let status = Escaped(status.as_str());
                write!(f, "no media for recording {recording_sid}: its status is {status}")
            }
            Self::MediaSizeMismatch { recording_sid, recorded, stored } => write!(
                f,
                "media of recording {recording_sid} has {stored} bytes: expected {recorded}, \
                 the recorded size"
            ),
            Self::MediaChanged { recording_sid } => {
                write!(f, "media of recording {recording_sid} was replaced during the transfer")
            }
            Self::Write { target, reason } => {
                write!(f, "could not write {}: {}", Escaped(target), Escaped(reason))
            }
            Self::Cancelled => f.write_str("the download was cancelled"),
        }
    }
}

impl Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parameter, value, expected } = self;
        write!(f, "invalid {parameter} \"{}\": expected {}", Escaped(value), Escaped(expected))
    }
}

impl Display for InvalidRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sid {
            Some(sid) => write!(f, "invalid record {sid}: ")?,
            None => write!(f, "invalid record (page {}, index {}): ", self.page, self.index)?,
        }
        if let Some(field) = &self.field {
            write!(f, "{} ", Escaped(field))?;
        }

        Escaped(&self.reason).fmt(f)
    }
}
