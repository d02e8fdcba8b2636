//! The entry point: a client, and the operations that start from it.

use std::sync::Arc;

use crate::http::Http;
use crate::listing::ListRecordings;
use crate::media::Media;
use crate::model::{List, RecordingSid, ResumePoint, RoomRecording, RoomSid};
use crate::resource::RecordingResource;

/// A client for the Twilio Video recordings API.
///
/// A client is cheap to clone. Clones share their connections, so one client serves all threads.
///
/// ```
/// use twilio_room_recordings::{Client, Credentials};
///
/// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let client = Client::new(Credentials::auth_token(account, "the auth token"))?;
/// # Ok::<(), twilio_room_recordings::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client(pub(crate) Arc<Http>);

impl Client {
    /// Lists the recordings of a room. The returned builder sets filters and is an [`IntoIterator`].
    ///
    /// Nothing is sent before the first item is requested. A failure is an `Err` item of the
    /// iteration.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// for recording in client.recordings("RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?) {
    ///     println!("{}", recording?.sid);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn recordings(&self, room: RoomSid) -> ListRecordings {
        ListRecordings::new(Arc::clone(&self.0), List::Room(room))
    }

    /// Lists the recordings of all rooms of the account.
    ///
    /// The listing is the same as that of a room, except that it also has the filters
    /// [`grouping_sid`](ListRecordings::grouping_sid) and
    /// [`media_type`](ListRecordings::media_type), and a page size of at most 100. Nothing is sent
    /// yet.
    ///
    /// ```no_run
    /// use twilio_room_recordings::time::{Duration, OffsetDateTime};
    /// use twilio_room_recordings::{Client, Error, Status};
    ///
    /// let client = Client::from_env()?;
    /// let three_days_ago = OffsetDateTime::now_utc() - Duration::days(3);
    /// let completed = client
    ///     .account_recordings()
    ///     .status(Status::Completed)
    ///     .created_after(three_days_ago);
    /// for recording in completed {
    ///     let recording = recording?;
    ///     println!("{} of room {}", recording.sid, recording.room_sid);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn account_recordings(&self) -> ListRecordings {
        ListRecordings::new(Arc::clone(&self.0), List::Account)
    }

    /// Continues a listing at a resume point. The list, the filters and the page size are those of
    /// the point. A limit and a deadline can be set again. Nothing is sent yet.
    ///
    /// The point is trusted: it selects any list of the account. Never pass a point whose text
    /// comes from a stranger, such as the parameter of a web page. Pass it to
    /// [`ListRecordings::continue_at`], which checks that it is a point of the listing at hand.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, ResumePoint};
    ///
    /// let client = Client::from_env()?;
    /// let point: ResumePoint = std::fs::read_to_string("listing.resume")?.parse()?;
    /// for recording in client.resume(point) {
    ///     println!("{}", recording?.sid);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(&self, point: ResumePoint) -> ListRecordings {
        ListRecordings::after(Arc::clone(&self.0), point)
    }

    /// Selects one recording of a room by its SID, to fetch its metadata, delete it or download its
    /// media. Nothing is sent yet.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// println!("{:?}", client.recording(room, recording).fetch()?.size);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn recording(&self, room: RoomSid, recording: RecordingSid) -> RecordingResource {
        RecordingResource::new(Arc::clone(&self.0), room, recording)
    }

    /// Selects the media of a recording that was listed or fetched. Nothing is sent yet.
    ///
    /// The record is taken as it is: its status decides if the media is requested, and its size is
    /// the expected size. So no request for the metadata is needed.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error, Status};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// for recording in client.recordings(room).status(Status::Completed) {
    ///     let recording = recording?;
    ///     client.media(&recording).download_to(recording.file_name())?;
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn media(&self, recording: &RoomRecording) -> Media {
        Media::of_record(self.recording(recording.room_sid, recording.sid), recording)
    }
}
