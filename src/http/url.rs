//! The URLs that requests are sent to: the API's base URL, and the signed URL of media.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use crate::error::Error;

/// The maximum length of a region or an edge. Auth tokens, the secrets of API keys, and SIDs are
/// longer, so that one in the wrong variable does not become part of a host name.
const MAX_LABEL_BYTES: usize = 31;

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
        let Some(uri) = absolute(url) else {
            return invalid("an absolute URL such as https://video.twilio.com");
        };
        if uri.query().is_some() || url.contains('#') {
            return invalid("no query and no fragment");
        }
        if let Err(expected) = check_port(&uri) {
            return invalid(expected);
        }

        match uri.scheme_str().unwrap_or_default() {
            "https" if cfg!(not(any(feature = "rustls", feature = "native-tls"))) => {
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

    /// The base URL for a region and an edge, as far as they are set.
    pub(crate) fn of_region(region: Option<&str>, edge: Option<&str>) -> Result<Self, Error> {
        check_label("region", region)?;
        check_label("edge", edge)?;

        let host = match (edge, region) {
            (None, None) => "video.twilio.com".to_owned(),
            (None, Some(region)) => format!("video.{region}.twilio.com"),
            (Some(edge), region) => format!("video.{edge}.{}.twilio.com", region.unwrap_or("us1")),
        };
        Self::parse("base URL", &format!("https://{host}"))
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

    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.uri)
    }
}

/// Parses a URL that has a scheme and a host.
fn absolute(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let is_absolute = uri.scheme().is_some() && uri.host().is_some_and(|host| !host.is_empty());
    is_absolute.then_some(uri)
}

fn check_label(parameter: &'static str, label: Option<&str>) -> Result<(), Error> {
    let Some(label) = label else { return Ok(()) };

    let is_label_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(1..=MAX_LABEL_BYTES).contains(&label.len()) || !label.bytes().all(is_label_byte) {
        // The value is left out: it may be a secret.
        let expected = format!("1 to {MAX_LABEL_BYTES} letters, digits and hyphens");
        return Err(Error::invalid_input(parameter, "…", expected));
    }
    Ok(())
}

/// The URL without its query. Text that is no URL may be a secret in the wrong place.
fn without_secrets(url: &str) -> String {
    match url.find(['?', '#']) {
        _ if !url.contains("://") => "…".to_owned(),
        Some(end) => format!("{}…", &url[..=end]),
        None => url.to_owned(),
    }
}

/// Returns `true` if the URL's host is `localhost` or a loopback address.
pub(super) fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or(host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// Checks the port, or returns what is expected. ureq would use the default port in place of one
/// that is out of range.
pub(super) fn check_port(uri: &Uri) -> Result<(), &'static str> {
    let authority = uri.authority().map_or("", |it| it.as_str());
    let after_host = authority.rsplit(['@', ']']).next().unwrap_or_default();
    let Some((_, port)) = after_host.split_once(':') else { return Ok(()) };

    let has_digits_only = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(1..) if has_digits_only => Ok(()),
        _ => Err("a port from 1 to 65535, or none"),
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

    /// The URL that a `Location` of the response from this URL leads to. Plain `http` is accepted
    /// only between loopback addresses.
    pub(super) fn redirected(from: &Uri, to: &str, api_is_loopback: bool) -> Result<Self, Error> {
        let url = resolve(from, to);
        // The URL is a secret, so no message shows it.
        let invalid = |reason| Err(Error::invalid_response(reason));
        let Some(uri) = absolute(&url) else {
            return invalid("the URL of the media is not a valid absolute URL");
        };
        if uri.authority().is_some_and(|it| it.as_str().contains('@')) {
            return invalid("the URL of the media holds user information");
        }
        if check_port(&uri).is_err() {
            return invalid("the URL of the media has an invalid port");
        }

        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if api_is_loopback && is_loopback(&uri) => {}
            _ => return invalid("the URL of the media is not https"),
        }
        Ok(Self { uri, text: url })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }
}

/// Resolves a URL that may be relative to the URL it was received from.
fn resolve(from: &Uri, to: &str) -> String {
    let scheme = from.scheme_str().unwrap_or("https");
    let origin = format!("{scheme}://{}", from.authority().map_or("", |it| it.as_str()));
    let path = from.path();
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);

    let has_scheme = to.split(['/', '?', '#']).next().is_some_and(|start| start.contains(':'));
    match to.chars().next() {
        None | Some('#') => from.to_string(),
        _ if has_scheme => to.to_owned(),
        _ if to.starts_with("//") => format!("{scheme}:{to}"),
        Some('/') => format!("{origin}{to}"),
        Some('?') => format!("{origin}{path}{to}"),
        Some(_) => format!("{origin}{directory}/{to}"),
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrl({}…)", self.uri.host().unwrap_or_default())
    }
}
