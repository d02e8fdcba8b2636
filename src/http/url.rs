//! The URLs that requests are sent to: the API's base URL, and the signed URL of media.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;
use ureq::http::uri::Authority;

use crate::error::Error;

/// A build without TLS requests no `https` URL, even if another crate has added TLS to ureq.
const HAS_TLS: bool = cfg!(any(feature = "rustls", feature = "native-tls"));

/// The base URL of the API.
#[derive(Clone)]
pub(crate) struct BaseUrl {
    /// Scheme, host, port and path prefix, without a slash at the end.
    text: String,
    uri: Uri,
}

impl BaseUrl {
    pub(crate) fn parse(parameter: &'static str, url: &str) -> Result<Self, Error> {
        // User information may be a secret, so such a URL is not shown.
        if url.split(['?', '#']).next().is_some_and(|before| before.contains('@')) {
            let expected = "no user information: set the credentials instead";
            return Err(Error::invalid_input(parameter, "…@…", expected));
        }

        let invalid =
            |expected| Err(Error::invalid_input(parameter, without_secrets(url), expected));
        let Ok(uri) = url.parse::<Uri>() else {
            return invalid("an absolute URL such as https://video.twilio.com");
        };
        let (Some(scheme), Some(authority)) =
            (uri.scheme_str(), uri.authority().filter(|it| !it.host().is_empty()))
        else {
            return invalid("an absolute URL such as https://video.twilio.com");
        };
        if uri.query().is_some() || url.contains('#') {
            return invalid("no query and no fragment");
        }
        if let Err(expected) = check_port(authority).and(check_host(authority.host())) {
            return invalid(expected);
        }

        match scheme {
            "https" if !HAS_TLS => {
                return invalid(
                    "http to a loopback address: this build has no TLS, which the features \
                     rustls and native-tls add",
                );
            }
            "https" => {}
            "http" if is_loopback(&uri) => {}
            "http" => {
                return invalid(
                    "https: plain http would expose the credentials, and is accepted for \
                     loopback addresses only",
                );
            }
            _ => return invalid("https"),
        }
        Ok(Self { text: url.trim_end_matches('/').to_owned(), uri })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.uri)
    }
}

/// The URL without its query. Text that is no URL may be a secret in the wrong place.
fn without_secrets(url: &str) -> String {
    match url.find(['?', '#']) {
        _ if !url.contains("://") => "…".to_owned(),
        Some(end) => format!("{}…", &url[..=end]),
        None => url.to_owned(),
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// Returns `true` if the URL's host is `localhost` or a loopback address.
pub(super) fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    match ip_address(host) {
        Some(address) => address.is_loopback(),
        None => host.eq_ignore_ascii_case("localhost"),
    }
}

/// The host as an IP address, without the brackets of IPv6.
pub(super) fn ip_address(host: &str) -> Option<IpAddr> {
    let unbracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    unbracketed.unwrap_or(host).parse().ok()
}

/// Checks the port, or returns what is expected. ureq would use the default port in place of one
/// that is out of range.
pub(super) fn check_port(authority: &Authority) -> Result<(), &'static str> {
    let text = authority.as_str();
    let host_and_port = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    let port = match host_and_port.strip_prefix(authority.host()) {
        Some("") => return Ok(()),
        port => port.and_then(|port| port.strip_prefix(':')),
    };
    let is_valid = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    if port.is_some_and(is_valid) { Ok(()) } else { Err("a port from 1 to 65535, or none") }
}

/// Checks the host of a request, or returns what is expected. With its feature `cookies`, which
/// another crate may have enabled, ureq panics on a host that the WHATWG URL standard rejects.
fn check_host(host: &str) -> Result<(), &'static str> {
    let is_label = |label: &str| {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        // Only tables of Unicode tell whether the rest of such a label is valid.
        let is_international = label.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("xn--"));
        !label.is_empty() && label.bytes().all(is_valid) && !is_international
    };
    // A name that ends in a number must be an IPv4 address, so one that is not is invalid.
    let is_number = |label: &str| {
        let digits = label.strip_prefix("0x").or(label.strip_prefix("0X"));
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            || label.bytes().all(|byte| byte.is_ascii_digit())
    };

    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_valid = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None if is_number(last) => host.parse::<Ipv4Addr>().is_ok(),
        None => name.split('.').all(is_label),
    };
    if is_valid {
        return Ok(());
    }
    Err("a host that is an IP address, or labels of ASCII letters, digits, hyphens and \
         underscores that don't begin with xn--")
}

/// The signed, short-lived URL of a recording's media. Whoever knows it can download the media, so
/// it is a secret: `Debug` shows the host alone.
///
/// ```no_run
/// use twilio_room_recordings::{Client, Error};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let url = client.recording(room, recording).media().url()?;
/// println!("valid for some minutes: {}", url.as_str());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl {
    uri: Uri,
    text: String,
}

impl SignedUrl {
    /// Returns the URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Checks the URL of a `Location`. Plain `http` is accepted only between loopback addresses.
    pub(super) fn new(url: &str, api_is_loopback: bool) -> Result<Self, Error> {
        // The URL is a secret, so no message shows it.
        let invalid = |reason| Err(Error::invalid_response(reason));
        let Ok(uri) = url.parse::<Uri>() else {
            return invalid("the URL of the media is invalid");
        };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return invalid("the URL of the media is not absolute");
        };
        if authority.as_str().contains('@') {
            return invalid("the URL of the media holds user information");
        }
        if check_host(authority.host()).is_err() {
            return invalid("the URL of the media has an invalid host");
        }
        if check_port(authority).is_err() {
            return invalid("the URL of the media has an invalid port");
        }
        let is_local = api_is_loopback && is_loopback(&uri);
        if scheme != "https" && !(scheme == "http" && is_local) {
            return invalid("the URL of the media is not https");
        }
        Ok(Self { uri, text: url.to_owned() })
    }

    /// The URL that a `Location` of this URL's response leads to.
    pub(super) fn redirected(&self, to: &str, api_is_loopback: bool) -> Result<Self, Error> {
        let scheme = self.uri.scheme_str().unwrap_or("https");
        let origin = format!("{scheme}://{}", self.uri.authority().map_or("", |it| it.as_str()));
        let path = self.uri.path();
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let has_scheme = to.split(['/', '?', '#']).next().is_some_and(|start| start.contains(':'));
        let url = match to.chars().next() {
            None | Some('#') => self.text.clone(),
            _ if has_scheme => to.to_owned(),
            _ if to.starts_with("//") => format!("{scheme}:{to}"),
            Some('/') => format!("{origin}{to}"),
            Some('?') => format!("{origin}{path}{to}"),
            Some(_) => format!("{origin}{directory}/{to}"),
        };
        Self::new(&url, api_is_loopback)
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Checks that this build can request the URL.
    pub(super) fn check_tls(&self) -> Result<(), Error> {
        if !HAS_TLS && self.uri.scheme_str() == Some("https") {
            let reason = "the URL of the media is https, and this build has no TLS, which the \
                          features rustls and native-tls add";
            return Err(Error::invalid_response(reason));
        }
        Ok(())
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrl({}…)", self.uri.host().unwrap_or_default())
    }
}
