//! ureq's configuration, checked when a client is built: ureq itself panics on some settings at the
//! first request, and ignores others.

use std::time::Duration;

use ureq::config::{AutoHeaderValue, Config};
use ureq::http::{HeaderValue, Request, Response};
use ureq::{Agent, AsSendBody, Body, Proxy};

use super::proxy::Proxies;
use super::url::{BaseUrl, is_loopback};
use crate::error::Error;

const MAX_HEADER_BYTES: usize = 64 * 1024;
/// The limits of a buffer: it must hold the line of a request, and more headers of a response than are
/// allowed, because ureq reports only then that they are too long.
const MIN_BUFFER_BYTES: usize = MAX_HEADER_BYTES + 4096;
const MAX_BUFFER_BYTES: usize = 16 * 1024 * 1024;
/// A duration that can be added to any instant.
const MAX_TIMEOUT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The connections to the API and to the storage. Each has an agent of its own, so that nothing,
/// such as a cookie, passes from one to the other.
pub(crate) struct Agents {
    pub(super) api: Agent,
    pub(super) storage: Agent,
    pub(super) proxies: Proxies,
    pub(super) connect_timeout: Duration,
}

impl Agents {
    /// Checks the caller's configuration, or makes the default one.
    pub(crate) fn new(config: Option<Config>, connect_timeout: Duration) -> Result<Self, Error> {
        let (config, proxies) = match config {
            None => (default_config(), Proxies::from_env()?),
            Some(config) => {
                check(&config)?;
                let proxies = Proxies::of(&config)?;
                (config, proxies)
            }
        };
        let (api, storage) = (config.new_agent(), config.new_agent());
        Ok(Self { api, storage, proxies, connect_timeout })
    }

    /// Checks the environment's proxy, unless it may be that no request needs it.
    pub(crate) fn check_proxy(&self, base_url: &BaseUrl) -> Result<(), Error> {
        if base_url.is_loopback() { Ok(()) } else { self.proxies.check() }
    }

    /// The request with the limits that hold regardless of the agent's own configuration.
    pub(super) fn limited<B: AsSendBody>(
        &self,
        agent: &Agent,
        request: Request<B>,
        proxy: Option<Proxy>,
    ) -> Request<B> {
        let https_only = !is_loopback(request.uri());
        let config = agent
            .configure_request(request)
            .http_status_as_error(false)
            .max_redirects(0)
            .https_only(https_only)
            .proxy(proxy)
            .max_response_header_size(MAX_HEADER_BYTES)
            .timeout_resolve(Some(self.connect_timeout))
            .timeout_connect(Some(self.connect_timeout));

        // A configuration does not say whether its provider was chosen or is ureq's default. This
        // one is the only one that the build has.
        #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
        let config = match agent.config().tls_config() {
            tls if tls.provider() == ureq::tls::TlsProvider::NativeTls => config,
            tls => config.tls_config(with_native_tls(tls)),
        };

        config.build()
    }
}

/// Sends a request without the cookies of earlier responses, which ureq keeps if another crate has
/// enabled its feature `cookies`.
pub(super) fn run<B: AsSendBody>(
    agent: &Agent,
    request: Request<B>,
) -> Result<Response<Body>, ureq::Error> {
    agent.cookie_jar_lock().clear();
    agent.run(request)
}

/// Stands in for ureq's method of this name, which comes before a trait's if its feature `cookies`
/// is on.
#[allow(dead_code)]
trait WithoutCookies {
    fn cookie_jar_lock(&self) -> NoCookies {
        NoCookies
    }
}

impl WithoutCookies for Agent {}

#[allow(dead_code)]
struct NoCookies;

#[allow(dead_code)]
impl NoCookies {
    fn clear(&mut self) {}
}

/// Checks a limit that every request has.
pub(crate) fn check_timeout(parameter: &'static str, timeout: Duration) -> Result<(), Error> {
    if timeout.is_zero() {
        return Err(Error::invalid_input(parameter, "0", "more than zero"));
    }
    check_maximum(parameter, timeout)
}

fn check_maximum(parameter: &'static str, timeout: Duration) -> Result<(), Error> {
    if timeout > MAX_TIMEOUT {
        let value = format!("{} s", timeout.as_secs());
        return Err(Error::invalid_input(parameter, value, "at most 100 years"));
    }
    Ok(())
}

/// The default keeps every idle connection: there are never more of them than were used at once.
/// Each has four buffers, so these are small.
fn default_config() -> Config {
    let config = Config::builder()
        .input_buffer_size(MIN_BUFFER_BYTES)
        .output_buffer_size(MIN_BUFFER_BYTES)
        .max_idle_connections(usize::MAX)
        .max_idle_connections_per_host(usize::MAX)
        .proxy(None);
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    let config = config.tls_config(with_native_tls(&ureq::tls::TlsConfig::builder().build()));
    #[cfg(feature = "platform-verifier")]
    let config = config.tls_config(
        ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build(),
    );
    config.build()
}

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
fn with_native_tls(tls: &ureq::tls::TlsConfig) -> ureq::tls::TlsConfig {
    ureq::tls::TlsConfig::builder()
        .provider(ureq::tls::TlsProvider::NativeTls)
        .client_cert(tls.client_cert().cloned())
        .root_certs(tls.root_certs().clone())
        .use_sni(tls.use_sni())
        .disable_verification(tls.disable_verification())
        .build()
}

fn check(config: &Config) -> Result<(), Error> {
    for (parameter, value) in [
        ("user_agent of ureq's configuration", config.user_agent()),
        ("accept of ureq's configuration", config.accept()),
        ("accept_encoding of ureq's configuration", config.accept_encoding()),
    ] {
        if let AutoHeaderValue::Provided(text) = value {
            HeaderValue::from_str(text).map_err(|error| {
                Error::invalid_input(parameter, text, "no control characters").caused_by(error)
            })?;
        }
    }

    let timeouts = config.timeouts();
    for (parameter, timeout) in [
        ("timeout_global of ureq's configuration", timeouts.global),
        ("timeout_per_call of ureq's configuration", timeouts.per_call),
        ("timeout_resolve of ureq's configuration", timeouts.resolve),
        ("timeout_connect of ureq's configuration", timeouts.connect),
        ("timeout_send_request of ureq's configuration", timeouts.send_request),
        ("timeout_send_body of ureq's configuration", timeouts.send_body),
        ("timeout_recv_response of ureq's configuration", timeouts.recv_response),
        ("timeout_recv_body of ureq's configuration", timeouts.recv_body),
        ("timeout_per_read of ureq's configuration", config.timeout_per_read()),
        ("timeout_per_write of ureq's configuration", config.timeout_per_write()),
    ] {
        timeout.map_or(Ok(()), |timeout| check_timeout(parameter, timeout))?;
    }
    // No request waits for a status 100, so zero does no harm.
    let await_100 = timeouts.await_100.unwrap_or_default();
    check_maximum("timeout_await_100 of ureq's configuration", await_100)?;

    for (parameter, size) in [
        ("input_buffer_size of ureq's configuration", config.input_buffer_size()),
        ("output_buffer_size of ureq's configuration", config.output_buffer_size()),
    ] {
        if !(MIN_BUFFER_BYTES..=MAX_BUFFER_BYTES).contains(&size) {
            let expected = format!("{MIN_BUFFER_BYTES} to {MAX_BUFFER_BYTES} bytes");
            return Err(Error::invalid_input(parameter, size, expected));
        }
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    check_tls(config.tls_config())?;
    Ok(())
}

/// Checks what needs a feature of ureq, by the feature of this crate that implies it.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn check_tls(tls: &ureq::tls::TlsConfig) -> Result<(), Error> {
    use ureq::tls::{RootCerts, TlsProvider};

    let is_native = tls.provider() == TlsProvider::NativeTls || cfg!(not(feature = "rustls"));
    if is_native && cfg!(not(feature = "native-tls")) {
        let expected = "Rustls: NativeTls needs this crate's feature native-tls";
        return Err(Error::invalid_input("TLS provider", "NativeTls", expected));
    }

    match tls.root_certs() {
        RootCerts::PlatformVerifier
            if !is_native
                && !tls.disable_verification()
                && cfg!(not(feature = "platform-verifier")) =>
        {
            let expected = "other root certificates: the operating system's need this crate's \
                            feature platform-verifier";
            return Err(Error::invalid_input("root certificates", "PlatformVerifier", expected));
        }
        RootCerts::Specific(certificates) if certificates.is_empty() => {
            return Err(Error::invalid_input("root certificates", "", "at least one"));
        }
        _ => {}
    }

    if tls.client_cert().is_some_and(|certificate| certificate.certs().is_empty()) {
        return Err(Error::invalid_input("client certificate", "", "at least one certificate"));
    }
    Ok(())
}
