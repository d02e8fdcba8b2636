//! The settings of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Authentication, Credentials, variable};
use crate::client::Client;
use crate::error::Error;
use crate::http::{
    BaseUrl, ConnectionSettings, Connections, Http, IpFamily, MAX_TIMEOUT, OnRetry, ProxyChoice,
    Retry, RetryPolicy, RootCertificates,
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
            connection: ConnectionSettings::default(),
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
    connection: ConnectionSettings,
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

    /// Sets the name of the program in the `User-Agent` header, such as `nightly-archive/1.0`. The
    /// crate's own name follows it.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.connection.user_agent = Some(name.into());
        self
    }

    /// Sets the proxy, in place of that of the environment: its URL, as `HTTPS_PROXY` would hold it.
    ///
    /// The schemes are `http`, `https`, and with the feature `socks-proxy` `socks4`, `socks4a`,
    /// `socks5` and `socks5h`. `NO_PROXY` is ignored. A loopback address is always reached directly.
    ///
    /// ```
    /// use twilio_room_recordings::{Client, Credentials};
    ///
    /// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
    ///     .proxy("http://user:password@proxy.example:3128")
    ///     .build()?;
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.connection.proxy = ProxyChoice::Url(url.into());
        self
    }

    /// Uses no proxy, and ignores that of the environment.
    pub fn no_proxy(mut self) -> Self {
        self.connection.proxy = ProxyChoice::None;
        self
    }

    /// Sets the root certificates to trust, for instance those of a company whose proxy inspects
    /// TLS. They replace the default, which is [`RootCertificates::BuiltIn`].
    #[doc(alias = "add_root_certificate")]
    pub fn root_certificates(mut self, roots: RootCertificates) -> Self {
        self.connection.root_certificates = roots;
        self
    }

    /// Sets the certificate that the client presents: a chain, the client's own certificate first,
    /// and the private key, both in PEM form.
    ///
    /// The key must not be encrypted. With the feature `native-tls` alone, it must be in PKCS #8 form.
    /// If it does not match the certificate, the first request fails.
    ///
    /// ```no_run
    /// use twilio_room_recordings::ClientBuilder;
    ///
    /// let (chain, key) = (std::fs::read("client.pem")?, std::fs::read("client.key")?);
    /// let client = ClientBuilder::from_env()?.client_certificate(chain, key).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn client_certificate(
        mut self,
        chain_pem: impl Into<Vec<u8>>,
        key_pem: impl Into<Vec<u8>>,
    ) -> Self {
        self.connection.client_certificate = Some((chain_pem.into(), key_pem.into()));
        self
    }

    /// Sets the family of the IP addresses to connect to. The default is [`IpFamily::Any`].
    ///
    /// If the machine has IPv6 addresses and forbids connections to them, use [`IpFamily::Ipv4`].
    pub fn ip_family(mut self, family: IpFamily) -> Self {
        self.connection.ip_family = family;
        self
    }

    /// Sets the time limit for connecting, including the TLS handshake. The default is 10 s. The
    /// resolution of the host name has a limit of its own, of the same length. With the feature
    /// `dns-cache`, one limit covers both. More than a hundred years count as a hundred years.
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
        self.connection.connect_timeout = limit.min(MAX_TIMEOUT);
        self
    }

    /// Sets the time limit of one attempt at a request, from name resolution to the last byte of the
    /// body. The default is 60 s. More than a hundred years count as a hundred years.
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
        self.connection.attempt_timeout = limit.min(MAX_TIMEOUT);
        self
    }

    /// Sets the maximum size of a response of the API in bytes, after decompression. The default is
    /// 16 MiB. A page of 1000 records is about 1 MiB.
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
    ///         eprintln!("attempt {}: {}; retry in {:?}", retry.attempt, retry.error, retry.delay);
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
    /// - the secret is empty, has whitespace or quotes around it, or holds control or invisible
    ///   characters, or a bearer token is not 1 to 16384 visible ASCII characters,
    /// - the base URL or the OAuth base URL is invalid, has plain `http` and is not of a loopback
    ///   address, or has `https` in a build without a TLS feature,
    /// - the region or the edge is not 1 to 31 letters, digits and hyphens,
    /// - no header can hold the user agent,
    /// - a time limit or a size limit is zero,
    /// - the proxy cannot be used. If it is the environment's, and the base URL is of a loopback
    ///   address, the first request to another host fails instead,
    /// - the root certificates, the file of `SSL_CERT_FILE` or the client certificate hold no
    ///   certificate in PEM form, the key of the client certificate is no unencrypted private key in
    ///   PEM form, or a choice needs a feature that is off.
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
        if self.max_body_bytes == 0 {
            return Err(Error::invalid_input("maximum body size", "0", "at least one byte"));
        }

        let base_url = match &self.base_url {
            Some(url) => BaseUrl::parse("base URL", url)?,
            None => BaseUrl::of_region(self.region.as_deref(), self.edge.as_deref())?,
        };

        Ok(Client(Arc::new(Http {
            connections: Connections::new(&self.connection, &base_url)?,
            base_url,
            authentication,
            used_credentials: self.credentials.used(),
            max_body_bytes: self.max_body_bytes,
            retry: self.retry,
            on_retry: self.on_retry,
        })))
    }
}
