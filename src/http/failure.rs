//! Classification of ureq's errors: transient or permanent, and which host they are about.

use std::io;
use std::time::Duration;

use ureq::Timeout;

use super::error_body::reason_phrase;
use super::tls_failure::{is_permanent, with_advice};
use crate::error::{Error, ErrorKind, Phase, TimeoutError, TransportError};

/// What ureq reports if a SOCKS proxy rejects the client or the host.
const SOCKS_REFUSALS: [&str; 4] = [
    "no acceptable auth methods",
    "unknown auth method",
    "password authentication failed",
    "connection not allowed by ruleset",
];

/// What ureq reports if the bytes of a proxy are not those of its version of SOCKS.
const NOT_SOCKS: [&str; 3] =
    ["invalid response version", "invalid response code", "invalid reserved byte"];

/// The other side of a request.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub host: String,
    pub port: u16,
    pub proxy: Option<String>,
    /// A name of the root certificates that are trusted.
    pub roots: &'static str,
    /// The limit of name resolution, and of setting up a connection.
    pub connect_timeout: Duration,
    /// The limit of a wait for bytes of media.
    pub attempt_timeout: Duration,
    /// The limit of the complete request.
    pub limit: Duration,
}

/// The part of a response that was awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// The status and the headers.
    Head,
    Body,
}

impl Peer {
    /// A failure of the connection to this peer.
    pub(crate) fn transport(&self, reason: impl Into<String>) -> Error {
        let Self { host, proxy, roots, .. } = self.clone();
        let reason = with_advice(reason.into(), roots);
        Error::new(ErrorKind::Transport(TransportError { host, proxy, reason }))
    }

    /// Classifies the error of a request that got no response.
    pub(crate) fn send_error(&self, error: ureq::Error) -> Error {
        self.classify(error, Awaited::Head)
    }

    /// Classifies the error of reading a body.
    pub(crate) fn read_error(&self, error: io::Error) -> Error {
        self.classify(error.into(), Awaited::Body)
    }

    fn classify(&self, error: ureq::Error, awaited: Awaited) -> Error {
        use ureq::Error as U;

        let classified = match &error {
            U::Timeout(timeout) => return self.timeout(*timeout, awaited),
            // It shows the complete URL, which may be a signed one.
            U::BadUri(_) => return self.transport("the URL cannot be requested"),
            U::Io(cause) => self.io_error(cause, awaited),
            U::ConnectProxyFailed(reason) => {
                let (reason, is_transient) = proxy_failure(reason);
                self.transport(reason).transient(is_transient)
            }
            U::HostNotFound => {
                self.transport("could not resolve the host name: no usable address").transient(true)
            }
            U::BodyExceedsLimit(limit) => {
                Error::invalid_response(format!("the body is larger than {limit} bytes"))
            }
            // The framing of a damaged body, or the response of a proxy instead of the host's.
            U::Protocol(_) if awaited == Awaited::Body || self.proxy.is_some() => {
                self.transport(error.to_string()).transient(true)
            }
            U::LargeResponseHeader(_, limit) => {
                Error::invalid_response(format!("the headers are larger than {limit} bytes"))
            }
            // They may be bytes behind an earlier response. The retry opens another connection.
            U::Protocol(cause) => {
                Error::invalid_response(format!("expected valid HTTP: {cause}")).transient(true)
            }
            U::Http(_) => Error::invalid_response(error.to_string()),
            error => self.other(error),
        };
        classified.caused_by(std_error(&error.into_io()))
    }

    /// The variants that ureq has only with some of its features, by their text: another crate of
    /// the program may have enabled a feature that this crate has not.
    fn other(&self, error: &ureq::Error) -> Error {
        let text = error.to_string();
        let (reason, is_transient) = if text.contains(" decompression failed: ") {
            (format!("the body is truncated or damaged: {text}"), true)
        } else if let Some(text) = text.strip_prefix("native-tls: ") {
            (format!("TLS failed: {text}"), !is_permanent(text))
        } else if let Some(text) = text.strip_prefix("rustls: ") {
            (format!("TLS failed: {text}"), false)
        } else {
            (text, matches!(error, ureq::Error::ConnectionFailed | ureq::Error::BodyStalled))
        };
        self.transport(reason).transient(is_transient)
    }

    fn timeout(&self, timeout: Timeout, awaited: Awaited) -> Error {
        let phase = match (timeout, awaited) {
            (Timeout::Resolve, _) => Phase::Resolve,
            (Timeout::Connect, _) => Phase::Connect,
            (Timeout::SendRequest | Timeout::SendBody | Timeout::PerWrite, _) => Phase::Send,
            (_, Awaited::Head) => Phase::ReceiveHeaders,
            (_, Awaited::Body) => Phase::ReceiveBody,
        };
        let limit = match (phase, timeout) {
            // ureq names the connection even if the shorter limit of the attempt has expired.
            (Phase::Resolve | Phase::Connect, _) => self.connect_timeout.min(self.limit),
            (_, Timeout::Global) => self.limit,
            _ => self.attempt_timeout,
        };

        let (host, proxy) = (self.host.clone(), self.proxy.clone());
        Error::new(ErrorKind::Timeout(TimeoutError { host, proxy, phase, limit })).transient(true)
    }

    fn io_error(&self, cause: &io::Error, awaited: Awaited) -> Error {
        let text = io_text(cause);
        let (reason, is_transient) = match awaited {
            Awaited::Head => (self.head_failure(cause.kind(), &text), !is_refusal(cause, &text)),
            Awaited::Body if is_disconnection(cause.kind()) => {
                ("the connection was closed before the end of the body".to_owned(), true)
            }
            Awaited::Body => (format!("the body was interrupted: {text}"), true),
        };
        self.transport(reason).transient(is_transient)
    }

    fn head_failure(&self, kind: io::ErrorKind, text: &str) -> String {
        use io::ErrorKind as K;

        let has_proxy = self.proxy.is_some();
        if let Some(text) = text.strip_prefix("failed to lookup address information: ") {
            let name = if has_proxy { "a host name" } else { "the host name" };
            return format!("could not resolve {name}: {text}");
        }
        match kind {
            _ if has_proxy && SOCKS_REFUSALS.contains(&text) => {
                format!("the proxy rejected the connection: {text}")
            }
            K::InvalidData if has_proxy && NOT_SOCKS.contains(&text) => {
                format!("the proxy is no SOCKS proxy: {text}")
            }
            K::InvalidData => format!("TLS failed: {text}"),
            _ if is_disconnection(kind) => "the connection was closed before a response".to_owned(),
            K::ConnectionRefused
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::NetworkDown
            | K::AddrNotAvailable
            | K::PermissionDenied
            | K::TimedOut => {
                let port = format!("port {}", self.port);
                let target = if has_proxy { "the proxy" } else { &port };
                format!("could not connect to {target}: {text}")
            }
            _ => text.to_owned(),
        }
    }
}

/// The same error without what ureq and the TLS libraries put into it, so that the types of no other
/// crate are part of this crate's errors.
pub(super) fn std_error(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// The text of an I/O error, without the number that the operating system gives it.
fn io_text(error: &io::Error) -> String {
    let kind = error.kind().to_string();
    match error.raw_os_error() {
        Some(_) if kind != "uncategorized error" => kind,
        _ => error.to_string(),
    }
}

fn is_disconnection(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as K;
    matches!(kind, K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe)
}

/// Returns `true` if the same request cannot succeed later: a certificate is invalid, or what is
/// configured is refused.
fn is_refusal(error: &io::Error, text: &str) -> bool {
    match error.kind() {
        io::ErrorKind::InvalidData => is_permanent(text),
        io::ErrorKind::InvalidInput
        | io::ErrorKind::Unsupported
        | io::ErrorKind::PermissionDenied => true,
        _ => SOCKS_REFUSALS.contains(&text),
    }
}

/// The reason why a proxy opened no connection, and `true` if it may open one later.
fn proxy_failure(reason: &str) -> (String, bool) {
    let status = reason.strip_prefix("proxy server responded ").and_then(|rest| {
        let digits = rest.split(|char: char| !char.is_ascii_digit()).next()?;
        digits.parse::<u16>().ok()
    });
    match status {
        Some(status @ 200..=299) => {
            let reason = format!(
                "the proxy opened no connection: expected status 200 for CONNECT, got {status}"
            );
            (reason, false)
        }
        Some(status) => {
            let phrase = reason_phrase(status);
            let reason = format!("the proxy rejected the connection: {phrase} (status {status})");
            (reason, !matches!(status, 401 | 403 | 407))
        }
        None => ("the proxy closed the connection without a response".to_owned(), true),
    }
}
