//! Advice for failures that the caller can prevent.

const UNTRUSTED: [&str; 4] = [
    "UnknownIssuer",
    "unable to get local issuer certificate",
    "self-signed certificate",
    "self signed certificate",
];

const ADVICE: &str = if cfg!(feature = "platform-verifier") {
    "to trust the issuer, add its root certificate to those of the operating system, or pass it \
     with ClientBuilder::ureq_config"
} else {
    "to trust the issuer, enable the feature platform-verifier, which trusts the root certificates \
     of the operating system, or pass a root certificate with ClientBuilder::ureq_config"
};

/// The message if the operating system's root certificates are used, and there are none.
const NO_ROOTS: &str = "No CA certificates were loaded";

const ROOTS_ADVICE: &str = "install the root certificates of the operating system, or set \
                            SSL_CERT_FILE to a file of root certificates in PEM form";

/// The reason of a failure, and advice if the issuer of a certificate is not trusted, or if there
/// are no root certificates.
pub(super) fn with_advice(reason: String) -> String {
    if UNTRUSTED.iter().any(|text| reason.contains(text)) {
        return format!("{reason}; {ADVICE}");
    }
    if reason.contains(NO_ROOTS) {
        return format!("{reason}; {ROOTS_ADVICE}");
    }
    reason
}
