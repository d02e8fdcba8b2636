//! Responses of the storage: redirects and ranges.

use serde_json::Value;
use twilio_room_recordings::{Error, ErrorKind, RoomRecording};

use crate::support::fake_server::{ROOM, Server, recording};
use crate::support::storage::{Fate, Storage, api};
use crate::support::{RawServer, builder, client, close, http};

const MEDIA: &[u8] = b"0123456789";

fn record() -> Value {
    let mut record = recording(0);
    record["size"] = MEDIA.len().into();
    record
}

fn download(api: &Server) -> Result<Vec<u8>, Error> {
    let client = builder(api.base_url()).build().unwrap();
    let mut received = Vec::new();
    client.media(&serde_json::from_value(record()).unwrap()).write_to(&mut received)?;
    Ok(received)
}

/// Downloads from a storage that deals so with the first requests.
fn download_after(fates: Vec<Fate>) -> (Result<Vec<u8>, Error>, Storage) {
    let storage = Storage::start(MEDIA.into(), fates);
    let api = api(record(), &storage.url);
    (download(&api), storage)
}

#[test]
fn redirect_to_another_host_of_the_same_scheme_is_followed() {
    let other = Storage::start(MEDIA.into(), vec![]);
    let location = other.url.strip_prefix("http:").unwrap().to_owned();
    assert!(location.starts_with("//"));
    let redirect = http("307 x", &format!("Location: {location}\r\n"), b"");
    let (received, storage) = download_after(vec![Fate::Raw(redirect)]);
    assert_eq!(received.unwrap(), MEDIA);
    assert_eq!((storage.heads().len(), other.heads().len()), (1, 1));
    let target = location.split_once("/bucket").unwrap().1;
    assert!(other.heads()[0].starts_with(&format!("GET /bucket{target} HTTP/1.1\r\n")));
}

#[test]
fn relative_redirect_of_the_api_is_followed() {
    let recording: RoomRecording = serde_json::from_value(record()).unwrap();
    let directory = format!("/v1/Rooms/{ROOM}/Recordings/{}", recording.sid);
    for (location, path) in [
        ("/media/x?Signature=y", "/media/x?Signature=y".to_owned()),
        ("x", format!("{directory}/x")),
        ("?x", format!("{directory}/Media?x")),
    ] {
        let redirect = close("302 Found", &format!("Location: {location}\r\n"), b"");
        let server = RawServer::start(vec![redirect, close("200 OK", "", MEDIA)]);
        let media = client(&server.base_url).media(&recording);
        let mut received = Vec::new();
        media.write_to(&mut received).unwrap();
        assert_eq!(received, MEDIA);
        let head = server.heads.lock().unwrap()[1].clone();
        assert!(head.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{head}");
    }
}

#[test]
fn redirect_to_a_host_without_https_is_rejected_unless_it_is_localhost() {
    for location in ["//storage.example/x", "http://storage.example/x", "//u:p@127.0.0.1/x", "//"] {
        let redirect = http("302 x", &format!("Location: {location}\r\n"), b"");
        let (received, storage) = download_after(vec![Fate::Raw(redirect)]);
        let error = received.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{location}: {error:?}");
        assert!(!error.to_string().contains("u:p"), "{error}");
        assert_eq!(storage.heads().len(), 1);
    }
}

#[test]
fn content_range_in_any_form_is_accepted_if_it_holds_the_requested_byte() {
    let rest = |first: usize, range: &str| {
        let headers = format!("ETag: \"one\"\r\nContent-Range: {range}\r\n");
        Fate::Raw(http("206 Partial Content", &headers, &MEDIA[first..]))
    };
    for (first, range) in
        [(4, "bytes 4-9/*"), (4, "Bytes 4-9/10"), (3, "bytes 3-9/10"), (0, "BYTES 0-9/*")]
    {
        let (received, storage) = download_after(vec![Fate::CutAfter(4), rest(first, range)]);
        assert_eq!(received.unwrap(), MEDIA);
        assert_eq!(storage.ranges(), [0, 4]);
    }

    for range in ["bytes 5-9/10", "bytes */10", "bytes 4-9", "bytes -9/*", "4-9/10", "lines 4-9/10"]
    {
        let (received, _) = download_after(vec![Fate::CutAfter(4), rest(4, range)]);
        let error = received.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{range}: {error:?}");
    }
}

#[test]
fn only_a_resumed_request_has_a_range() {
    let (received, storage) = download_after(vec![Fate::CutAfter(0), Fate::CutAfter(3)]);
    assert_eq!(received.unwrap(), MEDIA);
    let has_range: Vec<_> = storage.heads().iter().map(|it| it.contains("range: ")).collect();
    assert_eq!(has_range, [false, false, true]);
}
