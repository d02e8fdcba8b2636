//! The place that media comes from: the record's status and size, and the signed URL.

use std::time::Instant;

use serde::Deserialize;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::http::{Head, Http, Method, SignedUrl};
use crate::model::{RecordingSid, RoomRecording, Status};
use crate::resource::RecordingResource;

/// A recording, and what is known of its media before the first request.
#[derive(Clone, Debug)]
pub(super) struct Source {
    resource: RecordingResource,
    /// `None` if the record must be fetched first.
    known: Option<Known>,
    deadline: Deadline,
    /// If true, no file is believed because of its size.
    pub replaces: bool,
}

/// The part of a record that is about its media.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Known {
    /// Older records may have none.
    status: Option<Status>,
    pub size: Option<u64>,
    /// Names the public key. Without it the media can be encrypted too.
    encryption_key: Option<serde_json::Value>,
}

impl Known {
    pub(super) fn names_key(&self) -> bool {
        self.encryption_key.is_some()
    }
}

impl Source {
    pub(super) fn of(resource: RecordingResource) -> Self {
        let deadline = resource.own_deadline();
        Self { resource, known: None, deadline, replaces: false }
    }

    pub(super) fn of_record(resource: RecordingResource, record: &RoomRecording) -> Self {
        let known = Known {
            status: Some(record.status.clone()),
            size: record.size,
            encryption_key: record.encryption_key.clone().map(serde_json::Value::String),
        };
        Self { known: Some(known), ..Self::of(resource) }
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Deadline::at(deadline);
    }

    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Returns what the record says of the media, or an error if its status says that there is no
    /// media. If the record is not at hand, it is fetched.
    pub(super) fn recorded(&self, deadline: Deadline) -> Result<Known, Error> {
        let known = match &self.known {
            Some(known) => known.clone(),
            None => self.resource.fetch_as(deadline, |body| self.read_record(body))?,
        };

        match known.status.clone() {
            // The API decides about an unknown status.
            None | Some(Status::Completed | Status::Other(_)) => Ok(known),
            Some(status) => {
                let recording_sid = self.sid();
                Err(Error::new(ErrorKind::MediaUnavailable { recording_sid, status }))
            }
        }
    }

    /// The size of unencrypted media that the record names, if the record is at hand.
    pub(super) fn known_size(&self) -> Option<u64> {
        self.known.as_ref().filter(|known| !known.names_key())?.size
    }

    /// Reads the status and the size of a record. Its other fields may be invalid, except that the
    /// record must not be another one's.
    fn read_record(&self, body: &[u8]) -> Result<Known, Error> {
        #[derive(Deserialize)]
        struct Sid {
            sid: serde_json::Value,
        }

        let invalid = |error| Error::invalid_response(format!("{error}")).caused_by(error);
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(Error::invalid_response("expected the record of a recording"));
        }
        let known = serde_json::from_slice(body).map_err(invalid)?;

        let sid = serde_json::from_slice(body)
            .ok()
            .and_then(|Sid { sid }| sid.as_str().and_then(|sid| sid.parse::<RecordingSid>().ok()));
        match sid {
            Some(sid) if sid != self.sid() => {
                let reason = format!("expected recording {}, got {sid}", self.sid());
                Err(Error::invalid_response(reason))
            }
            _ => Ok(known),
        }
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
            self.http().signed_url(&path, &location(head, body)?)
        })
    }
}

/// The target of the redirect to the media: from the header, or else from the body.
fn location(head: &Head, body: &[u8]) -> Result<String, Error> {
    #[derive(Deserialize)]
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
