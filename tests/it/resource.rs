//! One recording by its SIDs: fetch, delete.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::support::fake_server::{
    ROOM, Server, error_response, json_response, recording, serve_room,
};
use crate::support::{RawServer, after, client, http, ok, room};
use serde_json::{Value, json};
use twilio_room_recordings::{Client, Deletion, Error, ErrorKind, RecordingResource};

fn resource(client: &Client, number: usize) -> RecordingResource {
    client.recording(room(), format!("RT{number:032x}").parse().unwrap())
}

#[test]
fn fetched_record_equals_the_listed_one() {
    let server = serve_room((0..3).map(recording).collect());
    let client = client(server.base_url());
    let listed: Vec<_> = client.recordings(room()).into_iter().map(Result::unwrap).collect();
    let resource = resource(&client, 1);
    assert_eq!((resource.room_sid(), resource.sid()), (room(), listed[1].sid));
    assert_eq!(resource.fetch().unwrap(), listed[1]);
    let request = server.requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.uri.to_string()), ("GET", path(1)));
}

fn path(number: usize) -> String {
    format!("/v1/Rooms/{ROOM}/Recordings/RT{number:032x}")
}

#[test]
fn response_that_is_not_the_requested_record_is_an_error() {
    let mut bad = recording(1);
    bad["size"] = json!("big");
    let mut of_another_room = recording(1);
    of_another_room["room_sid"] = json!(format!("RM{}", "b".repeat(32)));
    of_another_room["grouping_sids"] = Value::Null;
    for (body, start) in [
        (bad, "invalid record RT00000000000000000000000000000001: size \"big\": expected a "),
        (of_another_room, "invalid record RT00000000000000000000000000000001: room_sid \"RMbbbb"),
        (json!(null), "invalid record (page 0, index 0): null: expected an object"),
        (recording(2), "invalid record RT00000000000000000000000000000002: sid \"RT0000"),
    ] {
        let server = Server::start(move |_| json_response(200, &body));
        let error = resource(&client(server.base_url()), 1).fetch().unwrap_err();
        assert!(error.to_string().starts_with(start), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
    let server = Server::start(|_| error_response(404, 20404, "gone"));
    let error = resource(&client(server.base_url()), 1).fetch().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound(_)), "{error:?}");
}

#[test]
fn truncated_record_is_retried() {
    let complete = ok(&recording(1));
    let server = RawServer::start(vec![complete[..complete.len() - 20].to_vec(), vec![], complete]);
    assert!(resource(&client(&server.base_url), 1).fetch().is_ok());
}

#[test]
fn deletion_of_a_missing_recording_is_already_gone() {
    let server = serve_room((0..3).map(recording).collect());
    let client = client(server.base_url());
    assert_eq!(resource(&client, 1).delete().unwrap(), Deletion::Deleted);
    assert_eq!(resource(&client, 1).delete().unwrap(), Deletion::AlreadyGone);
    assert_eq!(client.recordings(room()).into_iter().count(), 2);
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.uri.to_string()), ("DELETE", path(1)));
}

#[test]
fn transient_failure_of_a_deletion_is_retried_and_a_rejection_is_returned() {
    let busy = http("503 Busy", "Connection: close\r\n", b"");
    let done = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec();
    let server = RawServer::start(vec![busy, vec![], done]);
    let deleted = resource(&client(&server.base_url), 1).delete().unwrap();
    assert_eq!((deleted, server.requests()), (Deletion::Deleted, 3));

    let gone = br#"{"code": 20404, "message": "not found"}"#;
    let gone = http("404 Not Found", "Connection: close\r\n", gone);
    let server = RawServer::start(vec![vec![], gone]);
    let deleted = resource(&client(&server.base_url), 1).delete().unwrap();
    assert_eq!(deleted, Deletion::AlreadyGone);

    let server = Server::start(|_| error_response(401, 20003, "Authenticate"));
    let error = resource(&client(server.base_url()), 1).delete().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unauthorized(_)), "{error:?}");
}

#[test]
fn deletion_succeeds_with_any_2xx() {
    for status in [200, 202, 204, 299] {
        let server = Server::start(move |_| json_response(status, &Value::Null));
        let deleted = resource(&client(server.base_url()), 1).delete().unwrap();
        assert_eq!(deleted, Deletion::Deleted, "{status}");
    }
}

#[test]
fn deletion_with_an_error_in_the_body_is_that_error() {
    for (body, words) in [
        (json!({"code": 20403, "message": "forbidden", "status": 403}), "status 403"),
        (json!({"code": 20403, "message": "forbidden"}), "expected success, got forbidden"),
    ] {
        let server = Server::start(move |_| json_response(200, &body));
        let error = resource(&client(server.base_url()), 1).delete().unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn deletion_that_is_redirected_is_an_error() {
    let redirect =
        b"HTTP/1.1 303 See Other\r\nLocation: /other?token=s3cr3t\r\nContent-Length: 0\r\n\r\n";
    let server = RawServer::start(vec![redirect.to_vec()]);
    let error = resource(&client(&server.base_url), 1).delete().unwrap_err();
    let text = "invalid response from 127.0.0.1: expected 2xx, got 303, a redirect to /other";
    assert_eq!(error.to_string(), text);
}

#[test]
fn deadline_ends_fetch_deletion_and_media() {
    for send in [
        (|it| it.fetch().map(drop)) as fn(RecordingResource) -> Result<(), Error>,
        |it| it.delete().map(drop),
        |it| it.media().url().map(drop),
    ] {
        let silent = RawServer::start_with(1, |_, stream| {
            let _ = stream.read(&mut [0]);
        });
        let resource =
            resource(&client(&silent.base_url), 1).deadline(after(Duration::from_millis(200)));
        let start = Instant::now();
        let error = send(resource).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::DeadlineExceeded), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn deletion_is_only_already_gone_if_the_404_is_the_apis_own() {
    for (body, is_gone) in [
        (r#"{"code": 20404, "message": "The requested resource was not found"}"#, true),
        ("<html><title>404 Not Found</title></html>", false),
        (r#"{"message": "no Route matched with those values"}"#, false),
        ("", false),
    ] {
        let server = RawServer::start(vec![http("404 Not Found", "", body.as_bytes())]);
        match resource(&client(&server.base_url), 1).delete() {
            Ok(deletion) => assert_eq!((deletion, is_gone), (Deletion::AlreadyGone, true)),
            Err(error) => {
                assert!(!is_gone && matches!(error.kind(), ErrorKind::NotFound(_)), "{error}");
            }
        }
    }
}
