//! Responses beyond a limit of size: they end in an error, in limited time and memory.

use std::io::Write;

use serde_json::Value;
use twilio_room_recordings::{Error, ErrorKind};

use crate::support::fake_server::recording;
use crate::support::{RawServer, builder, client, close, first, page, room};

#[test]
fn body_larger_than_the_limit_is_an_error() {
    let body = page(&[recording(0)], Value::Null).to_string();
    let limit = body.len() as u64;
    let first = |server: &RawServer, limit| {
        let client = builder(&server.base_url).max_body_bytes(limit).build().unwrap();
        client.recordings(room()).into_iter().next().unwrap()
    };

    let server = RawServer::start(vec![close("200 OK", "", body.as_bytes()); 2]);
    assert!(first(&server, limit).is_ok());
    let error = first(&server, limit - 1).unwrap_err();
    assert!(error.to_string().contains(&format!("larger than {} bytes", limit - 1)), "{error}");
    assert_eq!(error.attempts(), 1);
}

#[test]
fn endless_body_is_an_error() {
    let endless = RawServer::start_with(1, |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b' '; 65536]).is_ok() {}
    });
    assert!(first(&endless).unwrap_err().to_string().contains("larger than 16777216 bytes"));
}

#[test]
fn headers_larger_than_the_limit_are_an_error() {
    let server = RawServer::start_with(4, |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        let many = format!("X-Filler: {}\r\n", "a".repeat(1000));
        while stream.write_all(many.as_bytes()).is_ok() {}
    });
    let error = first(&server).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{error:?}");
    assert!(error.to_string().contains("the headers are larger than 65536 bytes"), "{error}");
    assert_eq!(error.attempts(), 1);
}

#[test]
fn page_of_more_than_1000_records_is_an_error() {
    let zeros = vec![serde_json::Value::from(0); 1_000_000];
    let valid: Vec<_> = (0..1001).map(recording).collect();
    for records in [&zeros, &valid] {
        let body = page(records, serde_json::Value::Null).to_string();
        let server = RawServer::start(vec![close("200 OK", "", body.as_bytes())]);
        let error = first(&server).unwrap_err();
        assert!(error.to_string().contains("a page of more than 1000 records"), "{error}");
    }
}

#[test]
fn page_of_1000_records_may_hold_an_invalid_one() {
    let mut records: Vec<_> = (0..1000).map(recording).collect();
    records[999]["size"] = "big".into();
    let body = page(&records, serde_json::Value::Null).to_string();
    let server = RawServer::start(vec![close("200 OK", "", body.as_bytes())]);
    let items: Vec<_> = client(&server.base_url).recordings(room()).into_iter().collect();
    assert_eq!((items.len(), items.iter().filter(|it| it.is_ok()).count()), (1000, 999));
}

#[test]
fn deep_nesting_in_an_unknown_field_makes_the_record_invalid() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let record = recording(0).to_string().replacen('{', &format!("{{\"deep\": {deep}, "), 1);
    let records = format!("[{record}, {deep}, {}]", recording(1));
    let body = format!("{{\"meta\": {{\"next_page_url\": null}}, \"recordings\": {records}}}");
    let server = RawServer::start(vec![close("200 OK", "", body.as_bytes())]);
    let client = builder(&server.base_url).build().unwrap();
    let items: Vec<_> = client.recordings(room()).into_iter().collect();
    let [Err(nested), Err(deep), Ok(_)] = &items[..] else { panic!("{} items", items.len()) };
    for error in [nested, deep] {
        assert!(matches!(Error::kind(error), ErrorKind::InvalidRecord(_)));
    }
}
