//! The URLs that requests are sent to: the API's base URL, and the signed URL of media.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use crate::error::Error;

/// The base URL of the API.
#[derive(Clone)]
pub(crate) struct BaseUrl {
    /// Scheme, host, port and path prefix, without a slash at the end.
    text: String,
    host: String,
    is_loopback: bool,
}

impl BaseUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        // User information may be a secret, so such a URL is not shown.
        if url.split(['?', '#']).next().is_some_and(|before| before.contains('@')) {
            let expected = "no user information: set the credentials instead";
            return Err(Error::invalid_input("base URL", "…@…", expected));
        }

        let invalid = |expected| Err(Error::invalid_input("base URL", url, expected));
        let Ok(uri) = url.parse::<Uri>() else {
            return invalid("an absolute URL such as https://video.twilio.com");
        };
        let (Some(scheme), Some(host)) =
            (uri.scheme_str(), uri.host().filter(|host| !host.is_empty()))
        else {
            return invalid("an absolute URL such as https://video.twilio.com");
        };
        if uri.query().is_some() || url.contains('#') {
            return invalid("no query and no fragment");
        }
        let port = uri.authority().and_then(|authority| authority.as_str().strip_prefix(host));
        let is_port = |port: &str| port.strip_prefix(':').is_some_and(|n| n.parse::<u16>().is_ok());
        if !port.is_some_and(|port| port.is_empty() || is_port(port)) {
            return invalid("a port from 0 to 65535, or none");
        }

        let is_loopback = is_loopback(host);
        match scheme {
            "https" if cfg!(not(any(feature = "rustls", feature = "native-tls"))) => {
                return invalid(
                    "http to a loopback address: this build has no TLS, which the features \
                     rustls and native-tls add",
                );
            }
            "https" => {}
            "http" if is_loopback => {}
            "http" => {
                return invalid(
                    "https: plain http would expose the credentials, and is accepted for \
                     loopback addresses only",
                );
            }
            _ => return invalid("https"),
        }
        Ok(Self { text: url.trim_end_matches('/').to_owned(), host: host.to_owned(), is_loopback })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    match address {
        Some(address) => address.is_loopback(),
        None => host.eq_ignore_ascii_case("localhost"),
    }
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
        let is_local = api_is_loopback && is_loopback(authority.host());
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

    pub(super) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.uri.host().is_some_and(is_loopback)
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrl({}…)", self.uri.host().unwrap_or_default())
    }
}
