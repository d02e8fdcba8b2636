//! The settings of a client's connections, as a builder collects them.

use std::time::Duration;

use ureq::http::HeaderValue;

use crate::error::Error;

/// A hundred years, which can be added to any instant.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The IP addresses that a client connects to.
///
/// ```
/// use twilio_room_recordings::{Client, Credentials, IpFamily};
///
/// let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let client = Client::builder(Credentials::auth_token(account, "the auth token"))
///     .ip_family(IpFamily::Ipv4)
///     .build()?;
/// # Ok::<(), twilio_room_recordings::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IpFamily {
    /// Addresses of both families, in the order in which the operating system returns them.
    #[default]
    Any,
    /// IPv4 addresses only.
    Ipv4,
    /// IPv6 addresses only.
    Ipv6,
}

/// The root certificates that a client trusts. Each choice replaces the others.
///
/// ```no_run
/// use twilio_room_recordings::{ClientBuilder, RootCertificates};
///
/// let roots = RootCertificates::Pem(std::fs::read("company-root.pem")?);
/// let client = ClientBuilder::from_env()?.root_certificates(roots).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootCertificates {
    /// Mozilla's root certificates, which are compiled into the program.
    #[default]
    BuiltIn,
    /// The root certificates of the operating system. On Linux, the environment variables
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` name other ones. With rustls, this choice needs the feature
    /// `platform-verifier`.
    System,
    /// Only these certificates, in PEM form. One text may hold several.
    Pem(Vec<u8>),
}

impl RootCertificates {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::BuiltIn => "the built-in",
            Self::System => "the operating system's",
            Self::Pem(_) => "the given",
        }
    }
}

/// The choice of a proxy.
#[derive(Clone, Default)]
pub(crate) enum ProxyChoice {
    /// The environment's.
    #[default]
    Environment,
    None,
    Url(String),
}

#[derive(Clone)]
pub(crate) struct ConnectionSettings {
    pub proxy: ProxyChoice,
    pub ip_family: IpFamily,
    pub root_certificates: RootCertificates,
    /// The certificate chain and the private key of a client, in PEM form.
    pub client_certificate: Option<(Vec<u8>, Vec<u8>)>,
    /// The name of the program.
    pub user_agent: Option<String>,
    pub connect_timeout: Duration,
    pub attempt_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            proxy: ProxyChoice::default(),
            ip_family: IpFamily::default(),
            root_certificates: RootCertificates::default(),
            client_certificate: None,
            user_agent: None,
            connect_timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(60),
        }
    }
}

impl ConnectionSettings {
    pub(super) fn check_timeouts(&self) -> Result<(), Error> {
        let timeouts =
            [("connect timeout", self.connect_timeout), ("attempt timeout", self.attempt_timeout)];
        match timeouts.into_iter().find(|(_, timeout)| timeout.is_zero()) {
            Some((parameter, _)) => Err(Error::invalid_input(parameter, "0", "more than zero")),
            None => Ok(()),
        }
    }

    /// The name and version of this crate, after the name of the program.
    pub(super) fn user_agent(&self) -> Result<String, Error> {
        let own = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let text = match &self.user_agent {
            None => own.to_owned(),
            Some(program) => format!("{program} {own}"),
        };

        match HeaderValue::from_str(&text) {
            Ok(_) => Ok(text),
            Err(_) => Err(Error::invalid_input("user agent", text, "visible ASCII characters")),
        }
    }
}
