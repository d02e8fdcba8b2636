//! The agent of a client: ureq with the settings that all requests share.

use std::any::Any;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::{Request, Response};
use ureq::{Agent, AsSendBody, Body, Proxy};

use super::proxy::Proxies;
use super::settings::{ConnectionSettings, IpFamily};
use super::url::BaseUrl;
use crate::error::Error;

const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Room for the line of a request, and for more headers than are allowed, because ureq reports only
/// then that they are too long. Each connection has four buffers, so they are small.
const BUFFER_BYTES: usize = MAX_HEADER_BYTES + 4096;

/// The codings that are requested. Another crate may have enabled more in ureq.
const ACCEPTED_ENCODING: &str = if cfg!(feature = "gzip") { "gzip" } else { "identity" };

/// The connections of a client.
pub(crate) struct Connections {
    agent: Agent,
    pub(super) proxies: Proxies,
    /// A name of the root certificates that are trusted.
    pub(super) roots: &'static str,
    pub(super) connect_timeout: Duration,
    pub(super) attempt_timeout: Duration,
}

impl Connections {
    /// Checks the settings. The agent's own proxy is that of the API.
    pub(crate) fn new(settings: &ConnectionSettings, api: &BaseUrl) -> Result<Self, Error> {
        settings.check_timeouts()?;
        let &ConnectionSettings { connect_timeout, attempt_timeout, .. } = settings;
        let proxies = Proxies::new(&settings.proxy)?;

        // There are never more idle connections than were used at once, so all are kept.
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .accept("application/json")
            .accept_encoding(ACCEPTED_ENCODING)
            .user_agent(settings.user_agent()?)
            .ip_family(match settings.ip_family {
                IpFamily::Any => ureq::config::IpFamily::Any,
                IpFamily::Ipv4 => ureq::config::IpFamily::Ipv4Only,
                IpFamily::Ipv6 => ureq::config::IpFamily::Ipv6Only,
            })
            .proxy(proxies.select(api.uri())?)
            .max_response_header_size(MAX_HEADER_BYTES)
            .input_buffer_size(BUFFER_BYTES)
            .output_buffer_size(BUFFER_BYTES)
            .max_idle_connections(usize::MAX)
            .max_idle_connections_per_host(usize::MAX)
            .timeout_resolve(Some(connect_timeout))
            .timeout_connect(Some(connect_timeout))
            .timeout_global(Some(attempt_timeout));
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let config = config.tls_config(super::tls::config(settings)?);

        #[cfg(feature = "dns-cache")]
        let agent = super::addresses::agent(config.build());
        #[cfg(not(feature = "dns-cache"))]
        let agent = config.build().new_agent();
        let roots = settings.root_certificates.name();
        Ok(Self { agent, proxies, roots, connect_timeout, attempt_timeout })
    }

    /// Sends a request to the API or to the token endpoint.
    ///
    /// It has settings of its own only if they differ from the agent's: ureq keeps the TLS
    /// configuration, with its root certificates and sessions, of requests that have none.
    pub(super) fn send<B: AsSendBody>(
        &self,
        request: Request<B>,
        limit: Duration,
        proxy: Option<Proxy>,
    ) -> Result<Response<Body>, ureq::Error> {
        if limit == self.attempt_timeout && proxy.as_ref() == self.agent.config().proxy() {
            return self.run(request);
        }

        let config = self.agent.configure_request(request).proxy(proxy);
        self.run(config.timeout_global(Some(limit)).build())
    }

    /// Sends a request for media. The limit of an attempt is that of the headers, and of each wait
    /// for more bytes. ureq finds the TLS configuration that it has kept of a request to the API.
    pub(super) fn send_for_media(
        &self,
        request: Request<()>,
        remaining: Option<Duration>,
        proxy: Option<Proxy>,
    ) -> Result<Response<Body>, ureq::Error> {
        let config = self.agent.configure_request(request).proxy(proxy);
        let config = config
            .timeout_global(remaining)
            .timeout_recv_response(Some(self.attempt_timeout))
            .timeout_per_read(Some(self.attempt_timeout));
        self.run(config.build())
    }

    /// Sends a request. ureq panics if the system cannot start the thread that resolves a host name,
    /// and if the client certificate does not match its key.
    fn run<B: AsSendBody>(&self, request: Request<B>) -> Result<Response<Body>, ureq::Error> {
        panic::catch_unwind(AssertUnwindSafe(|| self.agent.run(request)))
            .unwrap_or_else(|payload| Err(panicked(payload.as_ref())))
    }
}

fn panicked(payload: &(dyn Any + Send)) -> ureq::Error {
    let text = payload.downcast_ref::<String>().map_or("ureq panicked", String::as_str);
    if text.contains("failed to spawn thread") {
        return io::Error::new(io::ErrorKind::WouldBlock, "could not start a thread").into();
    }
    if text.contains("client auth certificate") {
        let reason = "the client certificate does not match its private key";
        return io::Error::new(io::ErrorKind::InvalidInput, reason).into();
    }
    ureq::Error::Other(text.into())
}
