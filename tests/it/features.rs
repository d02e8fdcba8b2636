//! What is sent and decoded does not depend on the features of ureq that another crate of the program
//! has enabled. All tests run once more with all of those features: see `.ci/unified`.

use serde_json::{Value, json};
use twilio_room_recordings::{ErrorKind, RoomRecording};

use crate::support::fake_server::{Server, media_redirect, recording};
use crate::support::{IS_UNIFIED, RawServer, client, http, ok, page, room};

#[test]
fn text_in_another_character_set_is_not_transcoded() {
    let media = b"\x84\x31\xa4\x37 \xe9";
    let mut record = recording(0);
    record["size"] = json!(media.len());
    let recording: RoomRecording = serde_json::from_value(record).unwrap();
    for (content_type, is_accepted) in [
        ("text/plain; charset=gb18030", false),
        ("text/plain;charset=ISO-8859-1", false),
        ("text/plain; charset=\"us-ascii\"", false),
        ("text/html; charset=utf-16", false),
        ("text/plain; charset=UTF-8", true),
        ("text/plain; charset=\"utf-8\"", true),
        ("text/plain; charset=utf8", true),
        ("text/plain", true),
        ("video/x-matroska; charset=gb18030", true),
        ("application/octet-stream", true),
    ] {
        let headers = format!("Content-Type: {content_type}\r\n");
        let storage = RawServer::start(vec![http("200 OK", &headers, media)]);
        let url = format!("{}/media", storage.base_url);
        let server = Server::start(move |_| media_redirect(&url));
        let mut out = Vec::new();
        let done = client(server.base_url()).media(&recording).download(&mut out);
        match done {
            Ok(_) => assert!(is_accepted && out == media, "{content_type}: {out:?}"),
            Err(error) => {
                assert!(!is_accepted && out.is_empty(), "{content_type}: {error}");
                assert!(error.to_string().contains("character set"), "{error}");
            }
        }
    }
}

#[test]
fn page_in_another_character_set_is_an_invalid_response() {
    let body = page(&[recording(0)], Value::Null).to_string();
    let response = http("200 OK", "Content-Type: text/json; charset=gb18030\r\n", body.as_bytes());
    let server = RawServer::start(vec![response]);
    let error = client(&server.base_url).recordings(room()).into_iter().next().unwrap();
    assert!(matches!(error.unwrap_err().kind(), ErrorKind::InvalidResponse(_)));
}

#[test]
fn cookies_are_not_sent() {
    let cookie = "Set-Cookie: session=secret; Path=/\r\n";
    let storage = RawServer::start(vec![http("200 OK", cookie, &[7; 10]); 2]);
    let location = format!("Location: {}/media\r\n{cookie}", storage.base_url);
    let list = ok(&page(&[], Value::Null));
    let redirect = http("302 Found", &location, b"");
    let api = RawServer::start(vec![redirect.clone(), redirect, list]);

    let mut record = recording(0);
    record["size"] = json!(10);
    let recording: RoomRecording = serde_json::from_value(record).unwrap();
    let client = client(&api.base_url);
    for _ in 0..2 {
        client.media(&recording).download(&mut std::io::sink()).unwrap();
    }
    assert!(client.recordings(room()).into_iter().all(|item| item.is_ok()));
    let heads = [api.heads.lock().unwrap().clone(), storage.heads.lock().unwrap().clone()].concat();
    assert_eq!(heads.len(), 5);
    assert!(heads.iter().all(|head| !head.to_lowercase().contains("cookie")), "{heads:?}");
}

#[test]
fn truncated_or_damaged_gzip_page_is_retried() {
    if !cfg!(feature = "gzip") && !IS_UNIFIED {
        return;
    }

    let good = page(&[recording(0)], Value::Null).to_string();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, good.as_bytes()).unwrap();
    let compressed = encoder.finish().unwrap();
    let mut damaged = compressed.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let checksum_at = damaged.len() - 8;
    damaged[checksum_at] ^= 1;
    let truncated = compressed[..compressed.len() - 20].to_vec();

    let headers = "Content-Encoding: gzip\r\nConnection: close\r\n";
    for broken in [truncated, damaged, b"not gzip".to_vec(), Vec::new()] {
        let responses =
            [http("200 OK", headers, &broken), http("200 OK", headers, &compressed)].to_vec();
        let server = RawServer::start(responses);
        let items: Vec<_> = client(&server.base_url).recordings(room()).into_iter().collect();
        assert!(matches!(&items[..], [Ok(_)]), "{items:?}");
        assert_eq!(server.requests(), 2);
    }
}

/// With its feature `arbitrary_precision`, serde_json reads numbers in another way.
#[test]
fn numbers_in_a_record_are_read_the_same() {
    for (field, number, is_valid) in [
        ("size", "0", true),
        ("size", "18446744073709551615", true),
        ("size", "18446744073709551616", false),
        ("size", "23.0", true),
        ("size", "1e3", true),
        ("size", "23.5", false),
        ("size", "-1", false),
        ("offset", "-9223372036854775808", true),
        ("offset", "-1.0", true),
        ("status", "1.50", false),
        ("track_name", "-1", false),
        ("unknown", "-123456789012345678901234567890.5e-7", true),
    ] {
        let mut record = recording(0);
        record[field] = json!("PLACE");
        let record = record.to_string().replace("\"PLACE\"", number);
        let meta = "{\"page_size\": 50, \"next_page_url\": null}";
        let body = format!("{{\"meta\": {meta}, \"recordings\": [{record}]}}");
        let server = RawServer::start(vec![http("200 OK", "", body.as_bytes())]);

        let items: Vec<_> = client(&server.base_url).recordings(room()).into_iter().collect();
        match &items[..] {
            [Ok(_)] => assert!(is_valid, "{field}: {number}"),
            [Err(error)] => {
                let ErrorKind::InvalidRecord(record) = error.kind() else { panic!("{error:?}") };
                assert_eq!((is_valid, record.field.as_deref()), (false, Some(field)), "{number}");
                assert!(record.json.contains(number), "{}", record.json);
            }
            _ => panic!("{field}: {number}: {items:?}"),
        }
    }
}
