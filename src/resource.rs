//! One recording of a room: its metadata, its deletion, the way to its media.

use std::time::Instant;

use ureq::http::Method;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::media::Media;
use crate::page;
use crate::recording::RoomRecording;
use crate::sid::{RecordingSid, RoomSid};

/// One recording of a room, by its SIDs; made by [`Client::recording`]. Each method makes its own
/// requests, with the client's retries.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before something is asked for"]
pub struct RecordingResource {
    client: Client,
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
    pub(crate) fn new(client: Client, room: RoomSid, recording: RecordingSid) -> Self {
        Self { client, room, recording }
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
    /// [`InvalidAnswer`](ErrorKind::InvalidAnswer) where what comes back is no valid record, or
    /// another one; and what can go wrong with any request.
    pub fn fetch(&self) -> Result<RoomRecording, Error> {
        self.fetch_by(None)
    }

    pub(crate) fn fetch_by(&self, deadline: Option<Instant>) -> Result<RoomRecording, Error> {
        let mut body = Vec::new();
        self.client.http().request(&Method::GET, &self.path(), deadline, &mut body, |head, body| {
            head.expect(200)?;
            let record = page::parse_record(body, &self.room)?;
            if !record.sid.eq_ignore_ascii_case(&self.recording) {
                let reason = format!("it is of recording {}, not {}", record.sid, self.recording);
                return Err(Error::invalid_answer(reason));
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
        let http = self.client.http();
        let mut body = Vec::new();
        let deleted = http
            .request(&Method::DELETE, &self.path(), None, &mut body, |head, _| head.expect(204));
        match deleted {
            Ok(()) => Ok(Deletion::Deleted),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => {
                Ok(Deletion::AlreadyGone)
            }
            Err(error) => Err(error),
        }
    }

    /// Its media. Its metadata is fetched first, for its status and its size; where it is at hand,
    /// [`Client::media`] does without.
    pub fn media(&self) -> Media {
        Media::of(self.clone())
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn path(&self) -> String {
        format!("/v1/Rooms/{}/Recordings/{}", self.room, self.recording)
    }
}
