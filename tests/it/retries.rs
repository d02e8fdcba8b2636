//! Retries: what is retried, how often, after which delay, and what is reported.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use twilio_room_recordings::{ErrorKind, RetryPolicy};

use crate::support::fake_server::recording;
use crate::support::storage::{Fate, Storage, api};
use crate::support::{RawServer, after, builder, close, first, page, room};

fn last_page() -> Vec<u8> {
    close("200 OK", "", page(&[recording(1)], Value::Null).to_string().as_bytes())
}

fn with_retry_after(status: &str, retry_after: &str) -> Vec<u8> {
    close(status, &format!("Retry-After: {retry_after}\r\n"), b"")
}

#[test]
fn transient_failure_is_retried_and_no_record_comes_twice() {
    let body = page(&[recording(0)], "?Page=1&PageToken=PT1").to_string();
    let complete = close("200 OK", "", body.as_bytes());
    let truncated = complete[..complete.len() - 100].to_vec();
    let unframed =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", &body[..body.len() / 2]);
    let chunk = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
        body.len()
    );
    for fault in [
        close("408 Request Timeout", "", b""),
        close("425 Too Early", "", b""),
        close("429 Too Many Requests", "", b""),
        close("500 Internal Server Error", "", b""),
        close("502 Bad Gateway", "", b""),
        close("503 Service Unavailable", "Retry-After: 0\r\n", b"<html>"),
        close("504 Gateway Timeout", "", b""),
        close("599 Unheard Of", "", b""),
        truncated,
        unframed.into_bytes(),
        chunk.into_bytes(),
        vec![],
        b"HTTP/1.1 200 OK\r\nContent-".to_vec(),
    ] {
        let server = RawServer::start(vec![fault.clone(), complete.clone(), fault, last_page()]);
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
fn permanent_status_is_not_retried() {
    for status in [
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "407 Proxy Authentication Required",
        "409 Conflict",
        "501 Not Implemented",
        "600 Beyond",
        "999 Far Beyond",
    ] {
        let server = RawServer::start(vec![close(status, "", b""), last_page()]);
        let error = first(&server).unwrap_err();
        assert_eq!((error.attempts(), server.requests()), (1, 1), "{error}");
        assert!(!error.is_transient(), "{error}");
    }
}

#[test]
fn last_failure_is_returned_with_the_number_of_attempts() {
    let mut responses = vec![vec![]; 3];
    responses.push(close("503 Service Unavailable", "", b"{\"message\": \"the last\"}"));
    let error = first(&RawServer::start(responses)).unwrap_err();
    assert_eq!(error.attempts(), 4);
    assert_eq!(
        error.to_string(),
        "the API failed: the last (status 503, host 127.0.0.1) (after 4 attempts)"
    );
}

#[test]
fn default_policy_retries_five_times() {
    let server = RawServer::start(vec![close("503 Busy", "", b""); 6]);
    let policy = RetryPolicy::default().initial_backoff(Duration::ZERO);
    let client = builder(&server.base_url).retry(policy).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.attempts(), server.requests()), (6, 6));
}

#[test]
fn policy_off_retries_nothing() {
    let server = RawServer::start(vec![close("429 Slow", "", b""), last_page()]);
    let client = builder(&server.base_url).retry(RetryPolicy::off()).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.attempts(), server.requests()), (1, 1));
}

#[test]
fn each_retry_is_reported_with_its_cause_and_delay() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = RawServer::start(vec![close("429 Slow", "", b""), vec![], last_page()]);
    let client = builder(&server.base_url)
        .on_retry(move |retry| {
            let is_throttled = matches!(retry.error.kind(), ErrorKind::TooManyRequests(_));
            assert_eq!(retry.error.attempts(), 1);
            assert!(!retry.error.to_string().contains("attempts"), "{}", retry.error);
            assert_eq!((retry.room_sid, retry.recording_sid), (Some(room()), None));
            log.lock().unwrap().push((retry.attempt, is_throttled, retry.delay));
        })
        .build()
        .unwrap();
    assert_eq!(client.recordings(room()).into_iter().filter(Result::is_ok).count(), 1);
    let seen = seen.lock().unwrap().clone();
    assert!(matches!(seen[..], [(1, true, _), (2, false, _)]), "{seen:?}");
    assert!(seen[0].2 <= Duration::from_millis(1) && seen[1].2 <= Duration::from_millis(2));
}

/// The delays before so many retries.
fn delays(policy: RetryPolicy, retries: u32) -> Vec<Duration> {
    let server = RawServer::start(vec![close("503 Busy", "", b""); retries as usize + 1]);
    let delays = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&delays);
    let client = builder(&server.base_url)
        .retry(policy.max_retries(retries))
        .on_retry(move |retry| log.lock().unwrap().push(retry.delay))
        .build()
        .unwrap();
    assert!(client.recordings(room()).into_iter().all(|it| it.is_err()));
    let delays = delays.lock().unwrap().clone();
    assert_eq!(delays.len(), retries as usize);
    delays
}

#[test]
fn backoff_doubles_up_to_its_maximum_with_full_jitter() {
    let micros = Duration::from_micros;
    let policy = RetryPolicy::default().initial_backoff(micros(1000)).max_backoff(micros(4000));
    // A maximum of twice as much would pass with a chance of about 1 in 10^12.
    assert!((0..40).all(|_| delays(policy.clone(), 1)[0] <= micros(1000)));
    let delays = delays(policy, 100);
    assert!(delays[0] <= micros(1000) && delays[1] <= micros(2000), "{delays:?}");
    assert!(delays.iter().all(|delay| *delay <= micros(4000)), "{delays:?}");
    // Each of these has a chance of about 1 in 10^12 to fail.
    assert!(delays.iter().any(|delay| *delay > micros(3000)), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay < micros(1000)), "{delays:?}");
    let distinct: std::collections::HashSet<_> = delays.iter().collect();
    assert!(distinct.len() > 50, "{delays:?}");
}

#[test]
fn extreme_policies_do_not_overflow() {
    let policy = RetryPolicy::default().initial_backoff(Duration::MAX).max_backoff(Duration::ZERO);
    assert!(delays(policy, 40).iter().all(Duration::is_zero));
    let policy = RetryPolicy::default().initial_backoff(Duration::ZERO).max_backoff(Duration::MAX);
    assert!(delays(policy, 40).iter().all(Duration::is_zero));

    // The delay is beyond the deadline, so it is only computed.
    let server = RawServer::start(vec![close("503 Busy", "", b"")]);
    let policy = RetryPolicy::default().initial_backoff(Duration::MAX).max_backoff(Duration::MAX);
    let client = builder(&server.base_url).retry(policy.max_retries(u32::MAX)).build().unwrap();
    let listing = client.recordings(room()).deadline(after(Duration::from_secs(1)));
    let error = listing.into_iter().next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
}

/// The delay that a response asks for; `None` if the client ignores the header.
fn retry_after(headers: &str) -> Option<Duration> {
    let server = RawServer::start(vec![close("429 Slow", headers, b"")]);
    let client = builder(&server.base_url).retry(RetryPolicy::off()).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    error.api_error().unwrap().retry_after
}

#[test]
fn retry_after_as_a_date_is_relative_to_the_date_of_the_response() {
    let second = Duration::from_secs;
    for (date, until, delay) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:39 GMT", second(2)),
        ("Sun, 06 Nov 2094 08:49:37 GMT", "Sun, 06 Nov 2094 09:49:37 GMT", second(3600)),
        ("Thu, 31 Dec 1998 23:59:59 GMT", "Fri, 01 Jan 1999 00:00:01 GMT", second(2)),
        // It has passed.
        ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:36 GMT", second(0)),
    ] {
        let headers = format!("Date: {date}\r\nRetry-After: {until}\r\n");
        assert_eq!(retry_after(&headers), Some(delay), "{headers}");
    }
}

#[test]
fn retry_after_as_a_date_without_a_valid_date_header_is_relative_to_the_local_clock() {
    let in_an_hour = OffsetDateTime::now_utc() + time::Duration::HOUR;
    let in_an_hour = in_an_hour.format(&Rfc2822).unwrap().replace("+0000", "GMT");
    for date in ["", "Date: today\r\n", "Date: Sun, 31 Feb 2010 00:00:00 GMT\r\n"] {
        let headers = format!("{date}Retry-After: {in_an_hour}\r\n");
        let delay = retry_after(&headers).unwrap().as_secs();
        assert!((3500..=3600).contains(&delay), "{delay}: {headers}");
    }
}

#[test]
fn retry_after_in_seconds_may_be_huge_and_anything_else_is_ignored() {
    assert_eq!(retry_after("Retry-After: 3600\r\n"), Some(Duration::from_secs(3600)));
    for huge in ["18446744073709551615", "99999999999999999999999"] {
        let delay = retry_after(&format!("Retry-After: {huge}\r\n"));
        assert_eq!(delay, Some(Duration::from_secs(u64::MAX)));
    }
    let obsolete = "Sunday, 06-Nov-94 08:50:37 GMT";
    for ignored in
        ["soon", "-5", "1.5", "", "Sun, 31 Feb 2010 00:00:00 GMT", "06 Nov 1994", obsolete]
    {
        assert_eq!(retry_after(&format!("Retry-After: {ignored}\r\n")), None, "{ignored}");
    }
}

#[test]
fn retry_after_is_honoured_up_to_its_maximum() {
    let policy = || RetryPolicy::default().initial_backoff(Duration::ZERO).max_retries(1);
    let second = Duration::from_secs(1);
    let server = RawServer::start(vec![with_retry_after("429 Slow", "1"), last_page()]);
    let client = builder(&server.base_url).retry(policy().max_retry_after(second)).build().unwrap();
    let start = Instant::now();
    assert!(client.recordings(room()).into_iter().all(|it| it.is_ok()));
    assert!(start.elapsed() >= second && server.requests() == 2);

    let server = RawServer::start(vec![with_retry_after("429 Slow", "2"), last_page()]);
    let client = builder(&server.base_url).retry(policy().max_retry_after(second)).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.attempts(), server.requests()), (1, 1));
    assert_eq!(error.api_error().unwrap().retry_after, Some(2 * second));
}

#[test]
fn backoff_longer_than_retry_after_is_kept() {
    let server = RawServer::start(vec![with_retry_after("429 Slow", "0"), last_page()]);
    let policy = RetryPolicy::default().initial_backoff(Duration::from_millis(40));
    let delays = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&delays);
    let client = builder(&server.base_url)
        .retry(policy)
        .on_retry(move |retry| log.lock().unwrap().push(retry.delay))
        .build()
        .unwrap();
    assert!(client.recordings(room()).into_iter().all(|it| it.is_ok()));
    assert!(!delays.lock().unwrap()[0].is_zero());
}

#[test]
fn retry_after_of_the_storage_is_honoured_up_to_its_maximum() {
    let mut record = recording(0);
    record["size"] = 1000.into();
    let second = Duration::from_secs(1);
    let download = |retry_after: &str| {
        let fate = Fate::Raw(with_retry_after("503 Slow Down", retry_after));
        let storage = Storage::start(vec![7; 1000], vec![fate]);
        let api = api(record.clone(), &storage.url);
        let policy = RetryPolicy::default().initial_backoff(Duration::ZERO);
        let client = builder(api.base_url()).retry(policy.max_retry_after(second)).build().unwrap();
        let recording = serde_json::from_value(record.clone()).unwrap();
        let downloaded = client.media(&recording).write_to(&mut std::io::sink());
        (downloaded, storage.heads().len())
    };

    let start = Instant::now();
    let (downloaded, requests) = download("1");
    assert_eq!((downloaded.unwrap().size, requests), (1000, 2));
    assert!(start.elapsed() >= second);

    let (downloaded, requests) = download("2");
    let error = downloaded.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Storage(_)), "{error:?}");
    assert_eq!((error.attempts(), requests), (1, 1));
    assert_eq!(error.api_error().unwrap().retry_after, Some(2 * second));
}
