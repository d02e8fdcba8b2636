//! Classification of ureq's errors: transient or permanent, and which host they are about.

use std::io;
use std::time::Duration;

use super::advice::with_advice;
use crate::error::{Error, ErrorKind, Phase, TimeoutError, TransportError};

/// The other side of a request.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub host: String,
    pub proxy: Option<String>,
    /// The limit of one attempt.
    pub limit: Duration,
}

impl Peer {
    /// A failure of the connection to this peer.
    pub(crate) fn transport(&self, reason: impl Into<String>) -> Error {
        let Self { host, proxy, .. } = self.clone();
        let reason = with_advice(reason.into());
        Error::new(ErrorKind::Transport(TransportError { host, proxy, reason }))
    }

    fn timeout(&self, phase: Phase) -> Error {
        let Self { host, proxy, limit } = self.clone();
        Error::new(ErrorKind::Timeout(TimeoutError { host, proxy, phase, limit })).transient(true)
    }

    /// Classifies the error of reading a body.
    pub(crate) fn read_error(&self, error: io::Error) -> Error {
        self.classify(error.into())
    }

    /// Classifies an error of ureq.
    pub(crate) fn classify(&self, error: ureq::Error) -> Error {
        use ureq::Error as U;

        let transport = |error: U, is_transient| {
            self.transport(error.to_string()).transient(is_transient).caused_by(error)
        };
        match error {
            U::Timeout(_) => self.timeout(Phase::ReceiveBody),
            U::Io(cause) => {
                let permanent = matches!(
                    cause.kind(),
                    io::ErrorKind::InvalidData
                        | io::ErrorKind::InvalidInput
                        | io::ErrorKind::Unsupported
                );
                self.transport(cause.to_string()).transient(!permanent).caused_by(cause)
            }
            // They show the whole URL, which may be a signed one.
            U::BadUri(_) | U::RequireHttpsOnly(_) => self.transport("the URL cannot be requested"),
            U::HostNotFound | U::ConnectionFailed | U::ConnectProxyFailed(_) | U::BodyStalled => {
                transport(error, true)
            }
            U::BodyExceedsLimit(limit) => {
                Error::invalid_response(format!("the body is larger than {limit} bytes"))
            }
            U::LargeResponseHeader(..) | U::Protocol(_) | U::Http(_) => {
                Error::invalid_response(error.to_string()).caused_by(error)
            }
            // The variant exists only with ureq's feature `gzip`, which another crate may have
            // enabled.
            error if error.to_string().contains(" decompression failed: ") => {
                Error::invalid_response(error.to_string()).transient(true).caused_by(error)
            }
            error => transport(error, false),
        }
    }
}
