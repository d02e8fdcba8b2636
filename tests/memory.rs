//! What a hostile answer costs in memory. One test, in a process of its own: the count is of all
//! its threads.
#![cfg(feature = "gzip")]

#[path = "it/support/mod.rs"]
mod support;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use support::{RawServer, builder, http, room};
use twilio_room_recordings::RetryPolicy;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The largest body, which is smaller where counting takes its time.
const LIMIT: usize = if cfg!(debug_assertions) { 256 * 1024 } else { 1024 * 1024 };

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).expect("memory to write to");
    let body = encoder.finish().expect("memory to write to");
    http("200 OK", "Connection: close\r\nContent-Encoding: gzip\r\n", &body)
}

/// Repeats a piece of JSON up to the limit.
fn filled(head: &str, piece: &str, tail: &str) -> Vec<u8> {
    let count = (LIMIT - head.len() - tail.len()) / piece.len();
    [head, &piece.repeat(count), tail].concat().into_bytes()
}

#[test]
fn hostile_body_takes_at_most_fifty_times_the_limit() {
    let head = r#"{"meta": {"next_page_url": null}, "recordings": ["#;
    let field = |name: &str| format!(r#"{head}{{"{name}": ""#);
    // A character that takes six in an escaped form.
    let delete = "\u{7f}";
    let hostile = [
        ("larger than", b" ".repeat(2 * LIMIT)),
        ("larger than", [head.as_bytes(), &b"[".repeat(2 * LIMIT)].concat()),
        ("more than 1000 records", filled(head, "null,", "null]}")),
        ("invalid record", filled(&format!("{head}\""), "x", "\\n\"]}")),
        ("invalid record", filled(&format!("{head}\""), delete, "\"]}")),
        ("invalid record", filled(&format!("{head}{{"), "\"\":0,", "\"\":0}]}")),
        ("invalid record", filled(&format!("{head}{{"), "\"a\":[],", "\"a\":0}]}")),
        ("invalid record", filled(&format!("{head}["), "0,", "0]]}")),
        ("duration", filled(&field("duration"), delete, "\"}]}")),
        ("links", filled(&field("links"), delete, "\"}]}")),
        ("date_created", filled(&field("date_created"), "\\u007f", "\"}]}")),
        ("room_sid", filled(&field("room_sid"), "\\u007f", "\"}]}")),
        ("is missing", filled(&field("track_name"), "\\u007f", "\"}]}")),
        ("expected an object", filled("\"", delete, "\"")),
        ("expected an object", filled("{\"meta\": \"", delete, "\"}")),
        ("expected a sequence", filled("{\"recordings\": \"", delete, "\"}")),
        (
            "next_page_url",
            filled("{\"meta\": {\"next_page_url\": \"?", "\\u007f", "\"}, \"recordings\": []}"),
        ),
        (
            "uri too long",
            filled(
                "{\"meta\": {\"next_page_url\": \"?PageToken=",
                "\\u007f",
                "\"}, \"recordings\": []}",
            ),
        ),
        ("invalid response", filled("{\"meta\": {", "\"page_size\": 0,", "")),
        ("invalid response", filled("", delete, "")),
    ];
    for (words, body) in hostile {
        let beginning = String::from_utf8_lossy(&body[..70]).into_owned();
        let response = gzip(&body);
        drop(body);
        let server = RawServer::start_with(1, move |_, stream| {
            // The client hangs up once it has read enough.
            let _ = stream.write_all(&response);
        });
        let client =
            builder(&server.base_url).max_body_bytes(LIMIT as u64).retry(RetryPolicy::off());
        let client = client.build().unwrap();
        let profiler = dhat::Profiler::builder().testing().build();
        let items = client.recordings(room()).into_iter().take(2000);
        let error = items.filter_map(Result::err).next().unwrap();
        let peak = dhat::HeapStats::get().max_bytes;
        drop(profiler);
        let message = error.to_string();
        assert!(message.contains(words), "{message}");
        assert!(message.len() < 4000, "{} bytes of a message", message.len());
        let times = peak as f64 / LIMIT as f64;
        println!("{times:.2} times the limit: {words}: {beginning}");
        assert!(times <= 50.0, "{times:.1} times the limit: {words}: {beginning}");
    }
}
