//! Responses that are errors, or not what the contract says.

use serde_json::{Value, json};
use twilio_room_recordings::{Error, ErrorKind};

use crate::support::fake_server::{Server, json_response, recording};
use crate::support::{RawServer, assert_invalid_response, http, items, only_error, page};

fn with_body(body: impl AsRef<[u8]>) -> Error {
    only_error(http("200 OK", "", body.as_ref()))
}

#[test]
fn each_error_status_has_its_kind() {
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
        "the API rejected the request: told (status 401, code 20003, host 127.0.0.1, request RQ1, \
         retry after 7 s, see https://x/y); \
         used account ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; check it and its auth token"
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
fn error_body_of_any_form_gives_a_readable_message() {
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
    for (kind, url) in [("https://x/20001", Some("https://x/20001")), ("about:blank", None)] {
        let body = json!({"type": kind, "title": "Bad"}).to_string();
        let error = Error::from_response(400, body.as_bytes());
        assert_eq!(error.api_error().unwrap().more_info.as_deref(), url);
    }
    assert_eq!(
        message("<html><title>502 from the proxy</title></html>"),
        "Bad Gateway, with a body that begins with \"<html><title>502 from the proxy</title></html>\""
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
fn error_body_of_several_pieces_is_read_to_its_end() {
    let body = json!({"a": "x".repeat(20_000), "message": "the last", "z": "x".repeat(20_000)});
    let error = only_error(http("502 Bad Gateway", "", body.to_string().as_bytes()));
    assert_eq!(error.api_error().unwrap().message, "the last");
}

#[test]
fn control_characters_of_the_server_are_escaped() {
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
fn invalid_body_ends_the_listing() {
    for (body, words) in [
        ("", "EOF while parsing a value"),
        ("<html>sign in</html>", "in a body that begins with \"<html>sign in</html>\""),
        ("null", "expected an object at line 1 column 4"),
        ("{}", "missing field `meta`"),
        (r#"{"recordings": []}"#, "missing field `meta`"),
        (r#"{"meta": {"next_page_url": null}}"#, "missing field `recordings`"),
        (r#"{"meta": {"next_page_url": null}, "recordings": null}"#, "expected a sequence"),
        (r#"{"meta": {"next_page_url": null}, "recordings": {}}"#, "expected a sequence"),
        (r#"{"meta": {}, "recordings": []}"#, "missing field `next_page_url`"),
        (
            r#"{"meta": {"next_page_url": 5}, "recordings": []}"#,
            "expected a string at line 1 column 28",
        ),
        (
            r#"{"meta": {"next_page_url": null}, "meta": {}, "recordings": []}"#,
            "duplicate field `meta`",
        ),
        (
            r#"{"meta": {"next_page_url": null, "next_page_url": "?Page=1"}, "recordings": []}"#,
            "duplicate field `next_page_url`",
        ),
        (r#"{"meta": {"next_page_url": null}, "recordings": []} {}"#, "trailing characters"),
    ] {
        assert_invalid_response(&with_body(body), words);
    }
    assert_invalid_response(&with_body(b"{\"a\": \"\xff\"}"), "not UTF-8 at byte 7");
    assert!(with_body("x").get_ref().unwrap().is::<serde_json::Error>());
    // The body of valid JSON says nothing about the fault, and may be of another's data.
    assert!(!with_body("{\"a\": 1}").to_string().contains("in a body that begins with"));
}

#[test]
fn byte_order_mark_is_ignored() {
    let body = format!("\u{feff}{}", page(&[recording(0)], Value::Null));
    let server = RawServer::start(vec![http("200 OK", "", body.as_bytes())]);
    assert!(matches!(&items(&server.base_url)[..], [Ok(_)]));
}

#[test]
fn redirect_of_the_api_is_not_followed() {
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
fn error_in_a_response_with_status_200_is_shown() {
    let error = with_body(r#"{"code": 20003, "message": "Authenticate", "status": 401}"#);
    assert!(matches!(error.kind(), ErrorKind::Unauthorized(_)), "{error:?}");
    assert_eq!(error.api_error().unwrap().code, Some(20003));

    let error = with_body(r#"{"code": 20500, "message": "Internal", "status": 500}"#);
    assert!(matches!(error.kind(), ErrorKind::ServerError(_)) && error.is_transient(), "{error:?}");

    let words = "expected success, got over quota (status 200, code 7)";
    assert_invalid_response(&with_body(r#"{"code": 7, "message": "over quota"}"#), words);
    let words = "expected success, got unavailable (status 200)";
    assert_invalid_response(&with_body(r#"{"error": "unavailable"}"#), words);
}
