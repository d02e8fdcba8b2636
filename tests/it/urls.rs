//! The hosts and ports of URLs.

use twilio_room_recordings::{Error, ErrorKind, RoomRecording};

use crate::support::fake_server::{Server, media_redirect, recording};
use crate::support::{RawServer, builder, client, http};

/// Hosts that no URL can have, and ports with which ureq would use another port.
const INVALID: [&str; 10] = [
    "host:99999",
    "host:65536",
    "host:0",
    "host:",
    "host:a",
    "host:-1",
    "host:+443",
    "[::1]:65536",
    "127.0.0.1:99999",
    "ho st",
];

const VALID: [&str; 9] = [
    "host:65535",
    "host:1",
    "video.twilio.com.",
    "my_bucket.s3.amazonaws.com:443",
    "a-.example",
    "1.example",
    "192.0.2.1",
    "[2001:db8::1]:8443",
    "UPPER.example",
];

fn media_error(api: &str) -> Error {
    let recording: RoomRecording = serde_json::from_value(recording(0)).unwrap();
    client(api).media(&recording).write_to(&mut std::io::sink()).unwrap_err()
}

#[track_caller]
fn assert_invalid_url(error: &Error, authority: &str) {
    let ErrorKind::InvalidResponse { reason, .. } = error.kind() else {
        panic!("{authority}: {error:?}")
    };
    assert!(reason.contains("the URL of the media"), "{authority}: {error}");
    assert_eq!(error.attempts(), 1, "{authority}: {error}");
    assert!(!error.to_string().contains("Signature"), "{error}");
}

#[test]
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn base_url_with_invalid_host_or_port_is_rejected() {
    for authority in INVALID {
        for url in [format!("https://{authority}"), format!("https://{authority}/prefix")] {
            let error = builder(&url).build().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{error:?}");
            assert!(error.to_string().contains("invalid base URL"), "{error}");
        }
    }
    for authority in VALID {
        builder(&format!("https://{authority}/prefix")).build().unwrap();
    }
}

#[test]
fn what_may_be_a_secret_in_a_base_url_is_not_shown() {
    for (url, shown) in [
        ("hunter2hunter2hunter2hunter2hunt", "\"…\""),
        ("https://127.0.0.1/?key=hunter2", "\"https://127.0.0.1/?…\""),
        ("https://127.0.0.1/#hunter2", "\"https://127.0.0.1/#…\""),
        ("http://127.0.0.1:99999", "\"http://127.0.0.1:99999\""),
    ] {
        let error = builder(url).build().unwrap_err();
        assert!(error.to_string().contains(shown), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn plain_http_to_another_host_is_rejected_with_its_danger() {
    let error = builder("http://video.twilio.com").build().unwrap_err();
    let expected = "expected https: plain http would expose the credentials";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn loopback_base_url_with_invalid_port_is_rejected() {
    for url in ["http://localhost:99999", "http://127.0.0.1:0", "http://[::1]:"] {
        let error = builder(url).build().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{url}: {error:?}");
    }
}

#[test]
fn media_url_with_invalid_host_or_port_is_rejected() {
    for authority in INVALID {
        let url = format!("https://{authority}/media?Signature=x");
        let server = Server::start(move |_| media_redirect(&url));
        assert_invalid_url(&media_error(server.base_url()), authority);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn media_url_with_valid_host_and_port_is_returned() {
    let recording: RoomRecording = serde_json::from_value(recording(0)).unwrap();
    for authority in VALID {
        let url = format!("https://{authority}/media?Signature=x");
        let location = url.clone();
        let server = Server::start(move |_| media_redirect(&location));
        let signed = client(server.base_url()).media(&recording).url().unwrap();
        assert_eq!(signed.as_str(), url);
    }
}

#[test]
fn redirect_of_the_storage_to_an_invalid_host_or_port_is_rejected() {
    for authority in INVALID {
        for start in ["https:", "http:", ""] {
            let location = format!("Location: {start}//{authority}/media?Signature=x\r\n");
            let storage = RawServer::start(vec![http("307 Temporary Redirect", &location, b"")]);
            let url = format!("{}/media?Signature=x", storage.base_url);
            let server = Server::start(move |_| media_redirect(&url));
            assert_invalid_url(&media_error(server.base_url()), authority);
        }
    }
}
