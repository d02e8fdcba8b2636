//! A listing against a service that throttles, fails, stalls and floods: it ends, in bounded time
//! and memory, with every good record delivered once.

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::fake_server::recording;
use crate::support::{RawServer, builder, http, page, room};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use twilio_room_recordings::{Error, ErrorKind, RetryPolicy, RoomRecording};

const LONG: Duration = Duration::from_secs(20);

fn last_page() -> Vec<u8> {
    close("200 OK", "", page(&[recording(1)], Value::Null).to_string().as_bytes())
}

/// An answer after which the connection ends.
fn close(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    http(status, &format!("Connection: close\r\n{headers}"), body)
}

fn first(server: &RawServer) -> Result<RoomRecording, Error> {
    let client = builder(&server.base_url).build().unwrap();
    let mut items: Vec<_> = client.recordings(room()).into_iter().collect();
    assert_eq!(items.len(), 1);
    items.remove(0)
}

#[test]
fn what_can_pass_is_tried_again_and_nothing_comes_twice() {
    let body = page(&[recording(0)], "?Page=1&PageToken=PT1").to_string();
    let whole = close("200 OK", "", body.as_bytes());
    let half = whole[..whole.len() - 100].to_vec();
    let unframed =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", &body[..body.len() / 2]);
    let chunk = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
        body.len()
    );
    for fault in [
        close("429 Too Many Requests", "", b""),
        close("500 Internal Server Error", "", b""),
        close("503 Service Unavailable", "Retry-After: 0\r\n", b"<html>"),
        half,
        unframed.into_bytes(),
        chunk.into_bytes(),
        vec![],
        b"HTTP/1.1 200 OK\r\nContent-".to_vec(),
    ] {
        let server = RawServer::start(vec![fault.clone(), whole.clone(), fault, last_page()]);
        let client = builder(&server.base_url).build().unwrap();
        let sids: Vec<_> = client
            .recordings(room())
            .into_iter()
            .map(|it| it.expect("a good record").sid.to_string())
            .collect();
        assert_eq!(sids, [format!("RT{:032x}", 0), format!("RT{:032x}", 1)]);
        assert_eq!(server.requests(), 4);
    }
}

#[test]
fn what_cannot_pass_is_not_tried_again() {
    for status in ["400 Bad Request", "401 Unauthorized", "404 Not Found", "501 Not Implemented"] {
        let server = RawServer::start(vec![close(status, "", b""), last_page()]);
        assert_eq!(first(&server).unwrap_err().attempts(), 1);
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn the_final_error_tells_the_attempts_and_the_last_cause() {
    let mut answers = vec![vec![]; 3];
    answers.push(close("503 Service Unavailable", "", b"{\"message\": \"the last\"}"));
    let server = RawServer::start(answers);
    let error = first(&server).unwrap_err();
    assert_eq!(error.attempts(), 4);
    assert_eq!(error.to_string(), "the API failed: the last (status 503) (after 4 attempts)");
}

#[test]
fn retries_can_be_counted_watched_and_switched_off() {
    let throttled = || close("429 Too Many Requests", "", b"");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = RawServer::start(vec![throttled(), vec![], last_page()]);
    let client = builder(&server.base_url)
        .on_retry(move |retry| {
            let throttled = matches!(retry.error.kind(), ErrorKind::TooManyRequests(_));
            log.lock().unwrap().push((retry.attempt, throttled, retry.delay));
        })
        .build()
        .unwrap();
    assert_eq!(client.recordings(room()).into_iter().filter(Result::is_ok).count(), 1);
    let seen = seen.lock().unwrap().clone();
    assert!(matches!(seen[..], [(1, true, _), (2, false, _)]), "{seen:?}");
    assert!(seen[0].2 <= Duration::from_millis(1) && seen[1].2 <= Duration::from_millis(2));

    let server = RawServer::start(vec![throttled(), last_page()]);
    let client = builder(&server.base_url).retry(RetryPolicy::off()).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.attempts(), server.requests()), (1, 1));
}

#[test]
fn retry_after_is_kept_in_seconds_and_as_a_date_up_to_a_bound() {
    let in_an_hour = (OffsetDateTime::now_utc() + time::Duration::HOUR).format(&Rfc2822).unwrap();
    let in_an_hour = in_an_hour.replace("+0000", "GMT");
    for (value, least, most) in [("3600", 3600, 3600), (in_an_hour.as_str(), 3500, 3600)] {
        let header = format!("Retry-After: {value}\r\n");
        let server = RawServer::start(vec![close("429 Slow", &header, b""), last_page()]);
        let error = first(&server).unwrap_err();
        let ErrorKind::TooManyRequests(answer) = error.kind() else { panic!("{error:?}") };
        let wait = answer.retry_after.unwrap().as_secs();
        assert!((least..=most).contains(&wait), "{wait}");
        assert_eq!((error.attempts(), server.requests()), (1, 1));
    }
    for value in ["1", "Sun, 06 Nov 1994 08:49:37 GMT", "soon", "-5"] {
        let header = format!("Retry-After: {value}\r\n");
        let server = RawServer::start(vec![close("429 Slow", &header, b""), last_page()]);
        let start = Instant::now();
        assert!(first(&server).is_ok());
        assert_eq!(start.elapsed() >= Duration::from_secs(1), value == "1", "{value}");
    }
}

/// Writes a byte now and then, until nobody listens any more or the test has failed anyway.
fn drip(stream: &mut TcpStream) {
    let end = Instant::now() + LONG;
    while Instant::now() < end && stream.write_all(b" ").is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_server_that_drips_does_not_outlive_an_attempt() {
    for head in ["HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Slow: "]
    {
        let server = RawServer::start_with(2, move |_, stream| {
            let _ = stream.write_all(head.as_bytes());
            drip(stream);
        });
        let client = builder(&server.base_url)
            .attempt_timeout(Duration::from_millis(100))
            .retry(RetryPolicy::off())
            .build()
            .unwrap();
        let start = Instant::now();
        let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error:?}");
        assert!(error.is_transient() && start.elapsed() < LONG / 2);
    }
}

#[test]
fn a_deadline_bounds_attempts_and_waits() {
    let server = RawServer::start_with(2, |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ");
        drip(stream);
    });
    let client = builder(&server.base_url).build().unwrap();
    let start = Instant::now();
    let mut recordings = client.recordings(room()).deadline(Duration::from_millis(100)).into_iter();
    let error = recordings.next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert!(error.resume_point().is_some() && recordings.next().is_none());
    assert!(start.elapsed() < LONG / 2);

    let throttled = close("429 Slow", "Retry-After: 60\r\n", b"{\"message\": \"busy\"}");
    let server = RawServer::start(vec![throttled]);
    let client = builder(&server.base_url).build().unwrap();
    let listing = client.recordings(room()).deadline(Duration::from_secs(30));
    let error = listing.into_iter().next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
    assert!(
        error.to_string().contains("the last attempt failed: the API rejected the request: busy"),
        "{error}"
    );
    assert!(start.elapsed() < LONG);
}

#[test]
fn a_body_beyond_the_bound_is_an_error() {
    let body = page(&[recording(0)], Value::Null).to_string();
    let bound = body.len() as u64;
    let client = |server: &RawServer, bound| {
        builder(&server.base_url).max_body_bytes(bound).build().unwrap()
    };
    let server = RawServer::start(vec![close("200 OK", "", body.as_bytes()); 2]);
    assert!(client(&server, bound).recordings(room()).into_iter().next().unwrap().is_ok());
    let error =
        client(&server, bound - 1).recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert!(error.to_string().contains(&format!("larger than {} bytes", bound - 1)), "{error}");
    assert_eq!(error.attempts(), 1);

    let endless = RawServer::start_with(1, |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b' '; 65536]).is_ok() {}
    });
    assert!(first(&endless).unwrap_err().to_string().contains("larger than 16777216 bytes"));
}

#[test]
fn headers_beyond_the_bound_are_an_error() {
    let server = RawServer::start_with(4, |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").is_ok() {}
    });
    let error = first(&server).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidResponse(_)), "{error:?}");
    assert_eq!(error.attempts(), 1);
}

#[test]
fn a_page_of_more_records_than_a_page_has_is_an_error() {
    let values = vec!["0"; 1_000_000].join(",");
    let body = format!("{{\"meta\": {{\"next_page_url\": null}}, \"recordings\": [{values}]}}");
    let server = RawServer::start(vec![close("200 OK", "", body.as_bytes())]);
    let error = first(&server).unwrap_err();
    assert!(error.to_string().contains("a page of more than 1000 records"), "{error}");
}

#[test]
fn deep_nesting_is_passed_over_where_nobody_reads_it() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let record = recording(0).to_string().replacen('{', &format!("{{\"deep\": {deep}, "), 1);
    let body =
        format!("{{\"meta\": {{\"next_page_url\": null}}, \"recordings\": [{record}, {deep}]}}");
    let server = RawServer::start(vec![close("200 OK", "", body.as_bytes())]);
    let client = builder(&server.base_url).build().unwrap();
    let items: Vec<_> = client.recordings(room()).into_iter().collect();
    assert!(matches!(&items[..], [Ok(_), Err(_)]), "{}", items.len());
}

#[test]
fn a_connection_refused_is_told_with_its_cause() {
    let server = RawServer::start(vec![]);
    let client = builder(&server.base_url).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!(error.attempts(), 4);
    let cause = error.get_ref().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::ConnectionRefused);
}
