//! The choice of a proxy: the caller's own, or that of the environment.

use std::env;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::{Proxy, ProxyProtocol};

use super::no_proxy::NoProxy;
use super::url::{check_port, is_loopback};
use crate::error::{Error, ErrorKind, InvalidInput};

const EXPECTED: &str = "scheme://[user:password@]host[:port] with the scheme http, https or SOCKS";

/// The proxies of a client's requests.
pub(crate) enum Proxies {
    /// As the caller configured it, if at all.
    Configured(Option<Proxy>),
    /// As the environment says. A setting that cannot be used is an error of the first request that
    /// needs it.
    Environment(Result<Option<Proxy>, InvalidInput>, NoProxy),
}

impl Proxies {
    /// Reads the proxy of a configuration. One that ureq took from the environment is replaced by
    /// this module's choice.
    pub(super) fn of(config: &Config) -> Result<Self, Error> {
        match config.proxy() {
            Some(proxy) if !proxy.is_from_env() => {
                check(proxy).map_err(|expected| {
                    Error::invalid_input("proxy", url_without_user(proxy), expected)
                })?;
                Ok(Self::Configured(Some(proxy.clone())))
            }
            // `Config::builder()` takes what this function takes, unless the caller says no.
            None if Proxy::try_from_env().is_some() => Ok(Self::Configured(None)),
            _ => Self::from_env(),
        }
    }

    pub(super) fn from_env() -> Result<Self, Error> {
        let no_proxy = variable(["no_proxy", "NO_PROXY"])?.map(|(_, list)| NoProxy::parse(&list));
        let proxy = match variable(["https_proxy", "HTTPS_PROXY"])? {
            Some(proxy) => Some(proxy),
            None => variable(["all_proxy", "ALL_PROXY"])?,
        };
        let parsed = proxy.map(|(name, text)| parse(name, &text)).transpose();
        Ok(Self::Environment(parsed, no_proxy.unwrap_or_default()))
    }

    /// Checks that the environment's proxy can be used.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Environment(Err(input), _) => {
                Err(Error::new(ErrorKind::InvalidInput(input.clone())))
            }
            _ => Ok(()),
        }
    }

    /// Returns the proxy for requests to this URL.
    pub(super) fn select(&self, uri: &Uri) -> Result<Option<Proxy>, Error> {
        if is_loopback(uri) {
            return Ok(None);
        }

        match self {
            Self::Configured(proxy) => {
                Ok(proxy.as_ref().filter(|proxy| !proxy.is_no_proxy(uri)).cloned())
            }
            Self::Environment(_, no_proxy) if no_proxy.contains(uri) => Ok(None),
            Self::Environment(proxy, _) => {
                self.check()?;
                Ok(proxy.as_ref().ok().cloned().flatten())
            }
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
        ProxyProtocol::Http | ProxyProtocol::Https if proxy.resolve_target() => {
            Err("an HTTP proxy that resolves the host names itself")
        }
        ProxyProtocol::Http => Ok(()),
        ProxyProtocol::Https if cfg!(any(feature = "rustls", feature = "native-tls")) => Ok(()),
        ProxyProtocol::Https => {
            Err("an http proxy: this build has no TLS, which the features rustls and native-tls \
                 add")
        }
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

fn url_without_user(proxy: &Proxy) -> String {
    let scheme = proxy.protocol().to_string().to_ascii_lowercase();
    let authority = proxy.uri().authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}")
}

/// The value, unless it holds what may be a user or a password.
fn without_secrets(text: &str) -> &str {
    let (_, rest) = text.split_once("://").unwrap_or(("", text));
    let after_colon = rest.split_once(':').map_or("", |(_, port)| port);
    let may_be_password = after_colon.bytes().any(|byte| !byte.is_ascii_digit() && byte != b'/');
    if text.contains('@') || may_be_password { "…" } else { text }
}
