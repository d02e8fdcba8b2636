//! Connections to an https host that fail, most of them through a proxy.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use twilio_room_recordings::{Error, ErrorKind, RetryPolicy};

use crate::support::{RawServer, builder, first, room};

/// Longer than any limit that a test sets.
const LONG: Duration = Duration::from_secs(20);

/// Waits until the client hangs up.
fn stall(stream: &mut TcpStream) {
    let _ = io::copy(stream, &mut io::sink());
}

#[test]
fn unknown_host_name_is_named() {
    let builder = builder("https://video.invalid").no_proxy().retry(RetryPolicy::off());
    let client = builder.connect_timeout(LONG).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    let start = "request to video.invalid failed: could not resolve the host name: ";
    assert!(error.to_string().starts_with(start), "{error}");
    assert!(error.is_transient());
}

#[test]
fn proxy_that_rejects_the_client_is_permanent_and_any_other_failure_of_a_proxy_is_retried() {
    for (response, reason, attempts) in [
        (
            "HTTP/1.1 401 x\r\n\r\n",
            "the proxy rejected the connection: Unauthorized (status 401)",
            1,
        ),
        ("HTTP/1.1 403 x\r\n\r\n", "the proxy rejected the connection: Forbidden (status 403)", 1),
        (
            "HTTP/1.1 407 x\r\n\r\n",
            "the proxy rejected the connection: Proxy Authentication Required (status 407)",
            1,
        ),
        (
            "HTTP/1.1 502 x\r\n\r\n",
            "the proxy rejected the connection: Bad Gateway (status 502)",
            4,
        ),
        ("HTTP/1.1 503 x\r\n\r\n", "(status 503)", 4),
        (
            "HTTP/1.1 204 x\r\n\r\n",
            "the proxy opened no connection: expected status 200 for CONNECT, got 204",
            1,
        ),
        ("", "the proxy closed the connection without a response", 4),
    ] {
        let proxy = RawServer::start(vec![response.into(); 4]);
        let error = through(&proxy.base_url);
        assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!((error.attempts(), proxy.requests()), (attempts, attempts as usize), "{error}");
        assert!(proxy.heads.lock().unwrap()[0].starts_with("CONNECT video.example.com:443 "));
    }
}

/// The error of a listing through this proxy.
fn through(proxy: &str) -> Error {
    let client = builder("https://video.example.com").proxy(proxy).build().unwrap();
    client.recordings(room()).into_iter().next().unwrap().unwrap_err()
}

#[test]
fn dead_proxy_is_retried_and_named() {
    let proxy = RawServer::start(vec![]).base_url;
    let error = through(&proxy);
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "request to video.example.com through proxy {} failed: could not connect to the \
             proxy: connection refused (after 4 attempts)",
            proxy.strip_prefix("http://").unwrap()
        )
    );
}

#[test]
fn silent_proxy_is_a_connect_timeout_that_names_it() {
    let proxy = RawServer::start_with(1, |_, stream| stall(stream));
    let client = builder("https://video.example.com")
        .proxy(&proxy.base_url)
        .connect_timeout(Duration::from_millis(100))
        .retry(RetryPolicy::off())
        .build()
        .unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    let proxy = proxy.base_url.strip_prefix("http://").unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "request to video.example.com through proxy {proxy} timed out after 0.1 s while \
             connecting"
        )
    );
}

#[test]
fn response_that_is_not_http_is_retried() {
    let proxy = RawServer::start(vec![b"SMTP ready\r\n\r\n".to_vec(); 4]);
    assert_eq!((through(&proxy.base_url).attempts(), proxy.requests()), (4, 4));

    let server = RawServer::start(vec![b"SMTP ready\r\n\r\n".to_vec(); 4]);
    let error = first(&server).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{error:?}");
    assert_eq!((error.attempts(), server.requests()), (4, 4));
}

#[test]
fn shorter_limit_of_the_attempt_is_named_if_it_expires_while_connecting() {
    let silent = RawServer::start_with(1, |_, stream| stall(stream));
    let base_url = silent.base_url.replace("http://127.0.0.1", "https://localhost");
    let client = builder(&base_url)
        .connect_timeout(LONG)
        .attempt_timeout(Duration::from_millis(100))
        .retry(RetryPolicy::off())
        .build()
        .unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    let ErrorKind::Timeout(timeout) = error.kind() else { panic!("{error:?}") };
    assert_eq!(timeout.limit, Duration::from_millis(100));
}
