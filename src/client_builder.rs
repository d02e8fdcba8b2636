//! The settings of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;

use crate::auth::{Authentication, Credentials, variable};
use crate::client::Client;
use crate::error::Error;
use crate::http::{
    Agents, BaseUrl, Http, OnRetry, Retry, RetryPolicy, Settings, check_timeout, user_agent,
};

impl Client {
    /// Makes a client with the default settings. The environment selects the proxy. Nothing is sent,
    /// so the first request reports invalid credentials.
    ///
    /// # Errors
    ///
    /// The errors of [`ClientBuilder::build`].
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let key = "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::new(Credentials::api_key(key, "the secret"))?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// Makes a client with the settings of the environment: see [`Credentials::from_env`] and
    /// [`ClientBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// The errors of [`Credentials::from_env`] and of [`ClientBuilder::build`].
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }

    /// Makes a builder, for other settings than the defaults.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .user_agent("nightly-archive/1.0")
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
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
}

const OAUTH_BASE_URL: &str = "https://oauth.twilio.com";

/// A builder of a [`Client`]. [`Client::builder`] makes one.
///
/// ```
/// use std::time::Duration;
/// use twilio_room_recordings::{Client, Credentials, RetryPolicy};
///
/// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
///     .region("ie1")
///     .attempt_timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::default().max_retries(8))
///     .on_retry(|retry| eprintln!("{}; retry in {:?}", retry.error, retry.delay))
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
    /// Makes a builder with the settings of the environment: the credentials, as
    /// [`Credentials::from_env`] finds them, and `TWILIO_REGION` and `TWILIO_EDGE`.
    ///
    /// # Errors
    ///
    /// The errors of [`Credentials::from_env`], and [`InvalidInput`](crate::ErrorKind::InvalidInput)
    /// if `TWILIO_REGION` or `TWILIO_EDGE` is not Unicode.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{ClientBuilder, Error};
    ///
    /// let client = ClientBuilder::from_env()?.user_agent("nightly-archive/1.0").build()?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        let mut builder = Client::builder(Credentials::from_env()?);
        builder.region = variable("TWILIO_REGION")?;
        builder.edge = variable("TWILIO_EDGE")?;
        Ok(builder)
    }

    /// Sets the base URL of the API: scheme, host, and optionally a port and a path prefix. The
    /// default is `https://video.twilio.com`. A base URL takes precedence over region and edge.
    ///
    /// Plain `http` is accepted for loopback addresses only (`localhost`, `127.0.0.0/8`, `[::1]`).
    /// No proxy is used for those.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .base_url("http://127.0.0.1:8080")
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
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

    /// Sets the region that processes the data, such as `ie1`.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .region("ie1") // https://video.ie1.twilio.com
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets the edge that requests enter Twilio's network through, such as `dublin`. Without a
    /// region, the region is `us1`.
    pub fn edge(mut self, edge: impl Into<String>) -> Self {
        self.edge = Some(edge.into());
        self
    }

    /// Sets the name of the program in the `User-Agent` header. The crate's own name follows it.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .user_agent("nightly-archive/1.0")
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
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

    /// Sets the time limit for connecting, including the TLS handshake. The default is 10 s. The
    /// resolution of the host name has a limit of its own, of the same length.
    ///
    /// ```
    /// use std::time::Duration;
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .connect_timeout(Duration::from_secs(3))
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets the time limit of one attempt at a request, from name resolution to the last byte of the
    /// body. The default is 60 s.
    ///
    /// A request for media may take longer. Its limit covers the response's headers, and then each
    /// wait for more bytes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .attempt_timeout(Duration::from_secs(30))
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Sets the maximum size of a response of the API in bytes, after decompression. The default is
    /// 16 MiB. A page of 1000 records is about 1 MiB.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .max_body_bytes(64 * 1024 * 1024)
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn max_body_bytes(mut self, bytes: u64) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Sets the retry policy. It applies to every request of the client, deletions included.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets a callback that is called before the delay of each retry, for instance to log it.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .on_retry(|retry| {
    ///         eprintln!("attempt {} failed: {}; retry in {:?}", retry.attempt, retry.error, retry.delay);
    ///     })
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn on_retry(mut self, callback: impl Fn(&Retry<'_>) + Send + Sync + 'static) -> Self {
        self.on_retry = Some(Arc::new(callback));
        self
    }

    /// Checks the settings and makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if
    /// - the secret is empty, or a bearer token is not 1 to 16384 visible ASCII characters,
    /// - the base URL or the OAuth base URL is invalid, has plain `http` and is not of a loopback
    ///   address, or has `https` in a build without a TLS feature,
    /// - the region or the edge is not 1 to 31 letters, digits and hyphens,
    /// - no header can hold the user agent,
    /// - a time limit is zero or more than a hundred years, or a size limit is zero,
    /// - ureq's configuration needs a feature that is off, or has a setting out of range: a header
    ///   value with control characters, a timeout as above, a buffer of less than 68 KiB or more than
    ///   16 MiB, an unusable proxy,
    /// - the environment's proxy cannot be used. If the base URL is of a loopback address, the first
    ///   request to another host fails instead.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let builder = Client::builder(Credentials::auth_token(account, "the auth token"));
    /// let error = builder.base_url("http://proxy.example").build().unwrap_err();
    /// assert!(error.to_string().starts_with("invalid base URL \"http://proxy.example\""));
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn build(self) -> Result<Client, Error> {
        let oauth_base_url = self.oauth_base_url.as_deref().unwrap_or(OAUTH_BASE_URL);
        let authentication = self.credentials.authentication(oauth_base_url)?;
        if self.oauth_base_url.is_some() || matches!(authentication, Authentication::OAuth(_)) {
            BaseUrl::parse("OAuth base URL", oauth_base_url)?;
        }
        check_timeout("connect timeout", self.connect_timeout)?;
        check_timeout("attempt timeout", self.attempt_timeout)?;
        if self.max_body_bytes == 0 {
            return Err(Error::invalid_input("maximum body size", "0", "at least one byte"));
        }

        let base_url = match &self.base_url {
            Some(url) => BaseUrl::parse("base URL", url)?,
            None => BaseUrl::of_region(self.region.as_deref(), self.edge.as_deref())?,
        };
        let agents = Agents::new(self.ureq_config, self.connect_timeout)?;
        agents.check_proxy(&base_url)?;

        Ok(Client::connected_by(Http::new(Settings {
            agents,
            base_url,
            authentication,
            user_agent: user_agent(self.user_agent.as_deref())?,
            attempt_timeout: self.attempt_timeout,
            max_body_bytes: self.max_body_bytes,
            retry: self.retry,
            on_retry: self.on_retry,
        })))
    }
}
