//! The way to the service, and how it is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::HeaderValue;

use crate::credentials::{Credentials, variable};
use crate::error::Error;
use crate::http::{Agents, BaseUrl, Http, OnRetry, Retry, RetryPolicy, Settings, check_timeout};
use crate::listing::ListRecordings;
use crate::media::Media;
use crate::model::{List, RecordingSid, ResumePoint, RoomRecording, RoomSid};
use crate::resource::RecordingResource;

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
            oauth_base_url: None,
            region: None,
            edge: None,
            user_agent: None,
            ureq_config: None,
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
    /// the point; a limit and a deadline can be set anew. Nothing is sent yet.
    ///
    /// The point is trusted: it selects any list of the account. Never pass a point whose text
    /// comes from a stranger, such as the parameter of a web page. Pass it to
    /// [`ListRecordings::resume`], which checks that it is a point of the listing at hand.
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
    oauth_base_url: Option<String>,
    region: Option<String>,
    edge: Option<String>,
    user_agent: Option<String>,
    ureq_config: Option<Config>,
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

    /// Sets the base URL of the OAuth token endpoint. `/v2/token` is appended. The default is
    /// `https://oauth.twilio.com`. The rules are those of [`base_url`](Self::base_url).
    ///
    /// Only clients with [`Credentials::oauth`] use it.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let client_id = "OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::oauth(client_id, "the client secret"))
    ///     .base_url("http://127.0.0.1:8080")
    ///     .oauth_base_url("http://127.0.0.1:8081")
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn oauth_base_url(mut self, url: impl Into<String>) -> Self {
        self.oauth_base_url = Some(url.into());
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

    /// Sets the configuration of ureq, the HTTP client underneath: for a proxy, a private
    /// certificate authority, a client certificate.
    ///
    /// [`build`](Self::build) rejects a configuration that this build cannot use, such as a TLS
    /// provider or a SOCKS proxy whose feature is off. These settings of the client take precedence
    /// over the configuration:
    /// - Redirects are not followed, except from one `https` URL of the storage to another.
    /// - Plain `http` is for loopback addresses only, and no proxy is used there.
    /// - The headers `User-Agent`, `Accept` and `Accept-Encoding` are this crate's own. Only a proxy
    ///   receives the configured `user_agent`.
    /// - The client's time and size limits apply.
    ///
    /// A proxy that ureq took from the environment is replaced by this crate's own choice. To use
    /// none, configure `proxy(None)`.
    ///
    /// The API and the storage each have a pool of idle connections. The limits of the pools are
    /// those of the configuration. Without one, every connection is kept, so that there are never
    /// more than were used at once.
    ///
    /// If the build has only the feature `native-tls`, it is the TLS provider of every
    /// configuration. Unless the configuration names it too, each request opens a connection.
    ///
    /// A client certificate that does not match its private key cannot be rejected here: rustls
    /// panics at the first request.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials, ureq};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let proxy = ureq::Proxy::new("http://proxy.example:3128")?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .ureq_config(ureq::config::Config::builder().proxy(Some(proxy)).build())
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ureq_config(mut self, config: Config) -> Self {
        self.ureq_config = Some(config);
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
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if
    /// - the secret is empty, or a bearer token is not 1 to 16384 visible ASCII characters,
    /// - the base URL or the OAuth base URL is invalid, has plain `http` and is not of a loopback
    ///   address, or has `https` in a build without a TLS feature,
    /// - the region or the edge is not a host name,
    /// - no header can hold the user agent,
    /// - a time limit is zero or more than a hundred years, or a size limit is zero,
    /// - ureq's configuration asks for what a feature would have to add, or has a setting out of
    ///   range: a header value with control characters, a timeout as above, a buffer of less than
    ///   64 KiB or more than 16 MiB, an unusable proxy,
    /// - the environment's proxy cannot be used. If the base URL is of a loopback address, the first
    ///   request to another host fails instead.
    pub fn build(self) -> Result<Client, Error> {
        let authentication = self.credentials.authentication(self.oauth_base_url.as_deref())?;
        check_timeout("connect timeout", self.connect_timeout)?;
        check_timeout("attempt timeout", self.attempt_timeout)?;
        if self.max_body_bytes == 0 {
            return Err(Error::invalid_input("maximum body size", "0", "at least one byte"));
        }

        let base_url = BaseUrl::parse("base URL", &self.url()?)?;
        let agents = Agents::new(self.ureq_config, self.connect_timeout)?;
        agents.check_proxy(&base_url)?;

        Ok(Client(Arc::new(Http::new(Settings {
            agents,
            base_url,
            authentication,
            user_agent: user_agent(self.user_agent.as_deref())?,
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
