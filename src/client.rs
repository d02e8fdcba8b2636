//! The way to the service, and how it is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::http::HeaderValue;

use crate::credentials::{Credentials, variable};
use crate::error::Error;
use crate::http::{BaseUrl, Http, OnRetry, Retry, RetryPolicy, Settings};
use crate::listing::ListRecordings;
use crate::media::Media;
use crate::model::{RecordingSid, RoomRecording, RoomSid};
use crate::resource::RecordingResource;

/// A duration that can be added to any instant.
const MAX_TIMEOUT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The way to the service: who asks, and how. Cheap to clone, and clones share their connections,
/// so one client serves all threads.
///
/// ```
/// use twilio_room_recordings::{Client, Credentials};
///
/// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let client = Client::new(Credentials::auth_token(account, "the auth token"))?;
/// # Ok::<(), twilio_room_recordings::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client(Arc<Http>);

impl Client {
    /// A client with the default settings. Nothing is sent, so wrong credentials show at the first
    /// request.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the secret is empty or no header can
    /// hold it, and as [`ClientBuilder::build`].
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// A client with the credentials, the region and the edge that the environment holds: see
    /// [`Credentials::from_env`] and [`ClientBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// [`MissingCredentials`](crate::ErrorKind::MissingCredentials) or
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), and as [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }

    /// A client to be set up.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder {
            credentials,
            base_url: None,
            region: None,
            edge: None,
            user_agent: None,
            agent: None,
            connect_timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(60),
            max_body_bytes: 16 * 1024 * 1024,
            retry: RetryPolicy::default(),
            on_retry: None,
        }
    }

    /// The recordings of a room, to be filtered and iterated over. Nothing is sent yet: what goes
    /// wrong is an item of the iteration, of any kind that [`ErrorKind`](crate::ErrorKind) has for
    /// requests.
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
        ListRecordings::new(Arc::clone(&self.0), room)
    }

    /// One recording of a room by its SID: to fetch its metadata, to delete it, to get at its media
    /// where only the SID is at hand. Nothing is sent yet.
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

    /// The media of a recording that was listed or fetched, which saves asking for its metadata
    /// again. Nothing is sent yet.
    ///
    /// What the record says is taken as it is: its status decides whether there is media to be
    /// had, and its size is what must come.
    pub fn media(&self, recording: &RoomRecording) -> Media<'static> {
        Media::of_record(self.recording(recording.room_sid, recording.sid), recording)
    }
}

/// A [`Client`] that is being set up; made by [`Client::builder`].
///
/// ```
/// use std::time::Duration;
/// use twilio_room_recordings::{Client, Credentials, RetryPolicy};
///
/// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
///     .region("ie1")
///     .attempt_timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::default().max_retries(5))
///     .on_retry(|retry| eprintln!("{}; again in {:?}", retry.error, retry.delay))
///     .build()?;
/// # Ok::<(), twilio_room_recordings::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    credentials: Credentials,
    base_url: Option<String>,
    region: Option<String>,
    edge: Option<String>,
    user_agent: Option<String>,
    agent: Option<Agent>,
    connect_timeout: Duration,
    attempt_timeout: Duration,
    max_body_bytes: u64,
    retry: RetryPolicy,
    on_retry: Option<OnRetry>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// A builder with what the environment holds: the credentials, as
    /// [`Credentials::from_env`] finds them, and `TWILIO_REGION` and `TWILIO_EDGE`.
    ///
    /// # Errors
    ///
    /// As [`Credentials::from_env`].
    pub fn from_env() -> Result<Self, Error> {
        let mut builder = Client::builder(Credentials::from_env()?);
        builder.region = variable("TWILIO_REGION")?;
        builder.edge = variable("TWILIO_EDGE")?;
        Ok(builder)
    }

    /// Where the service is instead of `https://video.twilio.com`: scheme, host, and a port and a
    /// path prefix where there are any. It wins over region and edge. `http` is for loopback
    /// only (`localhost`, `127.0.0.0/8`, `[::1]`), and a proxy is never used there.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The region that processes the data, such as `ie1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The edge that the service is reached through, such as `dublin`. Without a region it is
    /// that of `us1`.
    pub fn edge(mut self, edge: impl Into<String>) -> Self {
        self.edge = Some(edge.into());
        self
    }

    /// How the program calls itself in requests, before this crate's own name.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Make requests with this [`ureq::Agent`] or [`ureq::config::Config`]: for a proxy, a
    /// private certificate authority, a client certificate. Whatever it says, this crate's own
    /// limits stand: no redirects, no plain `http` but to loopback, no proxy to loopback, its
    /// time and size limits.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials, ureq};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let proxy = ureq::Proxy::new("http://proxy.example:3128")?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .agent(ureq::config::Config::builder().proxy(Some(proxy)).build())
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn agent(mut self, agent: impl Into<Agent>) -> Self {
        self.agent = Some(agent.into());
        self
    }

    /// How long setting up a connection may take, TLS included. 10 seconds by default.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// How long one attempt at a request may take, from name resolution to the last byte of the
    /// body. 60 seconds by default. Media may take longer: there it is the limit of the answer's
    /// headers, and of each wait for bytes.
    pub fn attempt_timeout(mut self, time: Duration) -> Self {
        self.attempt_timeout = time;
        self
    }

    /// How large an answer of the API may be, after decompression. 16 MiB by default, and a page of
    /// 1000 records is about 1 MiB.
    pub fn max_body_bytes(mut self, bytes: u64) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// What is tried again, and when: for every request of the client, deletions included. See
    /// [`RetryPolicy`] for the defaults.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Call this before each retry's wait, so that a program can log it.
    pub fn on_retry(mut self, callback: impl Fn(&Retry<'_>) + Send + Sync + 'static) -> Self {
        self.on_retry = Some(Arc::new(callback));
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where a setting can't be right: an empty
    /// secret, a base URL that is none or has plain `http` beyond loopback, `https` in a build
    /// without a TLS feature, a region or an edge that is no host name, a user agent that no header
    /// can hold, a time limit of zero or beyond a hundred years, a size limit of zero.
    pub fn build(self) -> Result<Client, Error> {
        let authorization = self.credentials.authorization()?;
        for (parameter, timeout) in
            [("connect timeout", self.connect_timeout), ("attempt timeout", self.attempt_timeout)]
        {
            if timeout.is_zero() {
                return Err(Error::invalid_input(parameter, "0", "more than zero"));
            }
            if timeout > MAX_TIMEOUT {
                let value = format!("{} s", timeout.as_secs());
                return Err(Error::invalid_input(parameter, value, "at most 100 years"));
            }
        }
        if self.max_body_bytes == 0 {
            return Err(Error::invalid_input("maximum body size", "0", "at least one byte"));
        }

        let base_url = BaseUrl::parse(&self.url()?)?;
        let agent = self.agent.unwrap_or_else(default_agent);
        check_user_agent(agent.config().user_agent())?;
        Ok(Client(Arc::new(Http::new(Settings {
            agent,
            base_url,
            authorization,
            user_agent: user_agent(self.user_agent.as_deref())?,
            connect_timeout: self.connect_timeout,
            attempt_timeout: self.attempt_timeout,
            max_body_bytes: self.max_body_bytes,
            retry: self.retry,
            on_retry: self.on_retry,
        }))))
    }

    fn url(&self) -> Result<String, Error> {
        for (what, label) in [("region", &self.region), ("edge", &self.edge)] {
            let Some(label) = label else { continue };
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if label.is_empty() || !label.bytes().all(fits) {
                return Err(Error::invalid_input(what, label, "letters, digits and hyphens"));
            }
        }
        Ok(match (&self.base_url, &self.edge, &self.region) {
            (Some(url), _, _) => url.clone(),
            (None, None, None) => "https://video.twilio.com".to_owned(),
            (None, None, Some(region)) => format!("https://video.{region}.twilio.com"),
            (None, Some(edge), region) => {
                let region = region.as_deref().unwrap_or("us1");
                format!("https://video.{edge}.{region}.twilio.com")
            }
        })
    }
}

fn check_user_agent(value: &AutoHeaderValue) -> Result<(), Error> {
    match value {
        AutoHeaderValue::Provided(text) if HeaderValue::from_str(text).is_err() => {
            Err(Error::invalid_input("user agent", text, "visible ASCII characters"))
        }
        _ => Ok(()),
    }
}

fn user_agent(program: Option<&str>) -> Result<HeaderValue, Error> {
    let own = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let text = match program {
        None => own.to_owned(),
        Some(program) => format!("{program} {own}"),
    };
    HeaderValue::from_str(&text).map_err(|error| {
        Error::invalid_input("user agent", text, "visible ASCII characters").caused_by(error)
    })
}

fn default_agent() -> Agent {
    let config = Agent::config_builder();
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    let config = config.tls_config(
        ureq::tls::TlsConfig::builder().provider(ureq::tls::TlsProvider::NativeTls).build(),
    );
    #[cfg(feature = "platform-verifier")]
    let config = config.tls_config(
        ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build(),
    );
    config.build().into()
}
