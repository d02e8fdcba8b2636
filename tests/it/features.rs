//! What is sent and decoded does not depend on the features of ureq that another crate of the program
//! has enabled. All tests run once more with all of those features: see `.ci/unified`.

use serde_json::{Value, json};
use twilio_room_recordings::ErrorKind;

use crate::support::fake_server::recording;
use crate::support::{IS_UNIFIED, RawServer, client, http, page, room};

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
