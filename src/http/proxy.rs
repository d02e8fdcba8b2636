//! The choice of a proxy: the caller's own, or that of the environment.

use std::env;

use ureq::http::Uri;
use ureq::{Proxy, ProxyProtocol};

use super::no_proxy::NoProxy;
use super::settings::ProxyChoice;
use super::url::{check_port, is_loopback};
use crate::error::{Error, ErrorKind, InvalidInput};

const EXPECTED: &str = "scheme://[user:password@]host[:port] with the scheme http, https or SOCKS";

/// The proxy of a client's requests, and the hosts that are reached without it.
pub(crate) struct Proxies {
    /// A setting that cannot be used is an error of the first request that needs it.
    proxy: Result<Option<Proxy>, InvalidInput>,
    exceptions: NoProxy,
}

impl Proxies {
    pub(super) fn new(choice: &ProxyChoice) -> Result<Self, Error> {
        let proxy = match choice {
            ProxyChoice::Environment => return Self::from_env(),
            ProxyChoice::None => Ok(None),
            ProxyChoice::Url(url) => {
                let parsed = parse("proxy", url);
                Ok(Some(parsed.map_err(|it| Error::new(ErrorKind::InvalidInput(it)))?))
            }
        };
        Ok(Self { proxy, exceptions: NoProxy::default() })
    }

    fn from_env() -> Result<Self, Error> {
        let proxy = match variable(["https_proxy", "HTTPS_PROXY"])? {
            Some(proxy) => Some(proxy),
            None => variable(["all_proxy", "ALL_PROXY"])?,
        };
        let no_proxy = variable(["no_proxy", "NO_PROXY"])?.map(|(_, list)| NoProxy::parse(&list));

        let proxy = proxy.map(|(name, text)| parse(name, &text)).transpose();
        Ok(Self { proxy, exceptions: no_proxy.unwrap_or_default() })
    }

    /// Returns the proxy for requests to this URL.
    pub(super) fn select(&self, uri: &Uri) -> Result<Option<Proxy>, Error> {
        if is_loopback(uri) {
            return Ok(None);
        }

        match &self.proxy {
            Err(input) => Err(Error::new(ErrorKind::InvalidInput(input.clone()))),
            Ok(_) if self.exceptions.contains(uri) => Ok(None),
            Ok(proxy) => Ok(proxy.clone()),
        }
    }
}

/// The host and port of a proxy, for messages.
pub(super) fn address(proxy: &Proxy) -> String {
    format!("{}:{}", proxy.host(), proxy.port())
}

/// The first of the variables that is set and not empty.
fn variable(names: [&'static str; 2]) -> Result<Option<(&'static str, String)>, Error> {
    for name in names {
        match env::var(name) {
            Ok(value) if !value.is_empty() => return Ok(Some((name, value))),
            Ok(_) | Err(env::VarError::NotPresent) => {}
            Err(env::VarError::NotUnicode(_)) => {
                return Err(Error::invalid_input(name, "…", "Unicode text"));
            }
        }
    }
    Ok(None)
}

fn parse(name: &'static str, text: &str) -> Result<Proxy, InvalidInput> {
    let invalid = |expected: &str| InvalidInput {
        parameter: name,
        value: without_secrets(text).to_owned(),
        expected: expected.to_owned(),
    };

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
    let Some(authority) = proxy.uri().authority().filter(|it| !it.host().is_empty()) else {
        return Err(EXPECTED);
    };
    check_port(authority)?;

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
