//! The library's client, set up from the environment and the command line.

use std::env;
use std::time::{Duration, Instant};

use twilio_room_recordings::{
    AccountSid, ApiKeySid, Client, ClientBuilder, Error, ErrorKind, ListRecordings, Media,
    OAuthClientSid, RecordingResource, RecordingSid, Retry, RetryPolicy, RoomRecording, RoomSid,
    RootCertificates,
};

use crate::failure::Failure;
use crate::messages::Messages;
use crate::options::{CENTURY, Limits};
use crate::scope::Scope;

/// A client whose requests all end by the run's deadline.
pub struct Connection {
    client: Client,
    deadline: Instant,
}

impl Connection {
    /// Sets up a client. Nothing is sent.
    pub fn open(limits: &Limits, messages: &Messages) -> Result<Self, Failure> {
        let deadline = Instant::now() + Duration::from_secs(limits.deadline.unwrap_or(CENTURY));

        let mut builder = ClientBuilder::from_env()
            .map_err(misplaced_sid)?
            .user_agent(concat!("twilio-recordings/", env!("CARGO_PKG_VERSION")))
            .attempt_timeout(Duration::from_secs(limits.timeout))
            .root_certificates(RootCertificates::System)
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
        listing.deadline(self.deadline)
    }

    pub fn media(&self, recording: &RoomRecording) -> Media {
        self.client.media(recording).deadline(self.deadline)
    }

    pub fn recording(&self, room: RoomSid, recording: RecordingSid) -> RecordingResource {
        self.client.recording(room, recording).deadline(self.deadline)
    }

    /// Fetches a record. A field that is for information may be invalid, and is left out then.
    pub fn fetch(&self, room: RoomSid, sid: RecordingSid) -> Result<RoomRecording, Error> {
        self.recording(room, sid).fetch().or_else(Error::into_recording)
    }

    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

fn warn_of_retry(messages: Messages, retries: u32) -> impl Fn(&Retry<'_>) + Send + Sync + 'static {
    move |retry| {
        let Retry { attempt, error, room_sid, recording_sid, .. } = retry;
        let delay = retry.delay.as_secs_f64();
        let subject = match (room_sid, recording_sid) {
            (_, Some(recording)) => format!("{recording}: "),
            (Some(room), None) => format!("{room}: "),
            (None, None) => String::new(),
        };
        messages.warning(format_args!(
            "{subject}{error}; retry {attempt} of {retries} in {delay:.1} s"
        ));
    }
}

/// The error about a variable, which names another variable if that is where the SID belongs.
fn misplaced_sid(error: Error) -> Failure {
    let ErrorKind::InvalidInput(input) = error.kind() else { return error.into() };
    let value = env::var(input.parameter).unwrap_or_default();
    let right = if value.parse::<AccountSid>().is_ok() {
        ("an account", "TWILIO_ACCOUNT_SID")
    } else if value.parse::<ApiKeySid>().is_ok() {
        ("an API key", "TWILIO_API_KEY")
    } else if value.parse::<OAuthClientSid>().is_ok() {
        ("an OAuth client", "TWILIO_CLIENT_ID")
    } else {
        return error.into();
    };

    let ((owner, variable), parameter) = (right, input.parameter);
    Failure::Usage(format!(
        "invalid {parameter}: it holds the SID of {owner}, which belongs in {variable}"
    ))
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
