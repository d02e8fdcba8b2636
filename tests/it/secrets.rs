//! Secrets: what is rejected as one, and that no error shows one that the other side echoes.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};
use twilio_room_recordings::{
    Client, ClientBuilder, Credentials, Error, ErrorKind, RetryPolicy, RoomRecording,
};

use crate::support::fake_server::{ACCOUNT, Server, json_response, media_redirect, recording};
use crate::support::storage::api;
use crate::support::{RawServer, SECRET, http, page, room};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn builder(secret: &str, base_url: &str) -> ClientBuilder {
    Client::builder(Credentials::auth_token(ACCOUNT.parse().unwrap(), secret)).base_url(base_url)
}

/// The header, the Base64 in it and the secret, which a response may echo.
fn forms(secret: &str) -> [String; 3] {
    let server = Server::start(|_| json_response(404, &json!({})));
    let client = builder(secret, server.base_url()).build().unwrap();
    let _ = client.recordings(room()).into_iter().next();
    let header = server.requests()[0].headers["authorization"].to_str().unwrap().to_owned();
    let encoded = header.strip_prefix("Basic ").unwrap().to_owned();
    [header, encoded, secret.to_owned()]
}

/// Everything that this error can print.
fn outputs(error: &Error) -> String {
    let mut shown = format!("{error} {error:?} {error:#?} {:?}", error.kind());
    let mut source = error.source();
    while let Some(error) = source {
        write!(shown, " {error} {error:?} {error:#?}").unwrap();
        source = error.source();
    }
    if let Some(cause) = error.get_ref() {
        write!(shown, " {cause} {cause:?} {cause:#?}").unwrap();
    }
    if let ErrorKind::InvalidRecord(record) = error.kind() {
        shown += &record.json;
    }
    shown
}

/// Asserts that the error has the marker instead of the echo.
#[track_caller]
fn assert_redacted(error: &Error, form: &str) {
    let shown = outputs(error);
    // What `{:?}` escapes once more.
    let plain = shown.replace("\\\\", "\\");
    assert!(shown.contains("[redacted]"), "{form}: {shown}");
    for secret in [form, TOKEN, SECRET, &form[form.len() / 2..]] {
        assert!(!shown.contains(secret) && !plain.contains(secret), "{secret}: {shown}");
    }
}

fn raw(status: u16, body: impl Into<Body>) -> Response {
    Response::builder().status(status).body(body.into()).unwrap()
}

#[test]
fn secret_echoed_in_an_error_response_is_redacted() {
    for secret in [TOKEN, SECRET] {
        for form in forms(secret) {
            let message = format!("you sent {form}.");
            for body in [
                format!("{{\"message\": \"{message}\"}}"),
                format!("{{\"message\": \"x\", \"more_info\": \"https://x/?key={form}\"}}"),
                format!("{{\"title\": \"x\", \"errors\": [{{\"detail\": \"{form}\"}}]}}"),
                format!("<title>{message}</title>"),
                message.clone(),
            ] {
                let server = Server::start(move |_| raw(400, body.clone()));
                let client = builder(secret, server.base_url()).build().unwrap();
                let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
                assert_redacted(&error, &form);
            }
        }
    }
}

#[test]
fn beginning_of_a_secret_is_redacted_if_the_end_does_not_fit_into_the_message() {
    let server = Server::start(|_| raw(400, format!("{}{TOKEN}", "x".repeat(60))));
    let client = builder(TOKEN, server.base_url()).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert!(error.to_string().contains("xx[redacted]\""), "{error}");
}

#[test]
fn secret_echoed_in_a_header_is_redacted() {
    for form in forms(TOKEN) {
        let headers = format!("Twilio-Request-Id: {form}\r\nLocation: https://x/{form}\r\n");
        for status in ["400 Bad Request", "302 Found"] {
            let server = RawServer::start(vec![http(status, &headers, b"{}")]);
            let client = builder(TOKEN, &server.base_url).build().unwrap();
            let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
            assert_redacted(&error, &form);
        }
    }
}

#[test]
fn secret_echoed_in_a_page_is_redacted() {
    for secret in [TOKEN, SECRET] {
        for form in forms(secret) {
            let meta = "\"meta\": {\"next_page_url\": null}";
            let mut record = recording(0);
            record["status"] = json!(1);
            record["track_name"] = json!("ECHO");
            let record = record.to_string().replace("ECHO", &form);
            let usable = record.replace("\"status\":1", "\"status\":\"completed\",\"links\":1");
            for body in [
                format!("not JSON: {form}"),
                format!("{{\"recordings\": [{{\"sid\": \"{form}\"}}], {meta}}}"),
                format!("{{\"recordings\": [{record}], {meta}}}"),
                format!("{{\"recordings\": [{usable}], {meta}}}"),
                format!("{{\"recordings\": [], \"meta\": {{\"next_page_url\": \"/x/{form}\"}}}}"),
            ] {
                let response = body.clone();
                let server = Server::start(move |_| raw(200, response.clone()));
                let client = builder(secret, server.base_url()).build().unwrap();
                let error = client.recordings(room()).into_iter().find_map(Result::err);
                assert_redacted(&error.unwrap_or_else(|| panic!("{body}")), &form);

                let pages = client.recordings(room()).pages();
                let shown = format!("{:?}", pages.collect::<Vec<_>>());
                assert!(!shown.replace("\\\\", "\\").contains(&form), "{shown}");
            }
        }
    }
}

#[test]
fn secret_echoed_in_a_single_record_is_redacted() {
    for form in forms(TOKEN) {
        let mut record = recording(0);
        record["size"] = json!("ECHO");
        let body = record.to_string().replace("ECHO", &form);
        let server = Server::start(move |_| raw(200, body.clone()));
        let client = builder(TOKEN, server.base_url()).build().unwrap();
        let sid = recording(0)["sid"].as_str().unwrap().parse().unwrap();
        assert_redacted(&client.recording(room(), sid).fetch().unwrap_err(), &form);
    }
}

#[test]
fn secret_echoed_by_the_storage_is_redacted() {
    for form in forms(TOKEN) {
        for headers in [
            format!("Content-Encoding: deflate, {form}\r\n"),
            format!("Content-Range: {form}\r\nContent-Encoding: identity\r\n"),
        ] {
            let status = if headers.contains("Range") { "206 Partial" } else { "200 OK" };
            let storage = RawServer::start(vec![http(status, &headers, b"x")]);
            let mut record = recording(0);
            record["size"] = 1.into();
            let api = api(record.clone(), format!("{}/media", storage.base_url));
            let client = builder(TOKEN, api.base_url()).build().unwrap();
            let media = client.media(&serde_json::from_value(record).unwrap());
            assert_redacted(&media.write_to(&mut std::io::sink()).unwrap_err(), &form);
        }
    }
}

#[test]
fn secret_echoed_in_a_media_redirect_is_redacted() {
    for form in forms(TOKEN) {
        let url = format!("ftp://storage.example/{form}");
        let server = Server::start(move |_| media_redirect(&url));
        let client = builder(TOKEN, server.base_url()).build().unwrap();
        let media = client.media(&serde_json::from_value(recording(0)).unwrap());
        let shown = outputs(&media.url().unwrap_err());
        assert!(!shown.contains(&form), "{shown}");
    }
}

#[test]
fn secret_echoed_in_a_retried_response_is_redacted_for_the_callback() {
    let seen = Arc::new(Mutex::new(String::new()));
    let log = Arc::clone(&seen);
    let server = Server::start(|_| raw(503, TOKEN));
    let client = builder(TOKEN, server.base_url())
        .retry(RetryPolicy::default().max_retries(1).initial_backoff(std::time::Duration::ZERO))
        .on_retry(move |retry| *log.lock().unwrap() += &outputs(retry.error))
        .build()
        .unwrap();
    assert!(client.recordings(room()).into_iter().next().unwrap().is_err());
    let seen = seen.lock().unwrap();
    assert!(seen.contains("[redacted]") && !seen.contains(TOKEN), "{seen}");
}

#[test]
fn valid_record_with_the_secret_in_it_is_returned_as_it_is() {
    let mut record = recording(0);
    record["track_name"] = TOKEN.into();
    let body = page(&[record], Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let client = builder(TOKEN, server.base_url()).build().unwrap();
    let recording = client.recordings(room()).into_iter().next().unwrap().unwrap();
    assert_eq!(recording.track_name.as_deref(), Some(TOKEN));
}

#[test]
fn text_that_only_resembles_a_secret_is_shown() {
    let secret = "several words: é/";
    for text in
        ["++++++++++++", "            x", r"\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008"]
    {
        let message = format!("see {text}.");
        let body = json!({ "message": message });
        let server = Server::start(move |_| json_response(400, &body));
        for secret in [TOKEN, secret] {
            let client = builder(secret, server.base_url()).build().unwrap();
            let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
            assert_eq!(error.api_error().unwrap().message, message);
        }
    }
}

#[test]
fn short_secret_is_no_reason_to_redact_words() {
    let server = Server::start(|request| {
        let header = request.headers["authorization"].to_str().unwrap();
        json_response(429, &json!({"message": format!("Too Many Requests of {header}")}))
    });
    let client = builder("any", server.base_url()).retry(RetryPolicy::off()).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert_eq!(error.api_error().unwrap().message, "Too Many Requests of Basic [redacted]");
}

#[test]
fn secret_with_more_than_the_secret_is_rejected_without_being_shown() {
    for (secret, expected) in [
        ("", "at least one character"),
        ("hunter2hunter2\n", "no whitespace"),
        ("hunter2hunter2\r\n", "no whitespace"),
        (" hunter2hunter2", "no whitespace"),
        ("hunter2hunter2\u{a0}", "no whitespace"),
        ("\"hunter2hunter2\"", "no quotes"),
        ("'hunter2hunter2'", "no quotes"),
        ("hunter2hunter2\"", "no quotes"),
        ("hunter2\nhunter2", "no control characters"),
        ("hunter2\u{0}hunter2", "no control characters"),
        ("hunter2\u{7f}hunter2", "no control characters"),
        ("hunter2\u{9b}hunter2", "no control characters"),
        ("\u{feff}hunter2hunter2", "invisible characters"),
        ("\u{200b}hunter2hunter2", "invisible characters"),
        ("hunter2hunter2\u{2060}", "invisible characters"),
        ("hunter2\u{ad}hunter2", "invisible characters"),
        ("hunter2\u{202e}hunter2", "invisible characters"),
    ] {
        let error = builder(secret, "http://127.0.0.1:1").build().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!outputs(&error).contains("hunter2"), "{error:?}");
    }
}

#[test]
fn any_other_secret_is_accepted() {
    for secret in ["a b", "it's", "quo\"te", "\\", "pässwörd", "🔑", "a:b", "%41"] {
        builder(secret, "http://127.0.0.1:1").build().unwrap();
    }
}

#[test]
fn clients_and_builders_show_no_secret() {
    let builder = builder(TOKEN, "http://127.0.0.1:1");
    let client = builder.clone().build().unwrap();
    let credentials = Credentials::auth_token(ACCOUNT.parse().unwrap(), TOKEN);
    let listing = client.recordings(room());
    let record: RoomRecording = serde_json::from_value(recording(0)).unwrap();
    let media = format!("{:#?}", client.media(&record));
    assert!(media.contains(record.sid.as_str()), "{media}");
    let shown = format!("{client:#?}{builder:#?}{credentials:#?}{media}{:#?}", listing.into_iter());
    assert!(!shown.contains(TOKEN) && !shown.contains("Basic"), "{shown}");
}
