//! The choice of a proxy: the caller's own, or that of the environment.

use ureq::http::Uri;
use ureq::{Proxy, ProxyProtocol};

use super::settings::ProxyChoice;
use super::url::{check_port, is_loopback};
use crate::auth::variable;
use crate::error::Error;

const EXPECTED: &str = "scheme://[user:password@]host[:port] with the scheme http, https or SOCKS";

/// The proxy of a client's requests, and the hosts that are reached without it.
pub(crate) struct Proxies {
    /// A variable that cannot be used is an error of the first request that needs it.
    proxy: Result<Option<Proxy>, Error>,
    exceptions: Vec<NoProxy>,
}

impl Proxies {
    pub(super) fn new(choice: &ProxyChoice) -> Result<Self, Error> {
        let proxy = match choice {
            ProxyChoice::Environment => return Self::from_env(),
            ProxyChoice::None => None,
            ProxyChoice::Url(url) => Some(parse("proxy", url)?),
        };
        Ok(Self { proxy: Ok(proxy), exceptions: Vec::new() })
    }

    fn from_env() -> Result<Self, Error> {
        let proxy = first(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
        let proxy = proxy.map(|(name, text)| parse(name, &text)).transpose();

        let list = first(["no_proxy", "NO_PROXY"])?.map_or(String::new(), |(_, list)| list);
        let entries = list.split(|char: char| char == ',' || char.is_whitespace());
        Ok(Self { proxy, exceptions: entries.filter_map(NoProxy::parse).collect() })
    }

    /// Returns the proxy for requests to this URL.
    pub(super) fn select(&self, uri: &Uri) -> Result<Option<Proxy>, Error> {
        if is_loopback(uri) {
            return Ok(None);
        }

        match &self.proxy {
            Err(error) => Err(error.clone()),
            Ok(_) if self.exceptions.iter().any(|it| it.covers(uri)) => Ok(None),
            Ok(proxy) => Ok(proxy.clone()),
        }
    }
}

/// An entry of `NO_PROXY`: a host that is reached without the environment's proxy.
struct NoProxy {
    /// A domain with all names below it, or `*` for every host.
    host: String,
    /// The only port that the entry is about, if it names one.
    port: Option<u16>,
}

impl NoProxy {
    /// Parses an entry. One in a form that only other programs know covers no host, so that the
    /// proxy is used.
    fn parse(entry: &str) -> Option<Self> {
        let (host, port) = match entry.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let host = host.strip_prefix("*.").or(host.strip_prefix('.')).unwrap_or(host);
        (!host.is_empty()).then(|| Self { host: normal(host), port })
    }

    fn covers(&self, uri: &Uri) -> bool {
        let host = normal(uri.host().unwrap_or_default());
        let above = host.strip_suffix(&self.host);
        let is_below = above.is_some_and(|above| above.is_empty() || above.ends_with('.'));
        let is_port = self.port.is_none_or(|port| port == uri.port_u16().unwrap_or(443));
        is_port && (is_below || self.host == "*")
    }
}

fn normal(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// The host and port of a proxy, for messages.
pub(super) fn address(proxy: &Proxy) -> String {
    format!("{}:{}", proxy.host(), proxy.port())
}

/// The first of the variables that is set and not empty, with its name.
fn first<const N: usize>(
    names: [&'static str; N],
) -> Result<Option<(&'static str, String)>, Error> {
    for name in names {
        if let Some(value) = variable(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

fn parse(name: &'static str, text: &str) -> Result<Proxy, Error> {
    let invalid = |expected: &str| Error::invalid_input(name, without_secrets(text), expected);

    // ureq ignores a path, so that the typing error `http//host` would be the host `http`.
    let (_, rest) = text.split_once("://").unwrap_or(("", text));
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#']) {
        return Err(invalid(EXPECTED));
    }

    let proxy = Proxy::new(text).map_err(|_| invalid(EXPECTED))?;
    check(&proxy).map_err(invalid)?;
    Ok(proxy)
}

/// Checks what ureq would panic on or ignore, or returns what is expected.
fn check(proxy: &Proxy) -> Result<(), &'static str> {
    if proxy.uri().host().is_none_or(str::is_empty) {
        return Err(EXPECTED);
    }
    check_port(proxy.uri())?;

    let (user, password) = (proxy.username(), proxy.password());
    match proxy.protocol() {
        ProxyProtocol::Http => Ok(()),
        ProxyProtocol::Https if cfg!(any(feature = "rustls", feature = "native-tls")) => Ok(()),
        ProxyProtocol::Https => Err("an http proxy, because this build has no TLS"),
        _ if cfg!(not(feature = "socks-proxy")) => {
            Err("an HTTP proxy: SOCKS needs this crate's feature socks-proxy")
        }
        ProxyProtocol::Socks4 | ProxyProtocol::Socks4A if user.is_some() || password.is_some() => {
            Err("a SOCKS4 proxy without a user and a password, which ureq does not send")
        }
        ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => {
            let has_valid_length =
                |text: Option<&str>| (1..=255).contains(&text.unwrap_or_default().len());
            match (user, password) {
                (None, None) => Ok(()),
                _ if has_valid_length(user) && has_valid_length(password) => Ok(()),
                _ => Err("a SOCKS5 user and password of 1 to 255 bytes each"),
            }
        }
        _ => Ok(()),
    }
}

/// The value, unless it holds what may be a user or a password.
fn without_secrets(text: &str) -> &str {
    let (_, rest) = text.split_once("://").unwrap_or(("", text));
    let after_colon = rest.split_once(':').map_or("", |(_, port)| port);
    let may_be_password = after_colon.bytes().any(|byte| !byte.is_ascii_digit() && byte != b'/');
    if text.contains('@') || may_be_password { "…" } else { text }
}
