//! The error type: its line, its structure, its underlying errors, and errors made without a
//! client.

use std::error::Error as StdError;
use std::io;
use std::io::Write;

use serde_json::{Value, json};
use twilio_room_recordings::{
    ApiError, Client, Credentials, Error, ErrorKind, ParseSidError, ResumePoint, RetryPolicy,
    RoomSid,
};

use crate::support::fake_server::{Server, error_response, json_response, recording};
use crate::support::storage::{Storage, api};
use crate::support::{
    RawServer, after, builder, client, close, first, http, only_error, page, room,
};

/// One error of each origin, with its name.
fn errors() -> Vec<(&'static str, Error)> {
    let parse_sid = "RMx".parse::<RoomSid>().unwrap_err();
    let parse_point = "x".parse::<ResumePoint>().unwrap_err();
    let invalid_input = client("http://127.0.0.1:1").recordings(room()).page_size(0);
    let body = page(&[json!({"sid": 1})], Value::Null).to_string();
    let invalid_record = only_error_or_item(&body);
    let busy = RawServer::start(vec![close("429 x", "Retry-After: 60\r\n", b"{}")]);
    let late = client(&busy.base_url)
        .recordings(room())
        .deadline(after(std::time::Duration::from_secs(1)));

    vec![
        ("SID", parse_sid.into()),
        ("resume point", parse_point),
        ("invalid input", invalid_input.into_iter().next().unwrap().unwrap_err()),
        ("credentials", builder_error("\n")),
        ("refused", first(&RawServer::start(vec![])).unwrap_err()),
        ("closed", first(&RawServer::start(vec![vec![]; 4])).unwrap_err()),
        ("status", only_error(http("404 x", "", b"{\"message\": \"gone\"}"))),
        ("not JSON", only_error(http("200 OK", "", b"<html>"))),
        ("not UTF-8", only_error(http("200 OK", "", b"\xff"))),
        ("not HTTP", only_error(b"SMTP ready\r\n\r\n".to_vec())),
        ("headers", only_error(http("200 OK", &format!("X: {}\r\n", "x".repeat(70_000)), b""))),
        ("redirect", only_error(http("302 x", "Location: https://x/y?secret\r\n", b""))),
        ("record", invalid_record),
        ("deadline", late.into_iter().next().unwrap().unwrap_err()),
        ("write", write_error()),
    ]
}

fn builder_error(secret: &str) -> Error {
    use twilio_room_recordings::{Client, Credentials};
    let account = crate::support::fake_server::ACCOUNT.parse().unwrap();
    Client::new(Credentials::auth_token(account, secret)).unwrap_err()
}

fn only_error_or_item(body: &str) -> Error {
    let server = RawServer::start(vec![http("200 OK", "", body.as_bytes())]);
    client(&server.base_url).recordings(room()).into_iter().find_map(Result::err).unwrap()
}

/// A writer that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_error() -> Error {
    let storage = Storage::start(vec![1; 10], vec![]);
    let mut record = recording(0);
    record["size"] = 10.into();
    let api = api(record.clone(), &storage.url);
    let media = client(api.base_url()).media(&serde_json::from_value(record).unwrap());
    media.write_to(&mut Full).unwrap_err()
}

/// The line that `anyhow` prints for `{:#}`: the error and its sources.
fn chain(error: &dyn StdError) -> Vec<String> {
    let mut lines = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        lines.push(error.to_string());
        source = error.source();
    }
    lines
}

#[test]
fn chain_of_sources_says_nothing_twice() {
    for (name, error) in errors() {
        let lines = chain(&error);
        for (index, line) in lines.iter().enumerate() {
            assert!(
                !lines[..index].iter().any(|earlier| earlier.contains(line)),
                "{name}: {lines:?}"
            );
        }

        let line = error.to_string();
        assert_eq!(chain(&io::Error::from(error))[0], line, "{name}");
    }
}

#[test]
fn every_error_is_one_line_that_debug_prints_too() {
    for (name, error) in errors() {
        let line = error.to_string();
        assert!(!line.contains('\n') && !line.ends_with('.'), "{name}: {line}");
        let first = line.chars().next().unwrap();
        assert!(!first.is_uppercase(), "{name}: {line}");
        assert_eq!(format!("{error:?}"), line, "{name}");
    }
}

#[test]
fn underlying_error_has_the_documented_type() {
    for (name, error) in errors() {
        let cause = error.get_ref();
        let is = |expected: bool| assert!(expected, "{name}: {cause:?}");
        match name {
            "SID" => is(cause.unwrap().is::<ParseSidError>()),
            "refused" | "closed" | "write" | "not HTTP" | "headers" => {
                is(cause.unwrap().is::<io::Error>());
            }
            "not JSON" => is(cause.unwrap().is::<serde_json::Error>()),
            "not UTF-8" => is(cause.unwrap().is::<std::str::Utf8Error>()),
            "deadline" => is(cause.unwrap().is::<Error>()),
            _ => is(cause.is_none()),
        }
    }
}

#[test]
fn error_becomes_an_io_error_with_the_kind_of_its_cause() {
    use io::ErrorKind as K;
    for (name, error) in errors() {
        let expected = match name {
            "refused" => K::ConnectionRefused,
            "closed" => K::UnexpectedEof,
            "deadline" => K::TimedOut,
            "write" => K::StorageFull,
            _ => K::Other,
        };
        let error = io::Error::from(error);
        assert_eq!(error.kind(), expected, "{name}");
        assert!(error.get_ref().unwrap().is::<Error>());
    }
}

#[test]
fn invalid_response_names_its_host() {
    let line = only_error(http("302 x", "Location: https://x/y?secret\r\n", b"")).to_string();
    let expected = "expected 200, got 302, a redirect to https://x/y";
    assert_eq!(line, format!("invalid response from 127.0.0.1: {expected}"));

    let storage = RawServer::start(vec![http("204 x", "", b"")]);
    let mut record = recording(0);
    record["size"] = 10.into();
    let api = api(
        record.clone(),
        format!("{}/media", storage.base_url).replace("127.0.0.1", "localhost"),
    );
    let client = client(api.base_url());
    let media = client.media(&serde_json::from_value(record).unwrap());
    let line = media.write_to(&mut io::sink()).unwrap_err().to_string();
    assert!(line.starts_with("invalid response from localhost: "), "{line}");
}

#[test]
fn error_made_from_a_response_equals_the_clients() {
    let problem = json!({
        "type": "https://www.twilio.com/docs/errors/20001", "title": "Bad", "status": 400,
        "code": "20001", "detail": "Two faults",
        "errors": [{"detail": "too small", "pointer": "#/PageSize"}, {"detail": "odd"}],
    });
    let bodies = [
        b"{\"code\": 20404, \"message\": \"gone\", \"more_info\": \"https://x/y\"}".to_vec(),
        problem.to_string().into_bytes(),
        b"<html><title>502 from the proxy</title></html>".to_vec(),
        b"plain \xff text".to_vec(),
        b"\xef\xbb\xbf{\"message\": \"behind a byte order mark\"}".to_vec(),
        format!("{{\"message\": \"{}\"}}", "long ".repeat(20_000)).into_bytes(),
        vec![],
    ];
    let statuses = [
        202, 206, 300, 302, 307, 399, 400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 416, 418,
        422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 511, 599, 600, 999,
    ];
    for status in statuses {
        for body in &bodies {
            let returned = only_error(http(&format!("{status} x"), "", body));
            let made = Error::from_response(status, body);
            assert_eq!(made.kind(), returned.kind());
            assert_eq!(made.is_transient(), returned.is_transient(), "{returned}");
            assert_eq!(made.attempts(), returned.attempts(), "{returned}");
            assert_eq!(made.api_error().is_some(), (400..600).contains(&status), "{returned}");
            if made.api_error().is_some() {
                assert_eq!(made.kind().to_string(), made.to_string());
                // The client alone knows the host and its credentials.
                let (made, returned) = (made.to_string(), returned.to_string());
                assert!(returned.contains(", host 127.0.0.1"), "{returned}");
                let returned = returned.replace(", host 127.0.0.1", "");
                assert!(returned.starts_with(&made), "{returned}");
                assert_eq!(returned == made, status != 401, "{returned}");
            }
        }
    }
}

#[test]
fn error_can_be_made_from_any_status() {
    for status in [0, 1, 99, 100, 101, 199, 200, 204, 304, 600, 999, 1000, u16::MAX] {
        let error = Error::from_response(status, b"{\"message\": \"x\"}");
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("got {status}")), "{error}");
        assert!(!error.is_transient());
    }
}

#[test]
fn each_status_has_one_kind() {
    use ErrorKind as K;
    type Kind = fn(ApiError) -> ErrorKind;
    let kinds: [(&[u16], Kind); 6] = [
        (&[401], K::Unauthorized),
        (&[403], K::Forbidden),
        (&[404], K::NotFound),
        (&[429], K::TooManyRequests),
        (&[400, 402, 405, 408, 418, 425, 499], K::BadRequest),
        (&[500, 501, 503, 599], K::ServerError),
    ];
    for (statuses, kind) in kinds {
        for &status in statuses {
            let error = Error::from_response(status, b"");
            assert_eq!(error.kind(), &kind(error.api_error().unwrap().clone()), "{status}");
        }
    }
}

#[test]
fn rejected_page_token_has_a_kind_of_its_own_and_another_status_has_not() {
    for (status, is_token) in [(400, true), (404, false), (403, false), (503, false)] {
        let first = page(&[], "?Page=1&PageToken=PT1");
        let server = Server::start(move |request| match request.parameter("PageToken") {
            None => json_response(200, &first),
            Some(_) => error_response(status, 20001, "Invalid PageToken"),
        });
        let client = builder(server.base_url()).retry(RetryPolicy::off()).build().unwrap();
        let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
        assert_eq!(matches!(error.kind(), ErrorKind::InvalidPageToken(_)), is_token, "{error:?}");
    }
}

#[test]
fn rejection_names_the_credentials_without_their_secret_and_says_what_it_usually_means() {
    let secret = "hunter2-hunter2";
    for (credentials, status, advice) in [
        (
            Credentials::auth_token("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap(), secret),
            401,
            "; used account ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; check it and its auth token",
        ),
        (
            Credentials::api_key("SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap(), secret),
            401,
            "; used API key SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; check it and its secret",
        ),
        (Credentials::bearer(secret), 401, "; used a bearer token, which may have expired"),
        (Credentials::bearer(secret), 403, "; the credentials may lack the permission"),
        (
            Credentials::bearer(secret),
            404,
            "; no such room or recording in this account and region",
        ),
        (Credentials::bearer(secret), 400, "docs/errors/20000)"),
    ] {
        let server = Server::start(move |_| error_response(status, 20000, "no"));
        let builder = Client::builder(credentials).base_url(server.base_url());
        let listing = builder.build().unwrap().recordings(room());
        let error = listing.into_iter().next().unwrap().unwrap_err();
        assert!(error.to_string().ends_with(advice), "{error}");
        assert!(!format!("{error:#?}").contains(secret), "{error:#?}");
    }

    for status in [403, 404] {
        let gateway = Error::from_response(status, b"<html>").to_string();
        assert!(gateway.ends_with(&format!("(status {status})")), "{gateway}");
    }
}

#[test]
fn parse_errors_print_their_message_as_the_result_of_main() {
    let sid = "RMx".parse::<RoomSid>().unwrap_err();
    let point = "page 3".parse::<ResumePoint>().unwrap_err();
    assert_eq!(format!("{sid:?}"), sid.to_string());
    assert_eq!(format!("{point:?}"), point.to_string());
}

#[test]
fn host_of_an_error_is_that_of_its_request() {
    let refused = client("http://127.0.0.1:1").recordings(room()).into_iter().next().unwrap();
    assert_eq!(refused.unwrap_err().host(), Some("127.0.0.1"));
    let rejected = only_error(http("404 Not Found", "", b""));
    assert_eq!(rejected.host(), Some("127.0.0.1"));
    let invalid = only_error(http("200 OK", "", b"x"));
    assert_eq!(invalid.host(), Some("127.0.0.1"));

    let unsent = client("http://127.0.0.1:1").recordings(room()).page_size(0).into_iter().next();
    assert_eq!(unsent.unwrap().unwrap_err().host(), None);
}

#[test]
fn cause_of_a_failed_connection_is_an_error_of_std_alone() {
    let errors = [
        client("http://127.0.0.1:1").recordings(room()).into_iter().next().unwrap().unwrap_err(),
        only_error(http("200 OK", "Content-Length: 99\r\n", b"{}")),
        only_error(b"nonsense\r\n\r\n".to_vec()),
    ];
    for error in errors {
        let cause = error.get_ref().unwrap().downcast_ref::<std::io::Error>().unwrap();
        assert!(cause.get_ref().is_none_or(|inner| !format!("{inner:?}").contains("ureq")));
        // An error that was made of a text has a type that std keeps to itself.
        assert!(cause.get_ref().is_none_or(|inner| inner.to_string() == cause.to_string()));
        assert!(std::error::Error::source(cause).is_none());
    }
}
