//! Encrypted media, and its encryption data.

use std::fs;

use serde_json::{Value, json};
use twilio_room_recordings::{Downloaded, Error, ErrorKind};

use crate::support::media::*;
use crate::support::storage::{Fate, Storage, api};
use crate::support::{client, http};

const KEY: &str = "x-amz-meta-x-amz-key: 0ZY1jiGSu/A=\r\n";
const IV: &str = "x-amz-meta-x-amz-iv: EmKjzVpvXC9rE6DJ00Xv7Q==\r\n";
const MORE: &str = "X-Amz-Meta-X-Amz-Matdesc: {}\r\nx-amz-meta-x-amz-new: 1\r\n\
                    x-amz-meta-x-amz-unencrypted-content-length: 20\r\n";

fn encryption_data() -> String {
    [KEY, IV, MORE].concat()
}

fn response(headers: &str, stored: &[u8]) -> Fate {
    Fate::Raw(http("200 OK", &format!("Connection: close\r\nETag: \"one\"\r\n{headers}"), stored))
}

fn encrypted(recorded: usize) -> Value {
    let mut json = completed(recorded);
    json["encryption_key"] = json!("CR1");
    json
}

fn download(json: &Value, fates: Vec<Fate>) -> (Result<Downloaded, Error>, Vec<u8>) {
    let storage = Storage::start(vec![9; 32], fates);
    let api = api(json.clone(), &storage.url);
    let mut out = Vec::new();
    let done = client(api.base_url()).media(&record(json.clone())).write_to(&mut out);
    (done, out)
}

#[test]
fn encryption_data_is_part_of_the_result_with_every_header() {
    let (done, _) = download(&completed(32), vec![response(&encryption_data(), &[9; 32])]);
    let encryption = done.unwrap().encryption.unwrap();
    let expected = json!({
        "key": "0ZY1jiGSu/A=",
        "iv": "EmKjzVpvXC9rE6DJ00Xv7Q==",
        "unencrypted_size": 20,
        "headers": {"x-amz-meta-x-amz-matdesc": "{}", "x-amz-meta-x-amz-new": "1"},
    });
    assert_eq!(serde_json::to_value(&encryption).unwrap(), expected);
    assert_eq!(
        serde_json::from_value::<twilio_room_recordings::Encryption>(expected).unwrap(),
        encryption
    );
    assert_eq!(download(&completed(32), vec![response("", &[9; 32])]).0.unwrap().encryption, None);
}

#[test]
fn recorded_size_is_that_before_or_after_encryption() {
    for (recorded, stored, is_accepted) in [
        (32, 32, true),
        (31, 32, true),
        (16, 32, true),
        (20, 36, true),
        (15, 32, false),
        (33, 32, false),
    ] {
        let data = encryption_data();
        // Either the storage or the record says that the media is encrypted.
        for (json, headers) in [(completed(recorded), &*data), (encrypted(recorded), "")] {
            let (done, out) = download(&json, vec![response(headers, &vec![9; stored])]);
            match is_accepted {
                true => assert_eq!((done.unwrap().size, out.len()), (stored as u64, stored)),
                false => {
                    let error = done.unwrap_err();
                    assert!(matches!(error.kind(), ErrorKind::MediaSizeMismatch { .. }), "{error}");
                }
            }
        }
        if recorded != stored {
            download(&completed(recorded), vec![response("", &vec![9; stored])]).0.unwrap_err();
        }
    }
}

#[test]
fn incomplete_encryption_data_is_an_error_that_names_the_header() {
    let bad_key = "x-amz-meta-x-amz-key: not Base64\r\n";
    let bad_iv = "x-amz-meta-x-amz-iv: A===\r\n";
    for (headers, name) in [
        (KEY.to_owned(), "x-amz-meta-x-amz-iv"),
        (IV.to_owned(), "x-amz-meta-x-amz-key"),
        ([bad_key, IV].concat(), "x-amz-meta-x-amz-key"),
        ([KEY, bad_iv].concat(), "x-amz-meta-x-amz-iv"),
        ([KEY, KEY, IV].concat(), "x-amz-meta-x-amz-key"),
        (MORE.to_owned(), "x-amz-meta-x-amz-key"),
    ] {
        let (done, out) = download(&completed(32), vec![response(&headers, &[9; 32])]);
        let message = done.unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
        assert!(out.is_empty());
    }
}

#[test]
fn encryption_data_that_one_response_had_is_not_given_up() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 32\r\nETag: \"one\"\r\n";
    let truncated = [head.as_bytes(), encryption_data().as_bytes(), b"\r\n", &[9; 8]].concat();
    let fates = vec![Fate::Raw(truncated), response("", &[9; 32]), response("", &[9; 32])];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    let storage = Storage::start(vec![9; 32], fates);
    let api = api(completed(32), &storage.url);
    let media = client(api.base_url()).media(&record(completed(32)));
    let message = media.download_to(&path).unwrap_err().to_string();
    assert!(message.contains("the storage sends no encryption data any more"), "{message}");
    assert!(!path.exists());
}

#[test]
fn encrypted_media_without_a_length_is_an_error() {
    let data = encryption_data();
    for (json, headers) in [(completed(32), &*data), (encrypted(32), "")] {
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}\r\n");
        let unframed = Fate::Raw([head.as_bytes(), &[9; 32]].concat());
        let (done, out) = download(&json, vec![unframed]);
        let message = done.unwrap_err().to_string();
        assert!(message.contains("does not name the size of encrypted media"), "{message}");
        assert!(out.is_empty());
    }
}

#[test]
fn file_that_is_there_is_returned_with_its_encryption_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mka");
    fs::write(&path, [9; 32]).unwrap();
    for recorded in [32, 31] {
        let storage = Storage::start(vec![], vec![response(&encryption_data(), &[9; 32])]);
        let api = api(encrypted(recorded), &storage.url);
        let media = client(api.base_url()).media(&record(encrypted(recorded)));
        let done = media.download_to(&path).unwrap();
        assert_eq!((done.size, done.transferred), (32, 0));
        assert_eq!(done.encryption.unwrap().unencrypted_size, Some(20));
        assert_eq!(storage.heads().len(), 1);
    }
}

#[test]
fn other_encryption_data_is_other_media() {
    let mut cut = http(
        "200 OK",
        &format!("Connection: close\r\nETag: \"one\"\r\n{}", encryption_data()),
        &[9; 32],
    );
    cut.truncate(cut.len() - 10);
    let other = format!(
        "Content-Range: bytes 22-31/32\r\nConnection: close\r\nETag: \"one\"\r\n{KEY}\
                         x-amz-meta-x-amz-iv: AAAA\r\n"
    );
    let rest = Fate::Raw(http("206 Partial Content", &other, &[9; 10]));
    let (done, _) = download(&completed(32), vec![Fate::Raw(cut), rest]);
    assert!(matches!(done.unwrap_err().kind(), ErrorKind::MediaChanged { .. }));
}
