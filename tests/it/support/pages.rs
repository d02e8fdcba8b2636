//! A server of pages that are made beforehand, over connections that are kept alive.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::fake_server::recording;

/// The bodies of so many pages, each of which leads to the next. The pages differ only in the SIDs
/// of their records.
pub fn bodies(pages: usize, page_size: usize) -> Vec<String> {
    let records = Value::from_iter((0..page_size).map(recording)).to_string();
    let next = |number| Some(number).filter(|&number| number < pages);
    (1..=pages)
        .map(|number| {
            let sid = format!("\"sid\":\"RT{number:08x}");
            body(&records.replace("\"sid\":\"RT00000000", &sid), next(number))
        })
        .collect()
}

/// The body of a page of these records, which leads to the one of that number.
pub fn body(records: &str, next: Option<usize>) -> String {
    let next_page_url =
        next.map(|next| format!("https://video.twilio.com/?Page={next}&PageToken=PT{next}"));
    let meta = json!({"page_size": 1000, "next_page_url": next_page_url});
    format!("{{\"meta\": {meta}, \"recordings\": {records}}}")
}

pub struct PageServer {
    pub base_url: String,
    pub connections: Arc<AtomicUsize>,
    pub requests: Arc<AtomicUsize>,
}

impl PageServer {
    /// Serves these bodies, the page token `PTn` naming the one at `n`, each after a pause.
    pub fn start(bodies: Vec<String>, pause: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let (connections, requests) = (Arc::default(), Arc::default());
        let server = Self {
            base_url,
            connections: Arc::clone(&connections),
            requests: Arc::clone(&requests),
        };
        let bodies = Arc::new(bodies);
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (bodies, requests) = (Arc::clone(&bodies), Arc::clone(&requests));
                let stream = stream.expect("a connection");
                thread::spawn(move || answer(stream, &bodies, pause, &requests));
            }
        });
        server
    }
}

/// Answers one connection's requests, until the other side has had enough.
fn answer(
    mut stream: TcpStream,
    bodies: &[String],
    pause: Duration,
    requests: &AtomicUsize,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    while let Some(Ok(request)) = lines.next() {
        requests.fetch_add(1, Ordering::SeqCst);
        let token = request.split_once("PageToken=PT").and_then(|(_, rest)| rest.split(' ').next());
        let body = bodies.get(token.map_or(0, |number| number.parse().expect("a page")))?;
        lines.by_ref().find(|line| line.as_ref().is_ok_and(String::is_empty))?.ok()?;
        thread::sleep(pause);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
    }
    Some(())
}
