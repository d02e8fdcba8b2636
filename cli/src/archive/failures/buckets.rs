//! Buckets of the account's own, which do not permit the service's signed URLs to be read.

use std::collections::BTreeMap;

use twilio_room_recordings::{Error, ErrorKind, RoomRecording};

use crate::messages::Messages;
use crate::terminal::shown;

/// The recordings that a bucket has rejected. One message names each bucket.
#[derive(Default)]
pub struct Buckets(BTreeMap<String, Rejected>);

struct Rejected {
    recordings: u64,
    /// The first error.
    reason: String,
}

/// The scheme and host of a location, which all recordings of a bucket share.
pub fn bucket_of(location: &str) -> &str {
    let host = location.find("://").map_or(0, |scheme| scheme + 3);
    let end = location[host..].find(['/', '?', '#']);
    end.map_or(location, |end| &location[..host + end])
}

impl Buckets {
    /// Counts a recording that this error keeps from being archived, if its own bucket has rejected
    /// the request.
    pub fn count_if_rejected(&mut self, recording: &RoomRecording, error: &Error) -> bool {
        let (Some(location), ErrorKind::Storage(rejection)) =
            (&recording.media_external_location, error.kind())
        else {
            return false;
        };
        if !matches!(rejection.status, 401 | 403) {
            return false;
        }

        let rejected = self.0.entry(shown(bucket_of(location)));
        let first = || Rejected { recordings: 0, reason: error.to_string() };
        rejected.or_insert_with(first).recordings += 1;
        true
    }

    /// Prints one message per bucket, and returns the number of recordings.
    pub fn report(&self, messages: &Messages) -> u64 {
        for (location, Rejected { recordings, reason }) in &self.0 {
            messages.error(format_args!(
                "{location}: {recordings} not archived: {reason}; the account's own bucket must \
                 permit them to be read"
            ));
        }
        self.0.values().map(|rejected| rejected.recordings).sum()
    }
}
