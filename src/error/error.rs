//! The error type.

use std::error::Error as StdError;
use std::sync::Arc;
use std::{fmt, io};

use super::api_error::ApiError;
use super::kind::{ErrorKind, InvalidInput, InvalidRecord};
use crate::model::{Escaped, ResumePoint, RoomRecording};

/// The error of building a client and of every request. The errors of parsing, such as
/// [`ParseSidError`](crate::ParseSidError), convert into it.
///
/// `Display` is one complete line: the operation, the host, the reason and the number of attempts.
/// Text from the network is escaped, and no secret is in it. `Debug` is the same line, so that a
/// `main` that returns a `Result` prints it.
///
/// The line already holds the text of the underlying error. So [`source`](StdError::source) skips
/// that error, as it does for [`std::io::Error`], and [`get_ref`](Self::get_ref) returns it.
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
///             ErrorKind::InvalidRecord(record) => eprintln!("{error}: {}", record.json),
///             ErrorKind::TooManyRequests(response) => {
///                 eprintln!("later: {:?}", response.retry_after);
///             }
///             _ => eprintln!("{error}"), // invalid page size "0": expected 1 to 1000
///         },
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
    /// The host that the response came from.
    host: Option<String>,
    /// What the client adds, such as the credentials that were rejected, without their secret.
    note: Option<String>,
    is_transient: bool,
    attempts: u32,
    resume_point: Option<ResumePoint>,
}

impl Error {
    /// Returns the kind of the error.
    ///
    /// ```
    /// use twilio_room_recordings::{Error, ErrorKind};
    ///
    /// let error = Error::from_response(403, b"");
    /// assert!(matches!(error.kind(), ErrorKind::Forbidden(_)));
    /// ```
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the error response of the API or its storage, if the error is about one.
    ///
    /// ```
    /// use twilio_room_recordings::{Error, RoomSid};
    ///
    /// let error = Error::from_response(404, br#"{"code": 20404, "message": "not found"}"#);
    /// assert_eq!(error.api_error().and_then(|response| response.code), Some(20404));
    ///
    /// let error: Error = "RMx".parse::<RoomSid>().unwrap_err().into();
    /// assert!(error.api_error().is_none());
    /// ```
    pub fn api_error(&self) -> Option<&ApiError> {
        match &self.0.kind {
            ErrorKind::Unauthorized(error)
            | ErrorKind::Forbidden(error)
            | ErrorKind::NotFound(error)
            | ErrorKind::InvalidPageToken(error)
            | ErrorKind::BadRequest(error)
            | ErrorKind::TooManyRequests(error)
            | ErrorKind::ServerError(error)
            | ErrorKind::Storage(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the host that the request was sent to, if the error is about a request: the API, the
    /// storage or the OAuth token endpoint.
    ///
    /// ```
    /// use twilio_room_recordings::Error;
    ///
    /// fn is_about_the_api(error: &Error) -> bool {
    ///     error.host().is_some_and(|host| host.ends_with(".twilio.com"))
    /// }
    /// ```
    pub fn host(&self) -> Option<&str> {
        match &self.0.kind {
            ErrorKind::Transport(error) => Some(&error.host),
            ErrorKind::Timeout(error) => Some(&error.host),
            _ => self.0.host.as_deref(),
        }
    }

    /// Returns the number of attempts of the failed operation, or 0 if nothing was sent. In a
    /// transfer of media, those before the last 64 KiB are not counted. If no OAuth token could be
    /// fetched, they are the attempts to fetch it.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the resume point of the page that could not be fetched, for
    /// [`Client::resume`](crate::Client::resume), or
    /// [`ListRecordings::continue_at`](crate::ListRecordings::continue_at) if strangers can send points.
    ///
    /// ```no_run
    /// use twilio_room_recordings::Client;
    ///
    /// let client = Client::from_env()?;
    /// for recording in client.recordings("RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?) {
    ///     match recording {
    ///         Ok(recording) => println!("{}", recording.sid),
    ///         Err(error) => {
    ///             eprintln!("{error}");
    ///             if let Some(point) = error.resume_point() {
    ///                 std::fs::write("listing.resume", point.to_string())?;
    ///             }
    ///         }
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume_point(&self) -> Option<&ResumePoint> {
        self.0.resume_point.as_ref()
    }

    /// Returns `true` if the same request may succeed later: the API throttled it or failed, the
    /// connection failed, or an attempt timed out. A deadline that has passed is not transient: the
    /// same request would exceed it at once.
    ///
    /// ```
    /// use twilio_room_recordings::Error;
    ///
    /// assert!(Error::from_response(503, b"").is_transient());
    /// assert!(!Error::from_response(404, b"").is_transient());
    /// ```
    pub fn is_transient(&self) -> bool {
        self.0.is_transient
    }

    /// Returns the underlying error, if there is one.
    ///
    /// Its type is
    /// - [`ParseSidError`](crate::ParseSidError) for [`ErrorKind::InvalidInput`] if a SID could not be
    ///   parsed,
    /// - [`std::io::Error`] for [`ErrorKind::Transport`] and [`ErrorKind::Write`],
    /// - for [`ErrorKind::InvalidResponse`], [`std::io::Error`] if the response is not valid HTTP,
    ///   and `serde_json::Error` or [`std::str::Utf8Error`] if its body cannot be decoded,
    /// - [`Error`] for [`ErrorKind::DeadlineExceeded`]: the failure of the last attempt.
    ///
    /// ```
    /// use twilio_room_recordings::{Error, ParseSidError, RoomSid};
    ///
    /// let error: Error = "RMx".parse::<RoomSid>().unwrap_err().into();
    /// let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<ParseSidError>());
    /// assert_eq!(cause.map(ParseSidError::input), Some("RMx"));
    /// ```
    pub fn get_ref(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }

    /// Returns `true` if the API itself says that the room or the recording does not exist: status
    /// 404, with an error code. A gateway that does not know the path sends a 404 without one.
    ///
    /// ```
    /// use twilio_room_recordings::Error;
    ///
    /// let of_the_api = Error::from_response(404, br#"{"code": 20404, "message": "not found"}"#);
    /// assert!(of_the_api.is_not_found());
    ///
    /// let of_a_gateway = Error::from_response(404, b"<h1>Not Found</h1>");
    /// assert!(!of_a_gateway.is_not_found());
    /// ```
    pub fn is_not_found(&self) -> bool {
        matches!(&self.0.kind, ErrorKind::NotFound(response) if response.code.is_some())
    }

    /// Returns the record of [`ErrorKind::InvalidRecord`] without its invalid fields, or the error
    /// itself if there is none: see [`InvalidRecord::recording`].
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// for recording in client.recordings("RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?) {
    ///     let recording = recording.or_else(Error::into_recording)?;
    ///     println!("{}", recording.sid);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn into_recording(self) -> Result<RoomRecording, Self> {
        match self.0.kind {
            ErrorKind::InvalidRecord(InvalidRecord { recording: Some(recording), .. }) => {
                Ok(*recording)
            }
            _ => Err(self),
        }
    }

    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            cause: None,
            host: None,
            note: None,
            is_transient: false,
            attempts: 0,
            resume_point: None,
        }))
    }

    pub(crate) fn rejected(error: ApiError) -> Self {
        let status = error.status;
        let kind = match status {
            401 => ErrorKind::Unauthorized(error),
            403 => ErrorKind::Forbidden(error),
            404 => ErrorKind::NotFound(error),
            429 => ErrorKind::TooManyRequests(error),
            500..=599 => ErrorKind::ServerError(error),
            _ => ErrorKind::BadRequest(error),
        };
        Self::new(kind).transient(is_transient_status(status))
    }

    pub(crate) fn invalid_input(
        parameter: &'static str,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        let (value, expected) = (value.to_string(), expected.into());
        Self::new(ErrorKind::InvalidInput(InvalidInput { parameter, value, expected }))
    }

    pub(crate) fn missing_credentials(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::MissingCredentials { reason: reason.into() })
    }

    pub(crate) fn write(target: impl fmt::Display, error: io::Error) -> Self {
        let (target, reason) = (target.to_string(), error.to_string());
        Self::new(ErrorKind::Write { target, reason }).caused_by(error)
    }

    pub(crate) fn invalid_response(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidResponse { reason: reason.into() })
    }

    pub(crate) fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    pub(crate) fn transient(mut self, is_transient: bool) -> Self {
        self.0.is_transient = is_transient;
        self
    }

    pub(crate) fn after_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_more_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = self.0.attempts.saturating_add(attempts);
        self
    }

    /// Sets the host that the response came from.
    pub(crate) fn set_host(&mut self, host: &str) {
        self.0.host = Some(host.into());
    }

    pub(crate) fn set_note(&mut self, note: impl Into<String>) {
        self.0.note = Some(note.into());
    }

    pub(crate) fn resumable_at(mut self, point: ResumePoint) -> Self {
        self.0.resume_point = Some(point);
        self
    }

    /// Passes the text of a response through `redact`. An underlying error that shows what is
    /// redacted is dropped.
    pub(crate) fn redact(&mut self, redact: impl Fn(String) -> String) {
        self.0.kind.redact(&redact);
        self.0.cause = self.0.cause.take().filter(|cause| {
            let shown = format!("{cause} {cause:?}");
            redact(shown.clone()) == shown
        });
    }

    /// The same error, of a request that carried a page token: its status 400 is about the token.
    pub(crate) fn with_page_token(mut self) -> Self {
        self.0.kind = match self.0.kind {
            ErrorKind::BadRequest(error) if error.status == 400 => {
                ErrorKind::InvalidPageToken(error)
            }
            kind => kind,
        };
        self
    }
}

/// Returns `true` if the same request may succeed later.
pub(crate) fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=599)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.write(f, self.0.host.as_deref())?;
        if let (ErrorKind::DeadlineExceeded, Some(last)) = (&self.0.kind, &self.0.cause) {
            write!(f, "; the last attempt failed: {}", Escaped(&last.to_string()))?;
        }

        if let Some(note) = &self.0.note {
            write!(f, "; {note}")?;
        }
        match self.0.attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, " (after {attempts} attempts)"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref()?.source()
    }
}
