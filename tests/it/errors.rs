//! What goes wrong, and what the caller is told of it.

use crate::support::fake_server::{ROOM, Server, error_response, json_response, recording};
use crate::support::{RawServer, SECRET, builder, client, http, ok, page, room};
use serde_json::{Value, json};
use twilio_room_recordings::{Error, ErrorKind, RetryPolicy, RoomRecording};

type Items = Vec<Result<RoomRecording, Error>>;

/// All items of the room, and then some: an ended listing stays ended.
fn items(base_url: &str) -> Items {
    let mut recordings = client(base_url).recordings(room()).into_iter();
    let items = recordings.by_ref().take(5000).collect();
    assert!((0..3).all(|_| recordings.next().is_none()));
    items
}

/// The error of a listing whose only page is this answer.
fn only_error(raw: Vec<u8>) -> Error {
    let server = RawServer::start(vec![raw]);
    let client = builder(&server.base_url).retry(RetryPolicy::off()).build().unwrap();
    let mut recordings = client.recordings(room()).into_iter();
    let error = recordings.next().unwrap().unwrap_err();
    assert!(recordings.next().is_none());
    assert!(error.resume_point().is_some() && recordings.resume_point().is_some());
    error
}

fn with_body(body: impl AsRef<[u8]>) -> Error {
    only_error(http("200 OK", "", body.as_ref()))
}

#[track_caller]
fn assert_invalid_response(error: &Error, words: &str) {
    assert!(matches!(error.kind(), ErrorKind::InvalidResponse(_)), "{error:?}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn the_kinds_of_refusal_are_told_apart() {
    fn is_an_error<T: std::error::Error + Send + Sync + 'static>(_: &T) {}
    let refusal = |status: &str, code: u32| {
        let body =
            json!({"code": code, "message": "told", "more_info": "https://x/y", "status": 1});
        let headers = "Twilio-Request-Id: RQ1\r\nRetry-After: 7\r\n";
        let error = only_error(http(status, headers, body.to_string().as_bytes()));
        let answer = error.api_error().unwrap().clone();
        assert_eq!((answer.code, answer.message.as_str()), (Some(code.into()), "told"));
        assert_eq!(answer.more_info.as_deref(), Some("https://x/y"));
        assert_eq!(answer.request_id.as_deref(), Some("RQ1"));
        assert_eq!(answer.retry_after.unwrap().as_secs(), 7);
        assert_eq!(answer.status.to_string(), status[..3]);
        is_an_error(&error);
        error
    };
    let error = refusal("401 Unauthorized", 20003);
    assert!(matches!(error.kind(), ErrorKind::Unauthorized(_)));
    assert_eq!(
        error.to_string(),
        "the API rejected the request: told (status 401, code 20003, request RQ1, \
         retry after 7 s, see https://x/y)"
    );
    assert!(matches!(refusal("404 Not Found", 20404).kind(), ErrorKind::NotFound(_)));
    let throttled = refusal("429 Too Many Requests", 20429);
    assert!(matches!(throttled.kind(), ErrorKind::TooManyRequests(_)) && throttled.is_transient());
    let bad = refusal("400 Bad Request", 20001);
    assert!(matches!(bad.kind(), ErrorKind::BadRequest(_)) && !bad.is_transient());
    assert!(refusal("503 Service Unavailable", 20500).is_transient());
    assert!(!refusal("501 Not Implemented", 20500).is_transient());
}

#[test]
fn every_form_of_error_body_gives_a_readable_message() {
    let message = |body: &str| {
        only_error(http("502 Bad Gateway", "", body.as_bytes()))
            .api_error()
            .unwrap()
            .message
            .clone()
    };
    let problem = json!({
        "type": "https://www.twilio.com/docs/errors/20001", "title": "Bad", "status": 400,
        "code": 20001, "detail": "Two faults",
        "errors": [{"detail": "too small", "pointer": "#/PageSize"}, {"detail": "odd"}],
    });
    assert_eq!(message(&problem.to_string()), "Bad; Two faults; #/PageSize: too small; odd");
    assert_eq!(
        message("<html><head><TITLE> 502 from the proxy </TITLE></head></html>"),
        "Bad Gateway, with a page titled \"502 from the proxy\""
    );
    assert_eq!(message(""), "Bad Gateway, with an empty body");
    assert_eq!(
        message("upstream gone"),
        "Bad Gateway, with a body that begins with \"upstream gone\""
    );
    assert_eq!(
        message("{\"message\": 5}"),
        "Bad Gateway, with a body that begins with \"{\"message\": 5}\""
    );
}

#[test]
fn what_the_server_says_reaches_no_terminal_raw() {
    let body =
        json!({"message": "red \u{1b}[31m\r\nbell \u{7} \u{202e}rtl", "more_info": "\u{9b}x"});
    let error = only_error(http("500 Oops", "", body.to_string().as_bytes()));
    let shown = error.to_string();
    assert!(shown.contains("red \\u{1b}[31m\\r\\nbell \\u{7} \\u{202e}rtl"), "{shown}");
    assert!(!shown.chars().any(char::is_control));
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(link) = cause {
        assert!(!format!("{link}{link:?}").contains(['\u{1b}', '\u{9b}', '\u{202e}']));
        cause = link.source();
    }
}

#[test]
fn a_bad_record_is_one_item_and_the_listing_goes_on() {
    let mut records: Vec<Value> = (0..5).map(recording).collect();
    records[2]["duration"] = json!("ten");
    let body = page(&records, Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let items = items(server.base_url());
    assert_eq!(
        items.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, true, false, true, true]
    );
    let error = items[2].as_ref().unwrap_err();
    let ErrorKind::InvalidRecord(bad) = error.kind() else { panic!("{error:?}") };
    assert_eq!((bad.page, bad.index, bad.field), (0, 2, Some("duration")));
    assert_eq!(bad.reason, "invalid type: string \"ten\", expected u64");
    assert_eq!(serde_json::from_str::<Value>(&bad.json).unwrap(), records[2]);
    assert_eq!(
        error.to_string(),
        "invalid record (page 0, index 2): duration: invalid type: string \"ten\", expected u64"
    );
}

#[test]
fn each_field_is_validated_and_named() {
    let wrong: [(&str, Value); 27] = [
        ("sid", json!("RM00000000000000000000000000000000")),
        ("sid", Value::Null),
        ("status", Value::Null),
        ("status", json!(1)),
        ("account_sid", json!("AC")),
        ("room_sid", json!("RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")),
        ("date_created", json!("2026-01-01T12:00:00")),
        ("date_created", json!("10000-01-01T12:00:00Z")),
        ("date_created", json!("2026-02-30T12:00:00Z")),
        ("date_created", json!(1_420_070_400)),
        ("date_updated", json!("yesterday")),
        ("date_deleted", json!(false)),
        ("source_sid", json!("")),
        ("track_name", json!(["a"])),
        ("type", json!(true)),
        ("codec", json!({})),
        ("container_format", json!(7)),
        ("size", json!("23")),
        ("size", json!(23.0)),
        ("size", json!(-1)),
        ("duration", json!(1.5)),
        ("offset", json!("10")),
        ("grouping_sids", json!({"participant_sid": "MT00000000000000000000000000000000"})),
        ("url", json!(0)),
        ("links", json!("https://x")),
        ("media_external_location", json!(0)),
        ("encryption_key", json!(0)),
    ];
    let records: Vec<Value> = wrong
        .iter()
        .map(|(field, value)| {
            let mut record = recording(1);
            record[field] = value.clone();
            record
        })
        .collect();
    let body = page(&records, Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    for (item, (field, value)) in items(server.base_url()).into_iter().zip(&wrong) {
        let error = item.expect_err(field);
        let ErrorKind::InvalidRecord(bad) = error.kind() else { panic!("{error:?}") };
        assert_eq!(bad.field, Some(*field), "{value}: {error}");
    }
}

#[test]
fn a_record_of_another_room_is_bad_on_a_page_that_is_good_otherwise() {
    let mut foreign = recording(1);
    foreign["room_sid"] = json!("RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    let body = page(&[recording(0), foreign], Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let items = items(server.base_url());
    let [Ok(_), Err(error)] = &items[..] else { panic!("{items:?}") };
    assert_eq!(
        error.to_string(),
        "invalid record RT00000000000000000000000000000001 (page 0, index 1): room_sid: it is of room \
         RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, not of RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    );
}

#[test]
fn records_that_are_none_at_all() {
    let mut without = recording(0);
    without.as_object_mut().unwrap().remove("account_sid");
    let good = recording(0).to_string();
    let twice = good.replacen('{', "{\"size\": 1, ", 1);
    let beyond = good.replacen("143532775792", "99999999999999999999", 1);
    let values = format!("[null, \"RT\", [1, 2], 5, {without}, {twice}, {beyond}, {{}}, {good}]");
    let body = format!("{{\"meta\": {{\"next_page_url\": null}}, \"recordings\": {values}}}");
    let server = RawServer::start(vec![http("200 OK", "", body.as_bytes())]);
    let fields: Vec<_> = items(&server.base_url)
        .into_iter()
        .map(|item| match item.as_ref().map_err(Error::kind) {
            Ok(_) => "good",
            Err(ErrorKind::InvalidRecord(bad)) => bad.field.unwrap_or("whole"),
            Err(other) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        fields,
        ["whole", "whole", "whole", "whole", "account_sid", "size", "offset", "sid", "good"]
    );
}

#[test]
fn a_page_that_is_not_what_the_contract_says_ends_the_listing() {
    for (body, words) in [
        ("", "EOF while parsing a value"),
        ("<html>sign in</html>", "in a body that begins with \"<html>sign in</html>\""),
        ("null", "invalid type: null"),
        ("{}", "missing field `meta`"),
        (r#"{"recordings": []}"#, "missing field `meta`"),
        (r#"{"meta": {"next_page_url": null}}"#, "missing field `recordings`"),
        (r#"{"meta": {"next_page_url": null}, "recordings": null}"#, "expected a list of records"),
        (r#"{"meta": {"next_page_url": null}, "recordings": {}}"#, "expected a list of records"),
        (r#"{"meta": {}, "recordings": []}"#, "missing field `next_page_url`"),
        (r#"{"meta": {"next_page_url": 5}, "recordings": []}"#, "invalid type: integer `5`"),
        (
            r#"{"meta": {"next_page_url": null}, "meta": {}, "recordings": []}"#,
            "duplicate field `meta`",
        ),
        (r#"{"meta": {"next_page_url": null}, "recordings": []} {}"#, "trailing characters"),
    ] {
        assert_invalid_response(&with_body(body), words);
    }
    assert_invalid_response(&with_body(b"{\"a\": \"\xff\"}"), "not UTF-8 at byte 7");
    assert!(with_body("x").get_ref().unwrap().is::<serde_json::Error>());
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let body = format!("\u{feff}{}", page(&[recording(0)], Value::Null));
    let server = RawServer::start(vec![http("200 OK", "", body.as_bytes())]);
    assert!(matches!(&items(&server.base_url)[..], [Ok(_)]));
}

#[test]
fn what_came_before_a_failed_page_stays_good() {
    let first = page(&[recording(0), recording(1)], "/x?Page=1&PageToken=PT1");
    let server = Server::start(move |request| match request.parameter("PageToken") {
        None => json_response(200, &first),
        Some(_) => error_response(404, 20404, "gone"),
    });
    let items = items(server.base_url());
    assert!(matches!(&items[..], [Ok(_), Ok(_), Err(_)]));
    let error = items[2].as_ref().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound(_)));
    let point = error.resume_point().unwrap().to_string();
    let expected = format!("/v1/Rooms/{ROOM}/Recordings?PageSize=1000&Page=1&PageToken=PT1#1.0");
    assert_eq!(point, expected);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn only_the_token_is_taken_from_the_next_page_url() {
    let trap = Server::start(|_| json_response(200, &page(&[], Value::Null)));
    let address = trap.base_url().strip_prefix("http://").unwrap().to_owned();
    for url in [
        format!("http://{address}/v1/Rooms/{ROOM}/Recordings?PageToken=PT1&Page=1"),
        format!("https://user:password@{address}/?PageToken=PT1&Status=failed#frag?PageToken=x"),
        format!("//{address}/v1/Rooms/RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/Recordings?PageToken=PT1"),
        "/relative?PageSize=1&PageToken=PT1".to_owned(),
        "ftp:?PageToken=PT1".to_owned(),
    ] {
        let (first, last) = (page(&[recording(0)], url), page(&[recording(1)], Value::Null));
        let server = Server::start(move |request| {
            json_response(
                200,
                if request.parameter("PageToken").is_some() { &last } else { &first },
            )
        });
        assert!(matches!(&items(server.base_url())[..], [Ok(_), Ok(_)]));
        let second = server.requests()[1].clone();
        assert_eq!(second.uri.path(), format!("/v1/Rooms/{ROOM}/Recordings"));
        assert_eq!(second.parameter("PageToken").as_deref(), Some("PT1"));
        assert_eq!(second.parameter("PageSize").as_deref(), Some("1000"));
        assert_eq!(second.parameter("Status"), None);
    }
    assert!(trap.requests().is_empty());
}

#[test]
fn an_empty_page_in_the_middle_is_followed() {
    let bodies = [
        page(&[recording(0)], "?Page=1&PageToken=PT1"),
        page(&[], "?Page=2&PageToken=PT2"),
        page(&[recording(1)], Value::Null),
    ];
    let server = RawServer::start(bodies.iter().map(close).collect());
    assert!(matches!(&items(&server.base_url)[..], [Ok(_), Ok(_)]));
    assert_eq!(server.requests(), 3);
}

fn close(body: &Value) -> Vec<u8> {
    http("200 OK", "Connection: close\r\n", body.to_string().as_bytes())
}

#[test]
fn empty_pages_without_end_are_not() {
    let number = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        json_response(200, &page(&[], format!("?PageToken=PT{number}")))
    });
    let items = items(server.base_url());
    assert_eq!(items.len(), 1);
    assert_invalid_response(items[0].as_ref().unwrap_err(), "100 empty pages in a row");
    assert_eq!(server.requests().len(), 100);
}

#[test]
fn a_token_seen_before_is_a_cycle_of_any_length() {
    for length in [1_usize, 2, 7] {
        // Page 0 leads to PT1, PT1 to PT2 and so on, and the last of the circle to PT1 again.
        let server = Server::start(move |request| {
            let token = request.parameter("PageToken");
            let at = token.map_or(0, |token| token[2..].parse::<usize>().unwrap());
            let next = if at == length { 1 } else { at + 1 };
            json_response(200, &page(&[recording(at)], format!("?Page={at}&PageToken=PT{next}")))
        });
        let items = items(server.base_url());
        let (end, good) = items.split_last().unwrap();
        let sids: Vec<_> = good.iter().map(|it| it.as_ref().unwrap().sid.to_string()).collect();
        let expected: Vec<_> = (0..=length).map(|number| format!("RT{number:032x}")).collect();
        assert_eq!(sids, expected);
        let end = end.as_ref().unwrap_err();
        assert!(
            matches!(end.kind(), ErrorKind::PaginationLoop { page } if *page == length as u64),
            "{end}"
        );
        assert_eq!(server.requests().len(), length + 1);
    }
}

#[test]
fn a_next_page_that_is_the_first_one_is_a_cycle() {
    let server =
        Server::start(|_| json_response(200, &page(&[recording(0)], "?Page=0&PageSize=50")));
    assert!(matches!(&items(server.base_url())[..], [Ok(_), Err(_)]));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_next_page_without_a_token_is_asked_for_by_number_and_without_either_is_an_error() {
    let server = Server::start(|request| match request.parameter("Page") {
        None => json_response(200, &page(&[recording(0)], "?Page=1&PageSize=50")),
        Some(_) => error_response(400, 20001, "Page without PageToken"),
    });
    let refused = items(server.base_url());
    assert!(matches!(&refused[..], [Ok(_), Err(_)]));
    assert_eq!(refused[1].as_ref().unwrap_err().api_error().unwrap().code, Some(20001));

    for url in ["https://video.twilio.com/v1", "?PageSize=50", "", "?PageToken=&Page="] {
        let body = page(&[recording(0)], url);
        let server = Server::start(move |_| json_response(200, &body));
        let items = items(server.base_url());
        assert!(matches!(&items[..], [Ok(_), Err(_)]));
        assert_invalid_response(items[1].as_ref().unwrap_err(), "has neither Page nor PageToken");
    }
}

#[test]
fn a_next_page_url_that_cannot_be_meant() {
    let long = format!("?PageToken={}", "x".repeat(5000));
    for (url, words) in
        [(long.as_str(), "more than 4096 bytes"), ("?PageToken=a&PageToken=b", "two PageToken")]
    {
        let body = page(&[recording(0)], url);
        let server = RawServer::start(vec![ok(&body)]);
        let items = items(&server.base_url);
        assert!(matches!(&items[..], [Ok(_), Err(_)]));
        assert_invalid_response(items[1].as_ref().unwrap_err(), words);
    }
}

#[test]
fn redirects_and_other_statuses_are_not_followed() {
    let trap = Server::start(|_| json_response(200, &page(&[], Value::Null)));
    let location = format!("Location: {}/elsewhere\r\n", trap.base_url());
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        assert_invalid_response(&only_error(http(status, &location, b"")), "a redirect to");
    }
    assert_invalid_response(&only_error(http("302 Found", "", b"")), "expected 200, got 302");
    assert_invalid_response(&only_error(http("201 Created", "", b"{}")), "expected 200, got 201");
    assert!(trap.requests().is_empty());
}

#[test]
fn an_agent_handed_over_does_not_weaken_the_limits() {
    use std::time::Duration;
    use twilio_room_recordings::ureq::{Proxy, config::Config};

    let trap = Server::start(|_| json_response(200, &page(&[], Value::Null)));
    let config = Config::builder()
        .max_redirects(10)
        .http_status_as_error(true)
        .timeout_global(Some(Duration::from_secs(3600)))
        .proxy(Some(Proxy::new(trap.base_url()).unwrap()))
        .build();
    let redirect = http("302 Found", &format!("Location: {}/\r\n", trap.base_url()), b"");
    let not_found = http("404 Not Found", "", b"{\"code\": 20404}");
    for (raw, words) in [(redirect, "a redirect to"), (not_found, "code 20404")] {
        let server = RawServer::start(vec![raw]);
        let client = builder(&server.base_url).agent(config.clone()).build().unwrap();
        let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let slow = RawServer::start_with(1, |_, stream| {
        // Until the client gives up.
        let _ = std::io::Read::read(stream, &mut [0]);
    });
    let client = builder(&slow.base_url)
        .agent(config)
        .attempt_timeout(Duration::from_millis(50))
        .retry(RetryPolicy::off())
        .build()
        .unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error:?}");
    assert!(trap.requests().is_empty());

    let filler = format!("X-Filler: {}\r\n", "a".repeat(100_000));
    let server = RawServer::start(vec![http("200 OK", &filler, b"{}")]);
    let roomy = Config::builder().max_response_header_size(1_000_000).build();
    let client = builder(&server.base_url).agent(roomy).build().unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    assert_invalid_response(&error, "header is too big");

    let config = Config::builder().user_agent("line\nbreak").build();
    let error = builder("http://127.0.0.1:1").agent(config).build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)));
}

#[test]
fn dates_at_the_edge_are_decided() {
    let mut leap = recording(0);
    leap["date_created"] = json!("2016-12-31T23:59:60Z");
    let mut offset = recording(1);
    offset["date_created"] = json!("2026-01-01t14:00:00.25+02:00");
    let body = page(&[leap, offset], Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let listed: Vec<_> = items(server.base_url()).into_iter().map(Result::unwrap).collect();
    assert_eq!(listed[0].date_created.unix_timestamp(), 1_483_228_799);
    assert_eq!(listed[1].date_created.unix_timestamp(), 1_767_268_800);
    for recording in listed {
        let written = serde_json::to_string(&recording).unwrap();
        assert_eq!(serde_json::from_str::<RoomRecording>(&written).unwrap(), recording);
    }
}

#[test]
fn a_token_that_has_expired_is_told_and_the_listing_can_be_started_anew() {
    let server = Server::start(|request| match request.parameter("PageToken") {
        None => json_response(200, &page(&[recording(0)], Value::Null)),
        Some(_) => error_response(400, 20001, "Invalid PageToken"),
    });
    let client = client(server.base_url());
    let stored = format!("/v1/Rooms/{ROOM}/Recordings?PageSize=1000&Page=1&PageToken=PT1#1.0");
    let resumed = client.recordings(room()).resume(stored.parse().unwrap());
    let error = resumed.into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.api_error().unwrap().status, error.attempts()), (400, 1));
    assert!(client.recordings(room()).into_iter().all(|it| it.is_ok()));
}

#[test]
fn no_secret_is_in_any_output() {
    let echo = |request: &crate::support::fake_server::ReceivedRequest| {
        let authorization = request.headers["authorization"].to_str().unwrap();
        let message = format!("you sent {authorization} for {SECRET}").replace('é', "\\u00e9");
        let body = format!("{{\"message\": \"{message}\"}}");
        axum::response::Response::builder().status(400).body(body.into()).unwrap()
    };
    let server = Server::start(echo);
    let client = client(server.base_url());
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    let encoded = server.requests()[0].headers["authorization"].to_str().unwrap()[6..].to_owned();
    let builder = builder(server.base_url());
    let mut shown = format!("{client:?}{builder:?}{:?}", client.recordings(room()).into_iter());
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(link) = cause {
        shown += &format!("{link}{link:?}{link:#?}");
        cause = link.source();
    }
    assert!(shown.contains("you sent Basic [redacted] for [redacted]"), "{shown}");
    assert!(!shown.contains(SECRET) && !shown.contains(&encoded), "{shown}");
}

#[test]
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn https_without_tls_is_refused_when_the_client_is_built() {
    let error = builder("https://video.twilio.com").build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)));
    assert!(error.to_string().contains("this build has no TLS"), "{error}");
}

/// Runs the ignored test below in a process with this environment alone.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn from_env(variables: &[(&str, &str)]) -> String {
    let this = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new(this);
    command.args([
        "--exact",
        "errors::prints_the_client_of_the_environment",
        "--ignored",
        "--nocapture",
    ]);
    command.env_clear().envs(variables.iter().copied());
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
#[ignore = "it is run by the test of the environment, in a process of its own"]
fn prints_the_client_of_the_environment() {
    use twilio_room_recordings::{Client, Credentials};
    match Client::from_env() {
        Ok(client) => println!("{:?} {client:?}", Credentials::from_env().unwrap()),
        Err(error) => println!("{error}"),
    }
}

#[test]
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn credentials_from_the_environment() {
    let account = ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let token = ("TWILIO_AUTH_TOKEN", "t");
    let key = ("TWILIO_API_KEY", "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let secret = ("TWILIO_API_SECRET", "s");
    let (region, edge) = (("TWILIO_REGION", "ie1"), ("TWILIO_EDGE", "dublin"));
    for (variables, words) in [
        (vec![account, token], "username: \"ACaaaa"),
        (vec![account, token, key, secret], "username: \"SKaaaa"),
        (vec![account, key, secret], "username: \"SKaaaa"),
        (vec![account, token, region, edge], "https://video.dublin.ie1.twilio.com"),
        (vec![account, token, edge, ("TWILIO_API_KEY", "")], "https://video.dublin.us1.twilio.com"),
        (vec![], "missing credentials: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        (vec![account], "TWILIO_ACCOUNT_SID is set, but TWILIO_AUTH_TOKEN is not"),
        (vec![account, ("TWILIO_AUTH_TOKEN", "")], "TWILIO_AUTH_TOKEN is not"),
        (vec![token], "TWILIO_AUTH_TOKEN is set, but TWILIO_ACCOUNT_SID is not"),
        (vec![account, token, key], "TWILIO_API_KEY is set, but TWILIO_API_SECRET is not"),
        (vec![("TWILIO_ACCOUNT_SID", "AC1"), token], "invalid TWILIO_ACCOUNT_SID \"AC1\""),
    ] {
        let shown = from_env(&variables);
        assert!(shown.contains(words), "{variables:?}: {shown}");
    }
}
