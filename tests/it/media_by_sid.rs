//! Media of a recording of which only the SIDs are known: its record is requested first.

use serde_json::json;
use twilio_room_recordings::ErrorKind;

use crate::support::fake_server::{Server, json_response, media_redirect};
use crate::support::media::*;
use crate::support::storage::{Storage, api};
use crate::support::{client, room};

#[test]
fn recording_without_media_is_reported_before_the_media_is_requested() {
    for status in ["processing", "failed", "deleted"] {
        let mut json = completed(SIZE);
        json["status"] = json!(status);
        let storage = Storage::start(media_bytes(), vec![]);
        let api = api(json.clone(), &storage.url);
        let client = client(api.base_url());
        let known = client.media(&record(json));
        let by_sid = client.recording(room(), sid()).media();
        for media in [&known, &by_sid] {
            let error = media.url().unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::MediaUnavailable { status: it, .. } if *it == status),
                "{error:?}"
            );
            assert!(media.reader().is_err());
        }
        // Media by SID requests the record, and nothing else.
        assert!(api.requests().iter().all(|it| !it.uri.path().ends_with("/Media")));
        assert_eq!(api.requests().len(), 2);
        assert!(storage.heads().is_empty());
    }
}

#[test]
fn media_by_sid_does_without_the_fields_that_are_for_information() {
    for (field, value) in [
        ("duration", json!(-1)),
        ("links", json!([])),
        ("track_name", json!(7)),
        ("size", json!(null)),
    ] {
        let mut json = completed(SIZE);
        let path = json["sid"].clone();
        json[field] = value;
        let storage = Storage::start(media_bytes(), vec![]);
        let url = storage.url.clone();
        let media_path = format!("{}/Media", path.as_str().unwrap());
        let api = Server::start(move |request| match request.uri.path().ends_with(&media_path) {
            true => media_redirect(&url),
            false => json_response(200, &json),
        });
        let mut out = Vec::new();
        let media = client(api.base_url()).recording(room(), sid()).media();
        media.write_to(&mut out).unwrap_or_else(|error| panic!("{field}: {error}"));
        assert!(out == media_bytes());
    }
}

#[test]
fn media_by_sid_rejects_a_record_that_may_be_of_something_else() {
    let mut negative = completed(SIZE);
    negative["size"] = json!(-1);
    let mut other = completed(SIZE);
    other["sid"] = json!(format!("RT{}", "f".repeat(32)));
    let mut other_without_name = other.clone();
    other_without_name["track_name"] = json!(1);
    let array = json!(["completed", SIZE]);
    for (body, words) in [
        (negative, "-1"),
        (other, "the requested recording"),
        (other_without_name, "the requested recording"),
        (array, "expected"),
    ] {
        let api = Server::start(move |_| json_response(200, &body));
        let error = client(api.base_url()).recording(room(), sid()).media().url().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidRecord(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}
