//! The library's client, set up from the environment and the command line.

use std::env;
use std::time::{Duration, Instant};

use twilio_room_recordings::{
    Client, ClientBuilder, ListRecordings, Media, RecordingResource, RecordingSid, Retry,
    RetryPolicy, RoomRecording, RoomSid,
};

use crate::Failure;
use crate::arguments::Limits;
use crate::messages::Messages;
use crate::scope::Scope;

/// A client whose requests all end by the run's deadline.
pub struct Connection {
    client: Client,
    deadline: Option<Instant>,
}

impl Connection {
    /// Sets up a client. Nothing is sent.
    pub fn open(limits: &Limits, messages: &Messages) -> Result<Self, Failure> {
        let deadline = limits.deadline.and_then(|seconds| {
            let limit = Duration::from_secs(seconds);
            Instant::now().checked_add(limit)
        });

        let mut builder = ClientBuilder::from_env()?
            .user_agent(concat!("twilio-recordings/", env!("CARGO_PKG_VERSION")))
            .attempt_timeout(Duration::from_secs(limits.timeout))
            .retry(RetryPolicy::default().max_retries(limits.retries))
            .on_retry(warn_of_retry(messages.clone(), limits.retries));
        if let Some(url) = variable("TWILIO_VIDEO_BASE_URL")? {
            builder = builder.base_url(url);
        }
        if let Some(url) = variable("TWILIO_OAUTH_BASE_URL")? {
            builder = builder.oauth_base_url(url);
        }
        Ok(Self { client: builder.build()?, deadline })
    }

    pub fn list(&self, scope: Scope) -> ListRecordings {
        let listing = match scope {
            Scope::Room(room) => self.client.recordings(room),
            Scope::Account => self.client.account_recordings(),
        };
        match self.time_left() {
            Some(limit) => listing.deadline(limit),
            None => listing,
        }
    }

    pub fn media(&self, recording: &RoomRecording) -> Media<'static> {
        let media = self.client.media(recording);
        match self.time_left() {
            Some(limit) => media.deadline(limit),
            None => media,
        }
    }

    pub fn recording(&self, room: RoomSid, recording: RecordingSid) -> RecordingResource {
        let resource = self.client.recording(room, recording);
        match self.time_left() {
            Some(limit) => resource.deadline(limit),
            None => resource,
        }
    }

    fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

fn warn_of_retry(messages: Messages, retries: u32) -> impl Fn(&Retry<'_>) + Send + Sync + 'static {
    move |retry| {
        let Retry { attempt, error, recording_sid, .. } = retry;
        let delay = retry.delay.as_secs_f64();
        let recording = recording_sid.map(|sid| format!("{sid}: ")).unwrap_or_default();
        messages.warning(format_args!(
            "{recording}{error}; retry {attempt} of {retries} in {delay:.1} s"
        ));
    }
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Failure::Usage(format!("invalid {name}: expected Unicode text")))
        }
    }
}
