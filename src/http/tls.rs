//! The failures of TLS that no retry can change: invalid certificates, and settings that the two
//! sides do not share. Every other failure may be damage on the way. That includes plain text instead
//! of TLS, which looks like a damaged record.
//!
//! Both libraries report a failure as an opaque error, so its text decides. An unknown text counts
//! as transient: a needless retry costs less than an interrupted transfer.

/// Returns `true` if this message of rustls is about a certificate or the configuration.
pub(super) fn is_permanent_rustls(text: &str) -> bool {
    const PREFIXES: [&str; 5] = [
        "invalid peer certificate",
        "peer sent no certificates",
        "invalid certificate revocation list",
        "peer is incompatible",
        "peer doesn't support any known protocol",
    ];
    const ALERTS: [&str; 13] = [
        "ProtocolVersion",
        "HandshakeFailure",
        "InsufficientSecurity",
        "BadCertificate",
        "UnsupportedCertificate",
        "CertificateRevoked",
        "CertificateExpired",
        "CertificateUnknown",
        "UnknownCA",
        "AccessDenied",
        "CertificateRequired",
        "UnrecognisedName",
        "NoApplicationProtocol",
    ];

    PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        || text.strip_prefix("received fatal alert: ").is_some_and(|alert| ALERTS.contains(&alert))
}

/// Returns `true` if this message of the operating system's library is about a certificate or the
/// configuration.
pub(super) fn is_permanent_native_tls(text: &str) -> bool {
    const WORDS: [&str; 5] = [
        "certificate",
        "unknown ca",
        "alert protocol version",
        "unsupported protocol",
        "alert handshake failure",
    ];

    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}
