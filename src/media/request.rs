//! A recording's media, once it is there: what can be asked for.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::http::{Deadline, Head, Http, Method, SignedUrl};
use crate::model::{RecordingSid, RoomRecording, Status};
use crate::resource::RecordingResource;

/// The media of one recording; made by [`Client::media`](crate::Client::media) from a record, or
/// by [`RecordingResource::media`] from its SIDs.
///
/// The service answers with a signed, short-lived URL at a storage service, and the media comes
/// from there. The account's credentials do not go there. A transfer that is cut, stalls or is
/// refused because its URL has expired is taken up where it stood, with a range and the entity
/// tag, as often as the client's [`RetryPolicy`](crate::RetryPolicy) says; what a retry brings in
/// counts, so that after 64 KiB the failures before it are forgotten. Each wait for bytes may take
/// as long as the client's attempt time-out. What comes must be as long as the storage says and as
/// the recording says. Memory stays below 1 MiB, whatever the size.
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
#[must_use = "nothing is sent before the media is asked for"]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Progress {
    /// How many bytes of the media there are so far, those of an earlier run included.
    pub received: u64,
    /// How many there will be, where that is known.
    pub total: Option<u64>,
}

/// What came of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// waits included. When it has passed, the transfer ends with an error of the kind
    /// [`DeadlineExceeded`](ErrorKind::DeadlineExceeded). Without it, a transfer goes on as long as
    /// bytes come.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.time_limit = Some(time);
        self
    }

    /// A signed URL to hand on. It is good for minutes, for whoever knows it.
    ///
    /// # Errors
    ///
    /// [`MediaUnavailable`](ErrorKind::MediaUnavailable) where the recording is still processing,
    /// failed or deleted; [`InvalidResponse`](ErrorKind::InvalidResponse) where the URL is not
    /// `https`; and what can go wrong with any request.
    pub fn url(&self) -> Result<SignedUrl, Error> {
        let deadline = self.deadline_from_now();
        self.known(deadline)?;
        self.sign(deadline)
    }

    /// What the record says, which is fetched where it is not at hand.
    fn known(&self, deadline: Deadline) -> Result<Known, Error> {
        let known = match &self.known {
            Some(known) => known.clone(),
            None => {
                let record = self.resource.fetch_by(deadline)?;
                Known { status: record.status, size: record.size }
            }
        };
        match known.status {
            // An unknown status is for the service to judge.
            Status::Completed | Status::Other(_) => Ok(known),
            status => {
                let recording_sid = self.sid();
                Err(Error::new(ErrorKind::MediaUnavailable { recording_sid, status }))
            }
        }
    }

    /// Whether what the record says is at hand, without asking.
    pub(crate) fn is_at_hand(&self) -> bool {
        self.known.is_some()
    }

    /// The size that the record says, of media that is there.
    pub(crate) fn size(&self, deadline: Deadline) -> Result<Option<u64>, Error> {
        Ok(self.known(deadline)?.size)
    }

    pub(crate) fn sid(&self) -> RecordingSid {
        self.resource.sid()
    }

    pub(crate) fn http(&self) -> &Http {
        self.resource.http()
    }

    pub(crate) fn deadline_from_now(&self) -> Deadline {
        Deadline::after(self.time_limit)
    }

    /// Requests a signed URL.
    pub(super) fn sign(&self, deadline: Deadline) -> Result<SignedUrl, Error> {
        let path = format!("{}/Media", self.resource.path());
        let request = self.resource.request(Method::GET, &path, deadline);
        self.http().request(&request, &mut Vec::new(), |head, body| {
            self.http().signed_url(&location(head, body)?)
        })
    }
}

impl RecordingResource {
    /// Its media. Its metadata is fetched first, for its status and its size; where it is at hand,
    /// [`Client::media`](crate::Client::media) does without.
    pub fn media(&self) -> Media {
        Media::of(self.clone())
    }
}

/// Where the answer to a request for media leads: by its header, or else by its body.
fn location(head: &Head, body: &[u8]) -> Result<String, Error> {
    #[derive(serde::Deserialize)]
    struct Redirect {
        redirect_to: String,
    }

    let Some(location) = head.redirect() else {
        // The response may hold a signature, so none of it is shown.
        let reason = "expected a redirect to the media, got none";
        return Err(Error::invalid_response(reason));
    };
    if let Some(url) = location {
        return Ok(url.to_owned());
    }

    serde_json::from_slice(body)
        .map(|Redirect { redirect_to }| redirect_to)
        .map_err(|_| Error::invalid_response("a redirect to the media without a URL"))
}
