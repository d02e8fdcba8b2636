//! The number of connections that a client opens.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use serde_json::{Value, json};
use twilio_room_recordings::{Client, RetryPolicy, RoomRecording};

use crate::support::fake_server::recording;
use crate::support::{RawServer, builder, http, ok, page, read_head, room};

const THREADS: usize = 16;
const DOWNLOADS: usize = 10;
const MEDIA: &[u8] = &[7; 100_000];

/// A server that keeps its connections open, and counts them.
struct Counting {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl Counting {
    fn start(response: Vec<u8>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let response = response.clone();
                thread::spawn(move || {
                    while !read_head(&mut stream).is_empty() && stream.write_all(&response).is_ok()
                    {
                    }
                });
            }
        });
        Self { url, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Starts an API that redirects to a storage.
fn servers() -> (Counting, Counting) {
    let storage = Counting::start(http("200 OK", "", MEDIA));
    let location = format!("Location: {}/media\r\n", storage.url);
    (Counting::start(http("302 Found", &location, b"{}")), storage)
}

fn download_in_threads(client: &Client) {
    let mut record = recording(0);
    record["size"] = json!(MEDIA.len());
    let recording: RoomRecording = serde_json::from_value(record).unwrap();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..DOWNLOADS {
                    client.media(&recording).write_to(&mut std::io::sink()).unwrap();
                }
            });
        }
    });
}

#[test]
fn threads_open_at_most_one_connection_each_to_the_api_and_to_the_storage() {
    let (api, storage) = servers();
    download_in_threads(&builder(&api.url).build().unwrap());
    assert!(api.connections() <= THREADS, "{} connections to the API", api.connections());
    assert!(storage.connections() <= THREADS, "{} to the storage", storage.connections());
}

#[test]
fn reader_that_is_read_to_its_end_returns_its_connection() {
    let (api, storage) = servers();
    let client = builder(&api.url).build().unwrap();
    let mut record = recording(0);
    record["size"] = json!(MEDIA.len());
    let recording: RoomRecording = serde_json::from_value(record).unwrap();
    for _ in 0..5 {
        let mut reader = client.media(&recording).reader().unwrap();
        std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    }
    assert_eq!((api.connections(), storage.connections()), (1, 1));
}

#[test]
fn bytes_behind_a_response_are_retried_over_another_connection() {
    for bytes in ["0\r\n\r\n", "   HTTP/1.1 200 OK\r\n\r\n", "{}"] {
        let (first, second) = (page(&[recording(0)], "?PageToken=PT1"), page(&[], Value::Null));
        // The second connection is kept, like the first.
        let server = RawServer::start_with(2, move |number, stream| match number {
            0 => {
                stream.write_all(&ok(&first)).unwrap();
                read_head(stream);
                stream.write_all(bytes.as_bytes()).unwrap();
            }
            _ => stream.write_all(&ok(&second)).unwrap(),
        });
        let client = builder(&server.base_url).build().unwrap();
        let items: Vec<_> = client.recordings(room()).into_iter().collect();
        assert!(matches!(items[..], [Ok(_)]), "{bytes:?}: {items:?}");
        assert_eq!(server.requests(), 2);
    }
}

#[test]
fn bytes_behind_a_response_of_the_storage_are_retried_over_another_connection() {
    let storage = RawServer::start_with(2, |number, stream| {
        stream.write_all(&http("200 OK", "", MEDIA)).unwrap();
        if number == 0 {
            read_head(stream);
            stream.write_all(b"0\r\n\r\n").unwrap();
        }
    });
    let location = format!("Location: {}/media\r\n", storage.base_url);
    let api = Counting::start(http("302 Found", &location, b"{}"));
    let mut record = recording(0);
    record["size"] = json!(MEDIA.len());
    let recording: RoomRecording = serde_json::from_value(record).unwrap();
    let client = builder(&api.url).build().unwrap();
    for _ in 0..2 {
        client.media(&recording).write_to(&mut std::io::sink()).unwrap();
    }
    assert_eq!(storage.requests(), 2);
}

#[test]
fn coding_of_a_body_that_is_not_there_is_ignored() {
    let coding = "Content-Encoding: gzip\r\n";
    let mut record = recording(0);
    record["size"] = json!(MEDIA.len());
    let recording: RoomRecording = serde_json::from_value(record).unwrap();

    let storage = RawServer::start(vec![http("200 OK", "", MEDIA)]);
    let headers = format!("{coding}Location: {}/media\r\n", storage.base_url);
    let deleted = format!("HTTP/1.1 204 No Content\r\n{coding}\r\n").into_bytes();
    let api = RawServer::start(vec![http("302 Found", &headers, b""), deleted]);
    let client = builder(&api.base_url).retry(RetryPolicy::off()).build().unwrap();
    client.media(&recording).write_to(&mut std::io::sink()).unwrap();
    client.recording(room(), recording.sid).delete().unwrap();
}
