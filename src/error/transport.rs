//! Failures of the connection, with the host and the proxy that they are about.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::model::Escaped;

/// A request that got no complete response.
///
/// ```
/// use twilio_room_recordings::{Error, ErrorKind};
///
/// fn report(error: &Error) {
///     if let ErrorKind::Transport(failure) = error.kind() {
///         eprintln!("{} through {:?}: {}", failure.host, failure.proxy, failure.reason);
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportError {
    /// The host that the request was sent to.
    pub host: String,
    /// The host and port of the proxy, if one was used.
    pub proxy: Option<String>,
    /// The reason.
    pub reason: String,
}

/// A request that exceeded a time limit.
///
/// ```
/// use twilio_room_recordings::{Error, ErrorKind, Phase};
///
/// fn report(error: &Error) {
///     match error.kind() {
///         ErrorKind::Timeout(timeout) if timeout.phase == Phase::Connect => {
///             eprintln!("{} is not reachable: check the network", timeout.host);
///         }
///         ErrorKind::Timeout(timeout) => eprintln!("slow response: raise {:?}", timeout.limit),
///         _ => eprintln!("{error}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeoutError {
    /// The host that the request was sent to.
    pub host: String,
    /// The host and port of the proxy, if one was used.
    pub proxy: Option<String>,
    /// The phase of the request in which the limit expired.
    pub phase: Phase,
    /// The limit that expired.
    pub limit: Duration,
}

/// A phase of a request.
///
/// ```
/// use twilio_room_recordings::Phase;
///
/// assert_eq!(Phase::Connect.to_string(), "connecting");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Resolving the host name.
    Resolve,
    /// Connecting, including the proxy's and the TLS handshake.
    Connect,
    /// Sending the request.
    Send,
    /// Waiting for the response's status and headers. Also an earlier phase, if the limit of the
    /// complete attempt expired before that of the phase.
    ReceiveHeaders,
    /// Receiving the response's body.
    ReceiveBody,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolving the host name",
            Self::Connect => "connecting",
            Self::Send => "sending the request",
            Self::ReceiveHeaders => "waiting for the response",
            Self::ReceiveBody => "receiving the body",
        })
    }
}

impl StdError for TransportError {}

impl StdError for TimeoutError {}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", Request(&self.host, &self.proxy), Escaped(&self.reason))
    }
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, proxy, phase, limit } = self;
        write!(f, "{} timed out after {} while {phase}", Request(host, proxy), Seconds(*limit))
    }
}

struct Request<'a>(&'a str, &'a Option<String>);

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request to {}", Escaped(self.0))?;
        match self.1 {
            Some(proxy) => write!(f, " through proxy {}", Escaped(proxy)),
            None => Ok(()),
        }
    }
}

/// A duration in seconds, with as many decimals as it needs, up to three if it is not tiny.
pub(crate) struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let shown = if seconds < 0.01 { seconds } else { (seconds * 1000.0).round() / 1000.0 };
        write!(f, "{shown} s")
    }
}
