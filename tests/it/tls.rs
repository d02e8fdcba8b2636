//! TLS over real sockets, with the TLS library of the build.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use twilio_room_recordings::{Client, Error, ErrorKind, Phase, RoomRecording};

use crate::authority::Authority;
use crate::support::fake_server::recording;
use crate::support::storage::api;
use crate::support::{after, builder, http, ok, page, room};
use crate::tls_server::{accept, flip_a_bit};

const ATTEMPTS: u32 = 4;

fn one_record(_: &str) -> Vec<u8> {
    ok(&page(&[recording(0)], Value::Null))
}

fn list(authority: &Authority, port: u16) -> Result<RoomRecording, Error> {
    let client = authority.builder(&format!("https://localhost:{port}")).build().unwrap();
    let mut items: Vec<_> = client.recordings(room()).into_iter().collect();
    assert_eq!(items.len(), 1, "{items:?}");
    items.remove(0)
}

/// Asserts that the listing fails after this number of attempts, and with what kind of reason.
#[track_caller]
fn assert_fails(authority: &Authority, port: u16, attempts: u32, reason: &str) {
    let error = list(authority, port).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!(error.attempts(), attempts, "{error}");
    assert_eq!(error.is_transient(), attempts > 1, "{error}");
    let line = error.to_string();
    assert!(line.starts_with(&format!("request to localhost failed: {reason}")), "{line}");
}

#[test]
fn given_root_is_trusted() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], 2099, one_record);
    list(&authority, port).unwrap();
}

#[test]
fn unknown_root_is_permanent() {
    let port = Authority::new().serve(&["localhost"], 2099, one_record);
    let authority = Authority::new();
    assert_fails(&authority, port, 1, "TLS failed: ");

    let base_url = format!("https://localhost:{port}");
    for (builder, roots) in
        [(authority.builder(&base_url), "the given"), (builder(&base_url), "the built-in")]
    {
        let client = builder.build().unwrap();
        let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
        let advice =
            format!("; only {roots} root certificates are trusted: add that of the issuer");
        assert!(error.to_string().contains(&advice), "{error}");
        assert_eq!(error.attempts(), 1);
    }
}

#[test]
fn certificate_of_another_host_is_permanent() {
    let authority = Authority::new();
    let port = authority.serve(&["video.example.com"], 2099, one_record);
    assert_fails(&authority, port, 1, "TLS failed: ");
}

#[test]
fn expired_certificate_is_permanent() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], 2021, one_record);
    assert_fails(&authority, port, 1, "TLS failed: ");
}

/// Starts a server that responds to the TLS greeting with these bytes.
fn respond_to_greeting(bytes: Vec<u8>) -> u16 {
    accept(move |mut stream| {
        if matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
            let _ = stream.write_all(&bytes);
        }
    })
}

#[test]
fn alert_about_the_configuration_is_permanent_and_any_other_is_retried() {
    let (handshake_failure, protocol_version, internal_error) = (40, 70, 80);
    for (alert, attempts) in
        [(handshake_failure, 1), (protocol_version, 1), (internal_error, ATTEMPTS)]
    {
        let port = respond_to_greeting(vec![0x15, 3, 3, 0, 2, 2, alert]);
        assert_fails(&Authority::new(), port, attempts, "TLS failed: ");
    }
}

#[test]
fn plain_text_instead_of_tls_is_retried() {
    let port = respond_to_greeting(one_record(""));
    assert_fails(&Authority::new(), port, ATTEMPTS, "TLS failed: ");
}

#[test]
fn connection_closed_in_the_handshake_is_retried() {
    let port = respond_to_greeting(vec![]);
    assert_fails(&Authority::new(), port, ATTEMPTS, "");
}

/// A client for localhost, and the errors of the attempts that it repeats.
fn reporting_client(authority: &Authority, port: u16) -> (Client, Arc<Mutex<Vec<String>>>) {
    let retries = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&retries);
    let client = authority
        .builder(&format!("https://localhost:{port}"))
        .on_retry(move |retry| log.lock().unwrap().push(retry.error.to_string()))
        .build()
        .unwrap();
    (client, retries)
}

#[test]
fn damage_in_the_handshake_is_retried() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], 2099, one_record);
    // A byte of the server's key share, and one of its encrypted part.
    for offset in [100, 400] {
        let (client, retries) = reporting_client(&authority, flip_a_bit(port, 2, offset));
        client.recordings(room()).into_iter().next().unwrap().unwrap();
        let retries = retries.lock().unwrap();
        assert_eq!(retries.len(), 2, "{retries:?}");
        let reason = "request to localhost failed: TLS failed: ";
        assert!(retries.iter().all(|retry| retry.starts_with(reason)), "{retries:?}");
    }
}

#[test]
fn damaged_record_in_a_page_is_retried() {
    let authority = Authority::new();
    let body = page(&(0..100).map(recording).collect::<Vec<_>>(), Value::Null);
    let port = authority.serve(&["localhost"], 2099, move |_| ok(&body));
    let (client, retries) = reporting_client(&authority, flip_a_bit(port, 1, 50_000));
    assert_eq!(client.recordings(room()).into_iter().filter(Result::is_ok).count(), 100);
    let retries = retries.lock().unwrap();
    let [retry] = &retries[..] else { panic!("{retries:?}") };
    assert!(
        retry.starts_with("request to localhost failed: the body was interrupted: "),
        "{retry}"
    );
}

#[test]
fn damaged_record_in_a_download_is_retried_and_the_download_resumes() {
    let authority = Authority::new();
    let media: Vec<u8> = (0..100_000_u32).map(|number| (number % 251) as u8).collect();
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let (stored, log) = (media.clone(), Arc::clone(&ranges));
    let port = authority.serve(&["localhost"], 2099, move |head| {
        let from = range(head);
        log.lock().unwrap().push(from);
        let headers = format!("ETag: \"one\"\r\nContent-Range: bytes {from}-99999/100000\r\n");
        http(if from > 0 { "206 Partial Content" } else { "200 OK" }, &headers, &stored[from..])
    });
    let mut record = recording(0);
    record["size"] = media.len().into();

    let storage = format!("https://localhost:{}/media", flip_a_bit(port, 1, 50_000));
    let api = api(record.clone(), storage);
    let retries = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&retries);
    let client = authority
        .builder(api.base_url())
        .on_retry(move |retry| log.lock().unwrap().push(retry.error.to_string()))
        .build()
        .unwrap();

    let recording = serde_json::from_value(record).unwrap();
    let mut received = Vec::new();
    client.media(&recording).write_to(&mut received).unwrap();
    assert!(received == media);
    let retries = retries.lock().unwrap().clone();
    let [retry] = &retries[..] else { panic!("{retries:?}") };
    assert!(retry.starts_with("request to localhost failed: the body was interrupted: "));
    let ranges = ranges.lock().unwrap();
    assert!(matches!(ranges[..], [0, 1..50_000]), "{ranges:?}");
}

fn range(head: &str) -> usize {
    let range = head.split_once("range: bytes=").and_then(|(_, rest)| rest.split('-').next());
    range.map_or(0, |from| from.parse().unwrap())
}

#[test]
fn silent_tls_server_is_a_connect_timeout_that_is_retried_within_the_deadline() {
    let port = accept(|mut stream| {
        // Until the client hangs up.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let client = Authority::new()
        .builder(&format!("https://localhost:{port}"))
        .connect_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let listing = client.recordings(room()).deadline(after(Duration::from_secs(30)));
    let error = listing.into_iter().next().unwrap().unwrap_err();
    let ErrorKind::Timeout(timeout) = error.kind() else { panic!("{error:?}") };
    assert_eq!((timeout.phase, timeout.limit), (Phase::Connect, Duration::from_millis(100)));
    assert_eq!(
        error.to_string(),
        "request to localhost timed out after 0.1 s while connecting (after 4 attempts)"
    );
}

#[test]
fn client_certificate_is_presented_and_one_of_another_key_is_an_error_of_the_request() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let port = authority.serve_to_clients_of(&clients, one_record);
    let base_url = format!("https://localhost:{port}");
    let list = |chain: &str, key: &str| {
        let client = authority.builder(&base_url).client_certificate(chain, key).build().unwrap();
        client.recordings(room()).into_iter().next().unwrap()
    };

    let (chain, key) = clients.issue("client");
    list(&chain, &key).unwrap();
    let (_, other) = clients.issue("client");
    let error = list(&chain, &other).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!((error.is_transient(), error.attempts()), (false, 1), "{error}");
    #[cfg(feature = "rustls")]
    assert!(error.to_string().contains("does not match its private key"), "{error}");
}

#[test]
#[cfg(feature = "rustls")]
fn certificate_of_an_authority_and_a_clock_that_is_wrong_are_explained() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], 2021, one_record);
    let error = list(&authority, port).unwrap_err().to_string();
    let now = time::OffsetDateTime::now_utc();
    let clock = format!("; the clock of this machine says {}-", now.year());
    assert!(error.contains("certificate expired") && error.contains(&clock), "{error}");

    let port = authority.serve_itself(one_record);
    let error = list(&authority, port).unwrap_err().to_string();
    assert!(
        error.contains("; this is the certificate of an authority: give the server"),
        "{error}"
    );
}

/// The operating system's library keeps no sessions for its clients.
#[cfg(feature = "rustls")]
mod sessions {
    use std::sync::{Arc, OnceLock};
    use std::time::{Duration, Instant};

    use rustls::HandshakeKind;
    use serde_json::Value;
    use twilio_room_recordings::RoomRecording;

    use crate::authority::Authority;
    use crate::support::fake_server::recording;
    use crate::support::{after, close, page, room};

    #[test]
    fn later_connections_resume_the_session() {
        let authority = Authority::new();
        let own_port = Arc::new(OnceLock::new());
        let known = Arc::clone(&own_port);
        let port = authority.serve(&["localhost"], 2099, move |head| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            if path.ends_with("/Media") {
                let location = format!("Location: https://localhost:{}/media\r\n", known.wait());
                return close("302 Found", &location, b"");
            }
            match path {
                "/media" => close("200 OK", "", &[7; 1000]),
                _ => close("200 OK", "", page(&[recording(0)], Value::Null).to_string().as_bytes()),
            }
        });
        own_port.set(port).unwrap();

        let client = authority.builder(&format!("https://localhost:{port}")).build().unwrap();
        let mut record = recording(0);
        record["size"] = 1000.into();
        let recording: RoomRecording = serde_json::from_value(record).unwrap();
        let list = |deadline: Option<Instant>| {
            let listing = client.recordings(room());
            let listing = match deadline {
                Some(deadline) => listing.deadline(deadline),
                None => listing,
            };
            assert!(listing.into_iter().all(|item| item.is_ok()));
        };

        list(None);
        client.media(&recording).write_to(&mut std::io::sink()).unwrap();
        list(Some(after(Duration::from_secs(20))));
        list(Some(after(Duration::from_secs(3600))));

        let handshakes = authority.handshakes.lock().unwrap();
        let (first, later) = handshakes.split_first().unwrap();
        assert_eq!(*first, HandshakeKind::Full);
        assert_eq!(later, [HandshakeKind::Resumed; 4]);
    }
}
