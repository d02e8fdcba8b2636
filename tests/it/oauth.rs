//! OAuth: the token's request, its renewal, its sharing between threads, and hostile endpoints.

use std::io::sink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use crate::support::fake_server::{Server, error_response, json_response, recording};
use crate::support::storage::{Storage, api as media_api};
use crate::support::token_server::{TokenServer, token_response};
use crate::support::{RawServer, SECRET, after, builder, http, ok, page, room};
use serde_json::{Value, json};
use twilio_room_recordings::{
    Client, ClientBuilder, Credentials, Deletion, Error, ErrorKind, RetryPolicy,
};

const CLIENT_ID: &str = "OQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn oauth_builder(api: &str, token: &str) -> ClientBuilder {
    Client::builder(Credentials::oauth(CLIENT_ID.parse().unwrap(), SECRET))
        .base_url(api)
        .oauth_base_url(token)
        .retry(RetryPolicy::default().max_retries(3).initial_backoff(Duration::from_millis(1)))
}

fn oauth_client(api: &str, token: &str) -> Client {
    oauth_builder(api, token).build().unwrap()
}

/// An API with one recording, for requests with one of these tokens.
fn api(accepted: &'static [&'static str]) -> Server {
    Server::start(move |request| match request.headers["authorization"].to_str() {
        Ok(header) if accepted.iter().any(|token| header == format!("Bearer {token}")) => {
            json_response(200, &page(&[recording(0)], Value::Null))
        }
        _ => error_response(401, 20003, "Authenticate"),
    })
}

/// The number of recordings in the room, or the first error.
fn count(client: &Client) -> Result<usize, Error> {
    client.recordings(room()).into_iter().try_fold(0, |count, it| it.map(|_| count + 1))
}

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
fn threads_share_one_token_request_until_their_deadlines() {
    let (arrived, arrival) = channel();
    let (release, released) = channel();
    let (arrived, released) = (Mutex::new(arrived), Mutex::new(released));
    let token = TokenServer::start(move |number| {
        arrived.lock().unwrap().send(()).unwrap();
        released.lock().unwrap().recv().unwrap();
        token_response(&format!("access-token-{number}"), 3600)
    });
    let api = api(&["access-token-1"]);
    let client = oauth_client(api.base_url(), &token.base_url);

    let limited = client.recordings(room()).deadline(after(Duration::from_millis(50)));
    thread::scope(|scope| {
        let fetching = scope.spawn(|| count(&client));
        arrival.recv().unwrap();
        let waiting: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| limited.clone().into_iter().next().unwrap().unwrap_err()))
            .collect();
        for thread in waiting {
            let error = thread.join().unwrap();
            assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error}");
            assert_eq!(error.attempts(), 0);
        }

        let waiting = scope.spawn(|| count(&client));
        release.send(()).unwrap();
        assert_eq!(fetching.join().unwrap().unwrap() + waiting.join().unwrap().unwrap(), 2);
    });
    assert_eq!(token.requests().len(), 1);
}

/// Waits until the thread of that name waits for something. The name has at most 15 bytes.
#[cfg(target_os = "linux")]
fn wait_until_blocked(name: &str) {
    let is_blocked = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat"));
        stat.is_ok_and(|stat| stat.contains(&format!("({name}) S ")))
    };
    while !std::fs::read_dir("/proc/self/task").unwrap().any(is_blocked) {
        thread::yield_now();
    }
}

/// The outcomes of two threads, of which one fetches a token and the other waits for it. The token
/// endpoint receives one request. The name is that of the thread that waits, and of no other.
#[cfg(target_os = "linux")]
fn outcomes_of_a_shared_request(name: &str, response: Vec<u8>) -> [Result<usize, Error>; 2] {
    let (release, released) = channel();
    let (arrived, arrival) = channel();
    let (arrived, released) = (Mutex::new(arrived), Mutex::new(released));
    let token = TokenServer::start(move |_| {
        arrived.lock().unwrap().send(()).unwrap();
        released.lock().unwrap().recv().unwrap();
        response.clone()
    });
    let api = api(&["token"]);
    let client = oauth_client(api.base_url(), &token.base_url);

    let outcomes = thread::scope(|scope| {
        let fetching = scope.spawn(|| count(&client));
        arrival.recv().unwrap();
        let waiting = thread::Builder::new().name(name.to_owned());
        let waiting = waiting.spawn_scoped(scope, || count(&client)).unwrap();
        wait_until_blocked(name);
        // Another request for a token fails at once, because nothing sends any more.
        release.send(()).unwrap();
        drop(release);
        [fetching.join().unwrap(), waiting.join().unwrap()]
    });
    assert_eq!(token.requests().len(), 1);
    outcomes
}

#[test]
#[cfg(target_os = "linux")]
fn threads_that_wait_for_a_token_share_its_failure() {
    let response = http("401 Unauthorized", "", br#"{"error": "invalid_client"}"#);
    let errors = outcomes_of_a_shared_request("waits-to-fail", response).map(Result::unwrap_err);
    assert!(errors.iter().all(|it| matches!(it.kind(), ErrorKind::Unauthorized(_))), "{errors:?}");
    assert_eq!(errors[0].to_string(), errors[1].to_string());
}

#[test]
#[cfg(target_os = "linux")]
fn threads_that_wait_for_a_token_use_it_however_short_its_lifetime() {
    let outcomes = outcomes_of_a_shared_request("waits-for-token", token_response("token", 0));
    assert!(outcomes.iter().all(|it| matches!(it, Ok(1))), "{outcomes:?}");
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
fn deadline_of_the_thread_that_fetches_a_token_does_not_end_the_others() {
    let (arrived, arrival) = channel();
    let arrived = Mutex::new(arrived);
    let token = TokenServer::start(move |number| match number {
        1 => {
            arrived.lock().unwrap().send(()).unwrap();
            loop {
                thread::park()
            }
        }
        _ => token_response("token", 3600),
    });
    let api = api(&["token"]);
    let client = oauth_client(api.base_url(), &token.base_url);
    let limited = client.recordings(room()).deadline(after(Duration::from_millis(300)));
    thread::scope(|scope| {
        let fetching = scope.spawn(|| limited.into_iter().next().unwrap().unwrap_err());
        arrival.recv().unwrap();
        let waiting = scope.spawn(|| count(&client));
        assert!(matches!(fetching.join().unwrap().kind(), ErrorKind::DeadlineExceeded));
        assert_eq!(waiting.join().unwrap().unwrap(), 1);
    });
    assert_eq!(token.requests().len(), 2);
}

#[test]
fn panic_during_a_token_request_leaves_the_client_usable() {
    let token = TokenServer::start(|number| match number {
        1 => http("503 Service Unavailable", "", b""),
        _ => token_response("token", 3600),
    });
    let api = api(&["token"]);
    let has_panicked = AtomicBool::new(false);
    let client = oauth_builder(api.base_url(), &token.base_url)
        .on_retry(move |_| assert!(has_panicked.swap(true, Ordering::SeqCst), "on purpose"))
        .build()
        .unwrap();
    assert!(thread::scope(|scope| scope.spawn(|| count(&client)).join()).is_err());
    assert_eq!(count(&client).unwrap(), 1);
}

#[test]
fn retry_callback_may_use_the_client_during_a_token_request() {
    let token = TokenServer::start(|number| match number {
        1 => http("503 Service Unavailable", "", b""),
        _ => token_response("token", 3600),
    });
    let api = api(&["token"]);
    let shared = Arc::new(OnceLock::<Client>::new());
    let in_callback = Arc::clone(&shared);
    let client = oauth_builder(api.base_url(), &token.base_url)
        .on_retry(move |_| assert_eq!(count(in_callback.get().unwrap()).unwrap(), 1))
        .build()
        .unwrap();
    assert_eq!(count(shared.get_or_init(|| client)).unwrap(), 1);
    assert_eq!(token.requests().len(), 3);
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
    let (api, token) =
        (api(&[]), TokenServer::start(|_| http("404 Not Found", "", b"no such path")));
    let client = oauth_client(api.base_url(), &token.base_url);
    let recording = client.recording(room(), "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap());
    let error = recording.delete().map(|deletion| assert_ne!(deletion, Deletion::AlreadyGone));
    assert!(matches!(error.unwrap_err().kind(), ErrorKind::BadRequest(_)));
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

    let body = format!("client_secret={SECRET}&");
    let (error, _) = token_error(move |_| http("400 Bad Request", "", body.as_bytes()));
    assert!(error.to_string().contains("client_secret=[redacted]&"), "{error}");
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

#[test]
fn debug_shows_the_client_id_and_no_secret() {
    let credentials = Credentials::oauth(CLIENT_ID.parse().unwrap(), "c1ient");
    let builder = Client::builder(credentials.clone()).base_url("http://localhost:1");
    let builder = builder.oauth_base_url("http://localhost:2");
    let shown = format!("{credentials:?} {builder:?} {:?}", builder.clone().build().unwrap());
    assert!(shown.contains(CLIENT_ID) && shown.contains("[redacted]"), "{shown}");
    assert!(!shown.contains("c1ient"), "{shown}");
    let shown = format!("{:?}", Credentials::bearer("t0ken"));
    assert!(shown.contains("[redacted]") && !shown.contains("t0ken"), "{shown}");
}

#[test]
fn invalid_bearer_token_is_rejected_and_not_shown() {
    for token in ["t0k en", "t0ken\n", "t0këen", &"t0ken".repeat(4000), ""] {
        let client = Client::builder(Credentials::bearer(token)).base_url("http://localhost:1");
        let error = client.build().unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidInput(it) if it.parameter == "bearer token")
        );
        assert!(!error.to_string().contains("t0k"), "{error}");
    }
}

#[test]
fn empty_client_secret_is_rejected() {
    let credentials = Credentials::oauth(CLIENT_ID.parse().unwrap(), "");
    let client = Client::builder(credentials).base_url("http://localhost:1");
    let error = client.oauth_base_url("http://localhost:1").build().unwrap_err();
    assert!(error.to_string().starts_with("invalid client secret"), "{error}");
}

#[test]
fn oauth_base_url_follows_the_rules_of_the_base_url() {
    for url in ["http://oauth.twilio.com", "ftp://localhost", "https://a?b", "token", ""] {
        // It is checked even if nothing uses it.
        for client in [oauth_builder("http://localhost:1", url), builder("http://localhost:1")] {
            let error = client.oauth_base_url(url).build().unwrap_err();
            assert!(error.to_string().starts_with("invalid OAuth base URL"), "{url}: {error}");
        }
    }

    let client = |base_url: &str| oauth_client("http://localhost:1", base_url);
    let _ = (client("http://[::1]:8080/prefix/"), client("http://127.0.0.1"));
    let token = TokenServer::of_tokens();
    let api = api(&["access-token-1"]);
    assert_eq!(
        count(&oauth_client(api.base_url(), &format!("{}/eu/", token.base_url))).unwrap(),
        1
    );
    assert!(token.requests()[0].head.starts_with("POST /eu/v2/token "));
}

#[test]
fn default_token_endpoint_needs_tls_only_with_oauth() {
    let has_tls = cfg!(any(feature = "rustls", feature = "native-tls"));
    let oauth = Credentials::oauth(CLIENT_ID.parse().unwrap(), "secret");
    let client = Client::builder(oauth).base_url("http://localhost:1").build();
    assert_eq!(client.is_ok(), has_tls);
    assert!(builder("http://localhost:1").build().is_ok());
}
