//! Which URLs requests may go to: the base URL that the caller gives, and the signed URL of a
//! recording's media.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use crate::error::Error;

/// The base URL without a slash at its end, and whether it is on this machine.
pub(crate) fn check_base_url(url: &str) -> Result<(String, bool), Error> {
    // User information may be a secret, so such a URL is not shown.
    if url.split(['?', '#']).next().is_some_and(|before| before.contains('@')) {
        let expected = "no user information in it: credentials have their own place";
        return Err(Error::invalid_input("base URL", "…@…", expected));
    }
    let refuse = |expected| Err(Error::invalid_input("base URL", url, expected));
    let Ok(uri) = url.parse::<Uri>() else {
        return refuse("an absolute URL such as https://video.twilio.com");
    };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host().filter(|host| !host.is_empty()))
    else {
        return refuse("an absolute URL such as https://video.twilio.com");
    };
    if uri.query().is_some() || url.contains('#') {
        return refuse("no query and no fragment in it");
    }
    let port = uri.authority().and_then(|authority| authority.as_str().strip_prefix(host));
    let port_fits = |port: &str| port.strip_prefix(':').is_some_and(|n| n.parse::<u16>().is_ok());
    if !port.is_some_and(|port| port.is_empty() || port_fits(port)) {
        return refuse("a port from 0 to 65535, or none");
    }
    let is_loopback = is_loopback(host);
    match scheme {
        "https" if cfg!(not(any(feature = "rustls", feature = "native-tls"))) => refuse(
            "http and loopback: this build has no TLS; its features rustls and native-tls add it",
        ),
        "https" => Ok((url.trim_end_matches('/').to_owned(), is_loopback)),
        "http" if is_loopback => Ok((url.trim_end_matches('/').to_owned(), true)),
        "http" => refuse("https: plain http would show the credentials, and is for loopback only"),
        _ => refuse("https"),
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    match address {
        Some(address) => address.is_loopback(),
        None => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Where a recording's media can be had for a short time, by whoever knows the URL: it is a
/// secret. `Debug` shows the host alone.
///
/// ```no_run
/// use twilio_room_recordings::{Client, Error};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let recording = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let url = client.recording(room, recording).media().url()?;
/// println!("to be handed on within minutes: {}", url.as_str());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl {
    uri: Uri,
    text: String,
}

impl SignedUrl {
    /// The URL itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Takes the URL that the service gives. Plain `http` is for loopback alone, and only where
    /// the service itself is there.
    pub(crate) fn new(url: &str, service_is_loopback: bool) -> Result<Self, Error> {
        // The URL is a secret, so none of these shows it.
        let refuse = |reason| Err(Error::invalid_answer(reason));
        let Ok(uri) = url.parse::<Uri>() else {
            return refuse("the URL of the media is none");
        };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return refuse("the URL of the media is not absolute");
        };
        if authority.as_str().contains('@') {
            return refuse("the URL of the media holds user information");
        }
        let stays_here = service_is_loopback && is_loopback(authority.host());
        if scheme != "https" && !(scheme == "http" && stays_here) {
            return refuse("the URL of the media is not https");
        }
        Ok(Self { uri, text: url.to_owned() })
    }

    /// Where a `Location` at this URL leads.
    pub(crate) fn redirected(&self, to: &str, service_is_loopback: bool) -> Result<Self, Error> {
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
        Self::new(&url, service_is_loopback)
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.uri.host().is_some_and(is_loopback)
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrl({}…)", self.uri.host().unwrap_or_default())
    }
}
