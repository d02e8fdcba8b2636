//! OAuth: the token's request, its renewal, its sharing between threads, and hostile endpoints.

use std::io::sink;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::fake_server::{Server, error_response, json_response, recording};
use crate::support::oauth::{CLIENT_ID, api, count, oauth_builder, oauth_client};
use crate::support::storage::{Storage, api as media_api};
use crate::support::token_server::{TokenServer, token_response};
use crate::support::{RawServer, SECRET, after, http, ok, page, room};
use serde_json::{Value, json};
use twilio_room_recordings::{Client, Credentials, Error, ErrorKind, RetryPolicy};

/// The error of a client with this token endpoint, and the number of requests to the endpoint. The
/// API receives none.
fn token_error(respond: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> (Error, usize) {
    let (api, token) = (api(&[]), TokenServer::start(respond));
    let client = oauth_builder(api.base_url(), &token.base_url).max_body_bytes(4096);
    let error = count(&client.build().unwrap()).unwrap_err();
    assert!(api.requests().is_empty());
    (error, token.requests().len())
}

#[test]
fn token_is_requested_by_form_and_shared_by_clones() {
    let (api, token) = (api(&["access-token-1"]), TokenServer::of_tokens());
    let client = oauth_client(api.base_url(), &token.base_url);
    assert_eq!(count(&client).unwrap(), 1);
    assert_eq!(count(&client.clone()).unwrap(), 1);

    let requests = token.requests();
    assert_eq!(requests.len(), 1);
    let (head, form) = (&requests[0].head, &requests[0].form);
    assert_eq!(
        form,
        "client_id=OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         &client_secret=s%C3%A9cret%3At%C3%B8ken%20%F0%9F%94%91\
         &grant_type=client_credentials"
    );
    assert!(head.starts_with("POST /v2/token HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded\r\n"), "{head}");
    assert!(head.contains("user-agent: twilio-room-recordings/"), "{head}");
    assert!(!head.contains("authorization") && !head.contains("transfer-encoding"), "{head}");
    assert!(api.requests().iter().all(|it| !it.uri.to_string().contains("access-token-1")));
}

#[test]
fn bearer_token_is_sent_as_it_is_and_not_renewed() {
    let api = api(&["my.token"]);
    let client =
        |token: &str| Client::builder(Credentials::bearer(token)).base_url(api.base_url()).build();
    assert_eq!(count(&client("my.token").unwrap()).unwrap(), 1);

    let error = count(&client("expired").unwrap()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unauthorized(_)), "{error}");
    assert_eq!((error.attempts(), api.requests().len()), (1, 2));
}

#[test]
fn token_beyond_its_lifetime_is_renewed_before_each_request() {
    for (expires_in, expected) in [
        (json!(0), 2),
        (json!(60), 1),
        (json!(u64::MAX), 1),
        (Value::Null, 1),
        (json!(-1), 1),
        (json!(1e300), 1),
        (json!("soon"), 1),
    ] {
        let api = api(&["token"]);
        let response = token_response("token", expires_in.clone());
        let token = TokenServer::start(move |_| response.clone());
        let client = oauth_client(api.base_url(), &token.base_url);
        assert_eq!(count(&client).unwrap() + count(&client).unwrap(), 2);
        assert_eq!(token.requests().len(), expected, "{expires_in}");
    }
}

#[test]
fn rejected_token_is_renewed_without_a_retry() {
    let (api, token) = (api(&["access-token-2"]), TokenServer::of_tokens());
    let client = oauth_builder(api.base_url(), &token.base_url)
        .retry(RetryPolicy::off())
        .on_retry(|retry| panic!("{retry:?}"))
        .build()
        .unwrap();
    assert_eq!(count(&client).unwrap(), 1);
    assert_eq!((token.requests().len(), api.requests().len()), (2, 2));
}

#[test]
fn renewal_leaves_all_retries_of_the_policy() {
    let failures = AtomicUsize::new(0);
    let api = Server::start(move |request| match failures.fetch_add(1, Ordering::SeqCst) {
        0 => error_response(401, 20003, "Authenticate"),
        1..=3 => error_response(503, 20500, "busy"),
        _ if request.headers["authorization"] == "Bearer access-token-2" => {
            json_response(200, &page(&[], Value::Null))
        }
        _ => error_response(403, 20403, "not the renewed token"),
    });
    let token = TokenServer::of_tokens();
    assert_eq!(count(&oauth_client(api.base_url(), &token.base_url)).unwrap(), 0);
    assert_eq!((token.requests().len(), api.requests().len()), (2, 5));
}

#[test]
fn second_401_is_unauthorized_after_one_renewal() {
    let (api, token) = (api(&[]), TokenServer::of_tokens());
    let client = oauth_client(api.base_url(), &token.base_url);
    let error = count(&client).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unauthorized(it) if it.code == Some(20003)));
    assert_eq!(error.attempts(), 2);
    assert_eq!((token.requests().len(), api.requests().len()), (2, 2));
}

#[test]
fn token_is_requested_again_after_a_failure() {
    let token = TokenServer::start(|number| match number {
        1 => http("401 Unauthorized", "", br#"{"error": "invalid_client"}"#),
        _ => token_response("token", 3600),
    });
    let api = api(&["token"]);
    let client = oauth_client(api.base_url(), &token.base_url);
    assert!(matches!(count(&client).unwrap_err().kind(), ErrorKind::Unauthorized(_)));
    assert_eq!((count(&client).unwrap(), token.requests().len()), (1, 2));
}

#[test]
fn unreachable_token_endpoint_is_retried_and_named() {
    let api = api(&[]);
    let retries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&retries);
    let client = oauth_builder(api.base_url(), "http://127.0.0.2:1")
        .on_retry(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    let error = count(&client).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(it) if it.host == "127.0.0.2"), "{error}");
    assert_eq!((error.attempts(), retries.load(Ordering::SeqCst)), (4, 3));
    assert!(api.requests().is_empty());
}

#[test]
fn failing_token_endpoint_is_retried() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let (error, requests) = token_error(move |_| http(status, "Retry-After: 0\r\n", b"busy"));
        assert!(error.is_transient());
        assert_eq!((error.attempts(), requests), (4, 4));
        assert!(error.to_string().contains(": token request: "), "{error}");
        assert!(error.to_string().contains(", host 127.0.0.1"), "{error}");

        let (api, token) = (
            api(&["token"]),
            TokenServer::start(move |number| match number {
                1 => http(status, "", b"busy"),
                2 => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec(),
                _ => token_response("token", 3600),
            }),
        );
        assert_eq!(count(&oauth_client(api.base_url(), &token.base_url)).unwrap(), 1);
        assert_eq!(token.requests().len(), 3);
    }
}

#[test]
fn deadline_covers_the_token_request() {
    let (api, token) = (
        api(&[]),
        TokenServer::start(|_| {
            loop {
                thread::park()
            }
        }),
    );
    let client = oauth_client(api.base_url(), &token.base_url);
    let mut recordings =
        client.recordings(room()).deadline(after(Duration::from_millis(100))).into_iter();
    let error = recordings.next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error}");
    assert!(error.resume_point().is_some());
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
    assert_eq!((error.attempts(), token.requests().len()), (1, 1));
    assert!(api.requests().is_empty());
}

#[test]
fn rejected_client_secret_is_unauthorized() {
    for status in ["400 Bad Request", "401 Unauthorized"] {
        let body = br#"{"error": "invalid_client", "error_description": "unknown client"}"#;
        let (error, requests) = token_error(move |_| http(status, "", body));
        assert!(matches!(error.kind(), ErrorKind::Unauthorized(_)), "{error}");
        assert_eq!((error.attempts(), requests), (1, 1));
        let words = "token request: invalid_client; unknown client (status 40";
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn deletion_with_an_unknown_token_endpoint_is_an_error() {
    let not_found = json!({"code": 20404, "message": "not found", "status": 404});
    for response in [http("404 Not Found", "", b"no such path"), ok(&not_found)] {
        let (api, token) = (api(&[]), TokenServer::start(move |_| response.clone()));
        let client = oauth_client(api.base_url(), &token.base_url);
        let sid = "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
        let error = client.recording(room(), sid).delete().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::BadRequest(_)), "{error}");
        assert!(api.requests().is_empty());
    }
}

#[test]
fn hostile_token_response_is_invalid_and_never_shown() {
    const TOKEN: &str = "the-new-token";
    let body = |name: &str, value: Value| {
        let mut body = json!({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600});
        body[name] = value;
        ok(&body)
    };
    let with_token = |end: &str| body("access_token", format!("{TOKEN}{end}").into());

    for (response, words) in [
        (with_token(&"x".repeat(5000)), "the body is larger than 4096 bytes"),
        (http("200 OK", "", TOKEN.as_bytes()), "expected JSON"),
        (http("200 OK", "", b""), "expected JSON"),
        (http("200 OK", "", b"\xff\xfe"), "expected JSON"),
        (ok(&json!([TOKEN, "Bearer", 3600])), "invalid access_token"),
        (ok(&json!(TOKEN)), "invalid access_token"),
        (body("access_token", "".into()), "invalid access_token"),
        (body("access_token", 7.into()), "invalid access_token"),
        (with_token("\r\nX-Injected: 1"), "invalid access_token"),
        (with_token(" "), "invalid access_token"),
        (with_token("\u{7f}"), "invalid access_token"),
        (with_token("é"), "invalid access_token"),
        (body("token_type", "mac".into()), "invalid token_type"),
        (body("token_type", 1.into()), "invalid token_type"),
        (http("302 Found", &format!("Location: /{TOKEN}\r\n"), b""), "expected 200, got 302"),
        (http("204 No Content", "", b""), "expected 200, got 204"),
    ] {
        let shown = String::from_utf8_lossy(&response).into_owned();
        let (error, requests) = token_error(move |_| response.clone());
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{shown}: {error}");
        assert_eq!((error.attempts(), requests), (1, 1), "{shown}");
        let message = error.to_string();
        assert!(message.starts_with("invalid response from 127.0.0.1: "), "{message}");
        assert!(message.contains(words), "{shown}: {message}");
        assert!(!format!("{error} {error:#?}").contains(TOKEN), "{error:#?}");
    }
}

#[test]
fn error_in_a_token_response_with_status_200_is_shown() {
    let body = json!({"error": "invalid_client", "error_description": "authentication failed"});
    let (error, requests) = token_error(move |_| ok(&body));
    let words = "expected success, got invalid_client; authentication failed";
    assert!(error.to_string().contains(words) && requests == 1, "{error}");

    let body = json!({"code": 20003, "message": "authentication failed", "status": 400});
    let (error, _) = token_error(move |_| ok(&body));
    assert!(matches!(error.kind(), ErrorKind::Unauthorized(_)), "{error}");
    assert!(error.to_string().contains(CLIENT_ID), "{error}");
}

#[test]
fn lifetime_of_a_token_may_be_text() {
    let api = api(&["token"]);
    let token = TokenServer::start(|_| ok(&json!({"access_token": "token", "expires_in": "60"})));
    assert_eq!(count(&oauth_client(api.base_url(), &token.base_url)).unwrap(), 1);
}

#[test]
fn token_type_is_compared_without_case() {
    for token_type in [json!("bearer"), json!("BEARER"), Value::Null] {
        let api = api(&["token"]);
        let token = TokenServer::start(move |_| {
            ok(&json!({"access_token": "token", "token_type": token_type, "expires_in": 60}))
        });
        assert_eq!(count(&oauth_client(api.base_url(), &token.base_url)).unwrap(), 1);
    }
}

#[test]
fn echoed_client_secret_and_tokens_are_redacted() {
    let echo = |words: &str| error_response(400, 20001, &format!("got {words}"));
    let api = Server::start(move |request| match request.headers["authorization"].to_str() {
        Ok("Bearer access-token-1") => error_response(401, 20003, "Authenticate"),
        _ => echo(&format!("Bearer access-token-2 of {SECRET}")),
    });
    let token = TokenServer::of_tokens();
    let error = count(&oauth_client(api.base_url(), &token.base_url)).unwrap_err();
    let words = "got Bearer [redacted] of [redacted]";
    assert!(error.to_string().contains(words), "{error}");
    assert!(!format!("{error:#?}").contains("access-token"), "{error:#?}");

    // Literally, and as it was sent.
    for form in [SECRET, "s%C3%A9cret%3At%C3%B8ken%20%F0%9F%94%91"] {
        let body = format!("client_secret={form}&");
        let (error, _) = token_error(move |_| http("400 Bad Request", "", body.as_bytes()));
        assert!(error.to_string().contains("client_secret=[redacted]&"), "{error}");
    }
}

#[test]
fn storage_receives_no_token() {
    let storage = Storage::start(vec![7; 100], vec![]);
    let mut recording = recording(0);
    recording["size"] = 100.into();
    let (api, token) = (media_api(recording.clone(), &storage.url), TokenServer::of_tokens());
    let client = oauth_client(api.base_url(), &token.base_url);
    client.media(&serde_json::from_value(recording).unwrap()).write_to(&mut sink()).unwrap();
    let heads = storage.heads().concat().to_lowercase();
    assert!(!heads.contains("access-token-1") && !heads.contains("authorization"), "{heads}");
    assert_eq!(api.requests()[0].headers["authorization"], "Bearer access-token-1");
}

#[test]
fn token_request_goes_through_the_configured_proxy() {
    let refusal = http("407 Proxy Authentication Required", "", b"");
    let (api, proxy) = (api(&[]), RawServer::start(vec![refusal]));
    let address = proxy.base_url.strip_prefix("http://").unwrap();
    let builder = oauth_builder(api.base_url(), "https://oauth.example");
    if cfg!(not(any(feature = "rustls", feature = "native-tls"))) {
        assert!(builder.build().is_err());
        return;
    }
    let client = builder.proxy(&proxy.base_url).retry(RetryPolicy::off()).build().unwrap();

    let error = count(&client).unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.host, "oauth.example");
    assert_eq!(transport.proxy.as_deref(), Some(address));
    assert!(proxy.heads.lock().unwrap()[0].starts_with("CONNECT oauth.example:443 "));
}
