//! One recording of a room: its metadata, its deletion, the way to its media.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::http::{ApiRequest, Deadline, Http, Method};
use crate::listing::parse_record;
use crate::model::{RecordingSid, RoomRecording, RoomSid};

/// One recording of a room, by its SIDs; made by [`Client::recording`](crate::Client::recording). Each method makes its own
/// requests, with the client's retries.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before something is asked for"]
pub struct RecordingResource {
    http: Arc<Http>,
    room: RoomSid,
    recording: RecordingSid,
}

/// What came of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deletion {
    /// The recording was there, and the service has deleted it.
    Deleted,
    /// There is no such recording (any more): the service answered with status 404. That is also
    /// what a retry finds where the answer to the first attempt was lost.
    AlreadyGone,
}

impl RecordingResource {
    pub(crate) fn new(http: Arc<Http>, room: RoomSid, recording: RecordingSid) -> Self {
        Self { http, room, recording }
    }

    /// The room it belongs to.
    pub fn room_sid(&self) -> RoomSid {
        self.room
    }

    /// The recording.
    pub fn sid(&self) -> RecordingSid {
        self.recording
    }

    /// Its metadata as it is now.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where there is no such recording;
    /// [`InvalidResponse`](ErrorKind::InvalidResponse) where what comes back is no valid record, or
    /// another one; and what can go wrong with any request.
    pub fn fetch(&self) -> Result<RoomRecording, Error> {
        self.fetch_by(Deadline::NONE)
    }

    pub(crate) fn fetch_by(&self, deadline: Deadline) -> Result<RoomRecording, Error> {
        let path = self.path();
        let request = self.request(Method::GET, &path, deadline);
        self.http.request(&request, &mut Vec::new(), |head, body| {
            head.expect(200)?;
            let record = parse_record(body, &self.room)?;
            if !record.sid.eq_ignore_ascii_case(&self.recording) {
                let reason = format!("expected recording {}, got {}", self.recording, record.sid);
                return Err(Error::invalid_response(reason));
            }
            Ok(record)
        })
    }

    /// Deletes it: its media, and in the end its metadata too. There is no way back.
    ///
    /// What is gone already is no error, so that a job can be run again.
    ///
    /// # Errors
    ///
    /// What can go wrong with any request.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Deletion, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// match client.recording(room, recording).delete()? {
    ///     Deletion::Deleted => println!("deleted"),
    ///     Deletion::AlreadyGone => println!("it was gone already"),
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn delete(&self) -> Result<Deletion, Error> {
        let path = self.path();
        let request = self.request(Method::DELETE, &path, Deadline::NONE);
        let deleted = self.http.request(&request, &mut Vec::new(), |head, _| head.expect(204));
        match deleted {
            Ok(()) => Ok(Deletion::Deleted),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => {
                Ok(Deletion::AlreadyGone)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn http(&self) -> &Arc<Http> {
        &self.http
    }

    pub(crate) fn path(&self) -> String {
        format!("/v1/Rooms/{}/Recordings/{}", self.room, self.recording)
    }

    pub(crate) fn request<'a>(
        &self,
        method: Method,
        path: &'a str,
        deadline: Deadline,
    ) -> ApiRequest<'a> {
        ApiRequest { method, path, recording: Some(self.recording), deadline }
    }
}
