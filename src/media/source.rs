//! `Media`: what a transfer needs of the API, which is the record's status and size, and the signed
//! URL.

use crate::error::{Error, ErrorKind};
use crate::http::{Method, SignedUrl};
use crate::model::{RecordingSid, RoomRecording, Status};
use crate::resource::RecordingResource;

/// The media of one recording: a builder for one transfer. Made by
/// [`Client::media`](crate::Client::media) from a record, or by [`RecordingResource::media`] from
/// SIDs.
///
/// The API redirects to a signed, short-lived URL at a storage service, which the media comes from.
/// The account's credentials are not sent there.
///
/// - **Resuming.** If a transfer is truncated, stalls, or is rejected because its URL has expired,
///   it is resumed with a range request and the entity tag. The client's
///   [`RetryPolicy`](crate::RetryPolicy) applies. After 64 KiB over one connection, earlier
///   failures no longer count.
/// - **Time limits.** The client's attempt timeout applies to each wait for bytes, not to the
///   transfer. [`deadline`](Self::deadline) limits the transfer.
/// - **Validation.** The media must be as long as both the storage and the record say, except that
///   encrypted media may be longer by its padding. Bytes of two versions are never mixed.
/// - **Memory** stays below 1 MiB for media of any size.
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
#[must_use = "nothing is sent before the media is requested"]
#[derive(Clone, Debug)]
pub struct Media {
    pub(super) resource: RecordingResource,
    /// `None` if the record must be fetched first.
    pub(super) known: Option<Known>,
    /// If true, no file is believed because of its size.
    pub(super) replaces: bool,
}

/// The part of a record that is about its media.
#[derive(Clone, Debug)]
pub(super) struct Known {
    status: Status,
    pub size: Option<u64>,
    /// If false, the media can be encrypted too.
    pub names_key: bool,
}

impl Known {
    pub(super) fn of(record: &RoomRecording) -> Self {
        let names_key = record.encryption_key.is_some();
        Self { status: record.status.clone(), size: record.size, names_key }
    }
}

impl Media {
    /// Returns what the record says of the media, or an error if its status says that there is no
    /// media. If the record is not at hand, it is fetched.
    pub(super) fn recorded(&self) -> Result<Known, Error> {
        let known = match &self.known {
            Some(known) => known.clone(),
            // It may be invalid in fields that are not about the media.
            None => Known::of(&self.resource.fetch().or_else(Error::into_recording)?),
        };

        if known.status.may_have_media() {
            return Ok(known);
        }
        let (recording_sid, status) = (self.sid(), known.status);
        Err(Error::new(ErrorKind::MediaUnavailable { recording_sid, status }))
    }

    /// The size of unencrypted media that the record names, if the record is at hand.
    pub(super) fn known_size(&self) -> Option<u64> {
        self.known.as_ref().filter(|known| !known.names_key)?.size
    }

    pub(super) fn sid(&self) -> RecordingSid {
        self.resource.sid()
    }

    /// Requests a signed URL.
    pub(super) fn sign(&self) -> Result<SignedUrl, Error> {
        let path = format!("{}/Media", self.resource.path());
        let request = self.resource.request(Method::GET, &path);
        self.resource.http.request(&request, &mut Vec::new(), |head, _| {
            // The body may hold a signature, so none of it is shown.
            let reason = "expected a redirect to the media, got none";
            let location = head.redirect().ok_or_else(|| Error::invalid_response(reason))?;
            self.resource.http.signed_url(&path, location)
        })
    }
}
