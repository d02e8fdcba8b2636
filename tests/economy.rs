//! What a listing costs: connections, requests and memory, however long it is.

#[path = "it/support/mod.rs"]
mod support;

use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use support::fake_server::recording;
use support::pages::{PageServer, bodies};
use support::storage::api;
use support::{RawServer, client, room};
use twilio_room_recordings::Page;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// How many pages a long listing has: fewer where each takes its time.
const LONG: usize = if cfg!(debug_assertions) { 8 } else { 100 };

/// Memory is counted for all threads, so one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What this does to the heap.
fn counted(work: impl FnOnce()) -> dhat::HeapStats {
    let _profiler = dhat::Profiler::builder().testing().build();
    work();
    dhat::HeapStats::get()
}

#[test]
fn a_record_is_at_most_four_allocations() {
    let _alone = alone();
    let body = bodies(1, 1000).remove(0);
    let room = room();
    let stats = counted(|| {
        let page = Page::from_json(body.as_bytes(), room).unwrap();
        assert_eq!(page.recordings.iter().filter(|it| it.is_ok()).count(), 1000);
    });
    // Beside the records, there is the list of them, which grows by doubling.
    assert!((4000..4020).contains(&stats.total_blocks), "{stats:?}");
}

#[test]
fn a_long_listing_takes_one_connection_a_request_a_page_and_the_memory_of_a_page() {
    let _alone = alone();
    let [one_page, all] = [1, LONG].map(|pages| {
        let server = PageServer::start(bodies(pages, 1000), Duration::ZERO);
        let client = client(&server.base_url);
        let stats = counted(|| {
            let records = client.recordings(room()).into_iter();
            assert_eq!(records.inspect(|it| assert!(it.is_ok())).count(), pages * 1000);
        });
        assert_eq!(server.requests.load(Ordering::SeqCst), pages);
        assert_eq!(server.connections.load(Ordering::SeqCst), 1);
        stats.max_bytes
    });
    assert!(all < one_page + one_page / 50, "{one_page} bytes for a page, {all} for {LONG}");
}

/// Media of several gigabytes, where that takes no time.
#[test]
fn media_of_any_size_takes_the_same_memory() {
    let _alone = alone();
    let piece: &[u8] = &[7; 64 * 1024];
    let [small, large] = [16, if cfg!(debug_assertions) { 4096 } else { 80_000 }].map(|pieces| {
        let size = pieces * piece.len();
        let storage = RawServer::start_with(1, move |_, stream| {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            (0..pieces).for_each(|_| stream.write_all(piece).unwrap());
        });
        let mut recording = recording(0);
        recording["size"] = json!(size);
        let api = api(recording.clone(), format!("{}/media", storage.base_url));
        let media = client(api.base_url()).media(&serde_json::from_value(recording).unwrap());
        let stats = counted(|| {
            let done = media.write_to(&mut std::io::sink()).unwrap();
            assert_eq!(done.size, size as u64);
        });
        stats.max_bytes
    });
    assert!(large < small + small / 10, "{small} bytes for a small one, {large} for a large one");
    // With TLS, each connection has two more buffers.
    assert!(large < 512 * 1024, "{large} bytes");
}
