//! What a hostile answer costs in memory. One test, in a process of its own: the count is of all
//! its threads.
#![cfg(feature = "gzip")]

#[path = "it/support/mod.rs"]
mod support;

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use support::{RawServer, builder, http, room};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const BOUND: usize = 4 * 1024 * 1024;

fn gzip(mut body: impl Read) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    io::copy(&mut body, &mut encoder).expect("memory to write to");
    let body = encoder.finish().expect("memory to write to");
    http("200 OK", "Connection: close\r\nContent-Encoding: gzip\r\n", &body)
}

#[test]
fn a_hostile_body_costs_a_small_multiple_of_the_bound() {
    let head = br#"{"meta": {"next_page_url": null}, "recordings": ["#;
    let nulls = b"null,".repeat((BOUND - head.len()) / 5 - 4);
    let strings = format!("\"{}\\n\"]}}", "x".repeat(BOUND - head.len() - 9));
    let hostile = [
        ("larger than", gzip(io::repeat(b' ').take(16 * BOUND as u64))),
        ("larger than", gzip(head.chain(io::repeat(b'[').take(16 * BOUND as u64)))),
        ("more than 1000 records", gzip(head.chain(&nulls[..]).chain(&b"null]}"[..]))),
        ("invalid record", gzip(head.chain(strings.as_bytes()))),
    ];
    drop((nulls, strings));
    for (words, answer) in hostile {
        let server = RawServer::start_with(1, move |_, stream| {
            // The client hangs up once it has had enough.
            let _ = stream.write_all(&answer);
        });
        let client = builder(&server.base_url).max_body_bytes(BOUND as u64).build().unwrap();
        let profiler = dhat::Profiler::builder().testing().build();
        let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
        let peak = dhat::HeapStats::get().max_bytes;
        drop(profiler);
        assert!(error.to_string().contains(words), "{error}");
        assert!(peak < 8 * BOUND, "{words}: {peak} bytes at the peak, for a bound of {BOUND}");
    }
}
