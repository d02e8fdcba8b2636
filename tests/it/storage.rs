//! Responses of the storage: redirects and ranges.

use serde_json::Value;
use twilio_room_recordings::{Error, ErrorKind};

use crate::support::fake_server::{Server, recording};
use crate::support::storage::{Fate, Storage, api};
use crate::support::{builder, http};

const MEDIA: &[u8] = b"0123456789";

fn record() -> Value {
    let mut record = recording(0);
    record["size"] = MEDIA.len().into();
    record
}

fn download(api: &Server) -> Result<Vec<u8>, Error> {
    let client = builder(api.base_url()).build().unwrap();
    let mut received = Vec::new();
    client.media(&serde_json::from_value(record()).unwrap()).download(&mut received)?;
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
fn redirect_to_a_host_without_https_is_rejected_unless_it_is_localhost() {
    for location in ["//storage.example/x", "http://storage.example/x", "//u:p@127.0.0.1/x", "//"] {
        let redirect = http("302 x", &format!("Location: {location}\r\n"), b"");
        let (received, storage) = download_after(vec![Fate::Raw(redirect)]);
        let error = received.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse(_)), "{location}: {error:?}");
        assert!(!error.to_string().contains("u:p"), "{error}");
        assert_eq!(storage.heads().len(), 1);
    }
}

#[test]
fn content_range_with_an_unknown_length_is_accepted() {
    let rest = |range: &str| {
        let headers = format!("ETag: \"one\"\r\nContent-Range: bytes {range}\r\n");
        Fate::Raw(http("206 Partial Content", &headers, &MEDIA[4..]))
    };
    let (received, storage) = download_after(vec![Fate::CutAfter(4), rest("4-9/*")]);
    assert_eq!(received.unwrap(), MEDIA);
    assert_eq!(storage.ranges(), [0, 4]);

    for range in ["3-9/*", "5-9/10", "*/10", "4-9", "-9/*", ""] {
        let (received, _) = download_after(vec![Fate::CutAfter(4), rest(range)]);
        let error = received.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidResponse(_)), "{range}: {error:?}");
    }
}

#[test]
fn only_a_resumed_request_has_a_range() {
    let (received, storage) = download_after(vec![Fate::CutAfter(0), Fate::CutAfter(3)]);
    assert_eq!(received.unwrap(), MEDIA);
    let has_range: Vec<_> = storage.heads().iter().map(|it| it.contains("range: ")).collect();
    assert_eq!(has_range, [false, false, true]);
}
