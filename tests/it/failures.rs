//! Connections that fail or stall: the kind of the error, what its line names, and the number of
//! attempts.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;
use twilio_room_recordings::{Error, ErrorKind, Phase, RetryPolicy, RoomRecording};

use crate::support::fake_server::recording;
use crate::support::storage::api;
use crate::support::{RawServer, after, builder, client, close, first, page, room};

/// Longer than any limit that a test sets.
const LONG: Duration = Duration::from_secs(20);

fn first_within(
    server: &RawServer,
    deadline: Duration,
) -> (Result<RoomRecording, Error>, Duration) {
    let start = Instant::now();
    let listing = client(&server.base_url).recordings(room()).deadline(after(deadline));
    let item = listing.into_iter().next().unwrap();
    (item, start.elapsed())
}

/// Waits until the client hangs up.
fn stall(stream: &mut TcpStream) {
    let _ = io::copy(stream, &mut io::sink());
}

/// Writes a byte now and then, until the client hangs up or the test has failed anyway.
fn drip(stream: &mut TcpStream) {
    let end = Instant::now() + LONG;
    while Instant::now() < end && stream.write_all(b" ").is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn refused_connection_is_retried_and_names_host_and_cause() {
    let server = RawServer::start(vec![]);
    let error = first(&server).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    let (_, port) = server.base_url.rsplit_once(':').unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "request to 127.0.0.1 failed: could not connect to port {port}: connection refused \
             (after 4 attempts)"
        )
    );
    let cause = error.get_ref().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn refused_connection_to_the_port_of_the_scheme_names_it() {
    // Nothing listens on these addresses.
    for (base_url, port) in [("http://127.61.62.63", 80), ("https://127.61.62.63", 443)] {
        if base_url.starts_with("https")
            && cfg!(not(any(feature = "rustls", feature = "native-tls")))
        {
            continue;
        }
        let client = builder(base_url).retry(RetryPolicy::off()).build().unwrap();
        let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
        let words = format!("could not connect to port {port}: connection refused");
        assert!(error.to_string().ends_with(&words), "{error}");
    }
}

#[test]
fn connection_closed_before_or_within_the_response_is_retried() {
    for (response, reason) in [
        ("", "the connection was closed before a response"),
        ("HTTP/1.1 200 OK\r\nContent-", "the connection was closed before a response"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
            "the connection was closed before the end of the body",
        ),
        (
            "HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\n{",
            "the connection was closed before the end of the body",
        ),
    ] {
        let server = RawServer::start(vec![response.into(); 4]);
        let error = first(&server).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("request to 127.0.0.1 failed: {reason} (after 4 attempts)")
        );
    }
}

#[test]
fn damaged_chunk_is_retried() {
    let damaged = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{\r\n";
    let good = close("200 OK", "", page(&[recording(0)], Value::Null).to_string().as_bytes());
    let server = RawServer::start(vec![damaged.into(), good]);
    first(&server).unwrap();
    assert_eq!(server.requests(), 2);

    let server = RawServer::start(vec![damaged.into(); 4]);
    let error = first(&server).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
}

#[test]
#[cfg(feature = "gzip")]
fn damaged_or_truncated_gzip_body_is_retried() {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    encoder.write_all(page(&[recording(0)], Value::Null).to_string().as_bytes()).unwrap();
    let good = encoder.finish().unwrap();
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let mut wrong_checksum = good.clone();
    let checksum = wrong_checksum.len() - 8;
    wrong_checksum[checksum] ^= 1;

    for body in [damaged, wrong_checksum, good[..good.len() - 20].to_vec(), vec![], b"{}".to_vec()]
    {
        let response = |body: &[u8]| close("200 OK", "Content-Encoding: gzip\r\n", body);
        let server = RawServer::start(vec![response(&body), response(&good)]);
        first(&server).unwrap();
        assert_eq!(server.requests(), 2);

        let server = RawServer::start(vec![response(&body); 4]);
        let error = first(&server).unwrap_err();
        assert!(error.is_transient() && error.attempts() == 4, "{error}");
    }
}

#[test]
fn slow_response_is_a_timeout_that_names_phase_and_limit() {
    for (head, phase, words) in [
        ("", Phase::ReceiveHeaders, "waiting for the response"),
        ("HTTP/1.1 200 OK\r\nX-Slow: ", Phase::ReceiveHeaders, "waiting for the response"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
            Phase::ReceiveBody,
            "receiving the body",
        ),
    ] {
        let server = RawServer::start_with(1, move |_, stream| {
            let _ = stream.write_all(head.as_bytes());
            if head.is_empty() { stall(stream) } else { drip(stream) }
        });
        let client = builder(&server.base_url)
            .attempt_timeout(Duration::from_millis(100))
            .retry(RetryPolicy::off())
            .build()
            .unwrap();

        let start = Instant::now();
        let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
        assert!(error.is_transient() && start.elapsed() < LONG / 2);
        let ErrorKind::Timeout(timeout) = error.kind() else { panic!("{error:?}") };
        assert_eq!((timeout.phase, timeout.limit), (phase, Duration::from_millis(100)));
        assert_eq!(
            error.to_string(),
            format!("request to 127.0.0.1 timed out after 0.1 s while {words}")
        );
    }
}

#[test]
fn deadline_that_passes_in_an_attempt_counts_it() {
    let server = RawServer::start_with(2, |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ");
        drip(stream);
    });
    let (item, elapsed) = first_within(&server, Duration::from_millis(100));
    let error = item.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert_eq!((error.attempts(), server.requests()), (1, 1));
    assert!(error.resume_point().is_some());
    assert!(elapsed < LONG / 2);
    let line = error.to_string();
    let start = "the deadline has passed; the last attempt failed: request to 127.0.0.1 timed out";
    assert!(line.starts_with(start) && line.ends_with("while waiting for the response"), "{line}");
}

#[test]
fn deadline_that_passes_in_the_only_attempt_is_no_timeout() {
    for head in ["", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"] {
        let server = RawServer::start_with(1, move |_, stream| {
            let _ = stream.write_all(head.as_bytes());
            stall(stream);
        });
        let client = builder(&server.base_url).retry(RetryPolicy::off()).build().unwrap();
        let listing = client.recordings(room()).deadline(after(Duration::from_millis(100)));
        let error = listing.into_iter().next().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
        assert_eq!(error.attempts(), 1);
    }
}

#[test]
fn deadline_that_passes_in_a_later_attempt_counts_all_of_them() {
    let server = RawServer::start_with(2, |number, stream| match number {
        0 => stream.write_all(&close("503 Busy", "", b"")).unwrap(),
        _ => stall(stream),
    });
    let (item, _) = first_within(&server, Duration::from_millis(500));
    let error = item.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert_eq!((error.attempts(), server.requests()), (2, 2));
    assert!(error.to_string().ends_with(" (after 2 attempts)"), "{error}");
    assert_eq!(error.to_string().matches("attempts)").count(), 1, "{error}");
    let last = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
    assert!(matches!(last.kind(), ErrorKind::Timeout(_)), "{last:?}");
}

#[test]
fn deadline_that_passes_before_a_retry_is_reported_at_once_with_the_last_failure() {
    let busy = close("429 Slow", "Retry-After: 60\r\n", b"{\"message\": \"busy\"}");
    let (item, elapsed) = first_within(&RawServer::start(vec![busy]), Duration::from_secs(30));
    let error = item.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert_eq!(error.attempts(), 1);
    assert!(elapsed < LONG);
    let words = "the last attempt failed: the API rejected the request: busy";
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn deadline_of_zero_sends_nothing() {
    let server = RawServer::start(vec![vec![]]);
    let (item, _) = first_within(&server, Duration::ZERO);
    let error = item.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert_eq!((error.attempts(), server.requests()), (0, 0));
}

#[test]
fn dripping_error_body_is_limited_by_the_attempt() {
    let dripping = |_, stream: &mut TcpStream| {
        let head = "HTTP/1.1 503 Busy\r\nContent-Length: 99999\r\n\r\n{";
        let _ = stream.write_all(head.as_bytes());
        drip(stream);
    };
    let quick = |base_url: &str| {
        let builder = builder(base_url).attempt_timeout(Duration::from_millis(100));
        builder.retry(RetryPolicy::off()).build().unwrap()
    };
    let start = Instant::now();

    let server = RawServer::start_with(1, dripping);
    let client = quick(&server.base_url);
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ServerError(_)), "{error:?}");

    let storage = RawServer::start_with(1, dripping);
    let mut record = recording(0);
    record["size"] = 1000.into();
    let api = api(record.clone(), format!("{}/media", storage.base_url));
    let recording = serde_json::from_value(record).unwrap();
    let media = quick(api.base_url()).media(&recording);
    let error = media.write_to(&mut io::sink()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Storage(_)), "{error:?}");
    assert!(start.elapsed() < LONG / 2);
}
