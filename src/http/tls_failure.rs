//! The failures of TLS: which of them no retry can change, and what to do about those.
//!
//! Both libraries report a failure as an opaque error, so its text decides. An unknown text counts
//! as transient: a needless retry costs less than an interrupted transfer. Damage on the way is
//! transient, and so is plain text instead of TLS, which looks like a damaged record.

use time::OffsetDateTime;

/// Failures of certificates, and settings that the two sides do not share, without case and spaces.
const PERMANENT: [&str; 22] = [
    "peercertificate",
    "certificateverifyfailed",
    "nocertificates",
    "certificaterevocationlist",
    "badcertificate",
    "unsupportedcertificate",
    "certificaterevoked",
    "certificateexpired",
    "certificateunknown",
    "certificaterequired",
    "unknownca",
    "nottrusted",
    "keyvaluesmismatch",
    "accessdenied",
    "incompatible",
    "knownprotocol",
    "unsupportedprotocol",
    "protocolversion",
    "handshakefailure",
    "insufficientsecurity",
    "unrecognisedname",
    "noapplicationprotocol",
];

const UNTRUSTED: [&str; 4] = [
    "UnknownIssuer",
    "unable to get local issuer certificate",
    "self-signed certificate",
    "self signed certificate",
];

const OUT_OF_TIME: [&str; 4] = [
    "certificate not valid yet",
    "certificate expired",
    "certificate is not yet valid",
    "certificate has expired",
];

pub(super) fn is_permanent(text: &str) -> bool {
    let text = text.to_ascii_lowercase().replace(' ', "");
    PERMANENT.iter().any(|failure| text.contains(failure))
}

/// The reason of a failure, and what to do about it. `roots` names the root certificates that are
/// trusted.
pub(super) fn with_advice(reason: String, roots: &str) -> String {
    let is_about = |texts: &[&str]| texts.iter().any(|text| reason.contains(text));
    if is_about(&UNTRUSTED) {
        return format!(
            "{reason}; only {roots} root certificates are trusted: add that of the issuer to them"
        );
    }
    if is_about(&OUT_OF_TIME) {
        let now = OffsetDateTime::now_utc();
        let (date, hour, minute) = (now.date(), now.hour(), now.minute());
        return format!(
            "{reason}; the clock of this machine says {date} {hour:02}:{minute:02} UTC"
        );
    }
    if is_about(&["CaUsedAsEndEntity"]) {
        return format!(
            "{reason}; this is the certificate of an authority: give the server one that is not \
             (CA:FALSE)"
        );
    }
    if is_about(&["No CA certificates were loaded"]) {
        return format!("{reason}; install the root certificates of the operating system");
    }
    reason
}
