//! The place that media comes from: the record's status and size, and the signed URL.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::http::{Deadline, Head, Http, Method, SignedUrl};
use crate::model::{RecordingSid, RoomRecording, Status};
use crate::resource::RecordingResource;

/// A recording, and what is known of its media before the first request.
#[derive(Clone, Debug)]
pub(super) struct Source {
    resource: RecordingResource,
    known: Option<Known>,
    time_limit: Option<Duration>,
}

/// The part of a record that is about its media.
#[derive(Clone, Debug)]
pub(super) struct Known {
    status: Status,
    pub size: Option<u64>,
}

impl Source {
    pub(super) fn of(resource: RecordingResource) -> Self {
        let time_limit = resource.time_limit();
        Self { resource, known: None, time_limit }
    }

    pub(super) fn of_record(resource: RecordingResource, record: &RoomRecording) -> Self {
        let known = Known { status: record.status.clone(), size: record.size };
        Self { known: Some(known), ..Self::of(resource) }
    }

    pub(super) fn set_deadline(&mut self, limit: Duration) {
        self.time_limit = Some(limit);
    }

    pub(super) fn deadline_from_now(&self) -> Deadline {
        Deadline::after(self.time_limit)
    }

    /// Returns the status and the size. Without a record, it is fetched.
    pub(super) fn known(&self, deadline: Deadline) -> Result<Known, Error> {
        let known = match &self.known {
            Some(known) => known.clone(),
            None => {
                let record = self.resource.fetch_by(deadline)?;
                Known { status: record.status, size: record.size }
            }
        };

        match known.status {
            // The API decides about an unknown status.
            Status::Completed | Status::Other(_) => Ok(known),
            status => {
                let recording_sid = self.sid();
                Err(Error::new(ErrorKind::MediaUnavailable { recording_sid, status }))
            }
        }
    }

    /// Whether the record is at hand, so that nothing has to be requested for it.
    pub(super) fn is_at_hand(&self) -> bool {
        self.known.is_some()
    }

    pub(super) fn size(&self, deadline: Deadline) -> Result<Option<u64>, Error> {
        Ok(self.known(deadline)?.size)
    }

    pub(super) fn sid(&self) -> RecordingSid {
        self.resource.sid()
    }

    pub(super) fn http(&self) -> &Http {
        self.resource.http()
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

/// The target of the redirect to the media: from the header, or else from the body.
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
