//! The number of connections that a client opens.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use serde_json::json;
use twilio_room_recordings::{Client, RoomRecording};

use crate::support::fake_server::recording;
use crate::support::{builder, http, read_head};

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
                    client.media(&recording).download(&mut std::io::sink()).unwrap();
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
