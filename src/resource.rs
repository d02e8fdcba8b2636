//! One recording: fetch, delete.

use std::sync::Arc;
use std::time::Instant;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::http::{ApiRequest, Http, Method, Subject};
use crate::listing::parse_record;
use crate::model::{RecordingSid, RoomRecording, RoomSid};

/// One recording, by its SIDs. Made by [`Client::recording`](crate::Client::recording). Each method
/// sends its own requests, with the client's retries.
///
/// ```no_run
/// use twilio_room_recordings::{Client, Error};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let resource = client.recording(room, recording);
/// println!("{:?}", resource.fetch()?.status);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before a method that sends a request is called"]
pub struct RecordingResource {
    pub(crate) http: Arc<Http>,
    room: RoomSid,
    recording: RecordingSid,
    pub(crate) deadline: Deadline,
}

/// The result of a deletion.
///
/// ```
/// use twilio_room_recordings::Deletion;
///
/// fn report(deletion: Deletion) {
///     match deletion {
///         Deletion::Deleted => println!("deleted"),
///         Deletion::AlreadyGone => println!("already gone"),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deletion {
    /// The recording existed, and the API has deleted it.
    Deleted,
    /// The room has no such recording: the API responded with status 404 and its code. That is also
    /// what a retry finds if the response to the first attempt was lost, and what a mistyped SID gives.
    AlreadyGone,
}

impl RecordingResource {
    pub(crate) fn new(http: Arc<Http>, room: RoomSid, recording: RecordingSid) -> Self {
        Self { http, room, recording, deadline: Deadline::default() }
    }

    /// Returns the SID of the room.
    pub fn room_sid(&self) -> RoomSid {
        self.room
    }

    /// Returns the SID of the recording.
    pub fn sid(&self) -> RecordingSid {
        self.recording
    }

    /// Sets the instant by which [`fetch`](Self::fetch), [`delete`](Self::delete) and the transfer
    /// of the [`media`](Self::media) must have ended, retries and their delays included. After it,
    /// they fail with [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded). By default only the retry
    /// policy and the attempt timeout limit the time.
    ///
    /// ```no_run
    /// use std::time::{Duration, Instant};
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let deadline = Instant::now() + Duration::from_secs(20);
    /// client.recording(room, recording).deadline(deadline).delete()?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Deadline::at(deadline);
        self
    }

    /// Fetches the record.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](crate::ErrorKind::NotFound) if the recording does not exist.
    /// - [`InvalidRecord`](crate::ErrorKind::InvalidRecord) if the record is invalid, or that of another
    ///   recording.
    /// - [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response is not JSON.
    /// - [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) if the deadline passes.
    /// - Any error of a request to the API.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// println!("{:?}", client.recording(room, recording).fetch()?.duration);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn fetch(&self) -> Result<RoomRecording, Error> {
        let path = self.path();
        self.http.request(&self.request(Method::GET, &path), &mut Vec::new(), |head, body| {
            head.expect(200)?;
            parse_record(body, self.room, self.recording)
        })
    }

    /// Deletes the recording. Its media is gone, and the API may keep its record, with the status
    /// `deleted`. A deletion cannot be undone.
    ///
    /// A recording that is already gone is not an error, so a job can run again. A 404 that is not
    /// the API's own, such as a gateway's page, is an error.
    ///
    /// # Errors
    ///
    /// - [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) if the deadline passes. The recording
    ///   may have been deleted.
    /// - Any error of a request to the API.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Deletion, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// match client.recording(room, recording).delete()? {
    ///     Deletion::Deleted => println!("deleted"),
    ///     Deletion::AlreadyGone => println!("already gone"),
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn delete(&self) -> Result<Deletion, Error> {
        let path = self.path();
        let request = self.request(Method::DELETE, &path);
        let mut buffer = Vec::new();
        let deleted =
            self.http.request(&request, &mut buffer, |head, body| head.expect_success(body));
        match deleted {
            Ok(()) => Ok(Deletion::Deleted),
            Err(error) if error.is_not_found() => Ok(Deletion::AlreadyGone),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn path(&self) -> String {
        format!("/v1/Rooms/{}/Recordings/{}", self.room, self.recording)
    }

    pub(crate) fn request<'a>(&self, method: Method, path: &'a str) -> ApiRequest<'a> {
        ApiRequest { method, path, subject: self.subject(), deadline: self.deadline }
    }

    pub(crate) fn subject(&self) -> Subject {
        Subject { room: Some(self.room), recording: Some(self.recording) }
    }
}
