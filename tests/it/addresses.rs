//! The number of DNS queries, in a network of the test's own with its own name server.

use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use twilio_room_recordings::{ClientBuilder, RetryPolicy};

use crate::authority::Authority;
use crate::support::fake_server::recording;
use crate::support::{close, http, ok, page, room};

const PAGES: usize = 100;

/// A name server that knows every name. It does not respond to queries for names with `silent`.
#[derive(Clone)]
struct NameServer {
    queries: Arc<AtomicUsize>,
    /// The last byte of the address 127.0.0.0 that each name has; 0 for no response, 255 for names that
    /// do not exist.
    last_byte: Arc<AtomicU8>,
}

impl NameServer {
    fn start() -> Self {
        let server = Self { queries: Arc::default(), last_byte: Arc::new(AtomicU8::new(1)) };
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).unwrap();
        let this = server.clone();
        thread::spawn(move || {
            let mut buffer = [0; 512];
            loop {
                let (length, client) = socket.recv_from(&mut buffer).unwrap();
                this.queries.fetch_add(1, Ordering::SeqCst);
                let last_byte = this.last_byte.load(Ordering::SeqCst);
                let is_silent = buffer[..length].windows(6).any(|part| part == b"silent");
                if last_byte > 0 && !is_silent {
                    socket.send_to(&response(&buffer[..length], last_byte), client).unwrap();
                }
            }
        });
        server
    }

    fn queries(&self) -> usize {
        self.queries.load(Ordering::SeqCst)
    }
}

/// The response to a query: one address for the type A, none for any other.
fn response(query: &[u8], last_byte: u8) -> Vec<u8> {
    let name = query[12..].iter().position(|byte| *byte == 0).unwrap() + 13;
    let exists = last_byte != 255;
    let is_a = query[name..name + 2] == [0, 1] && exists;
    let mut response = query[..2].to_vec();
    let code = if exists { 0x80 } else { 0x83 };
    response.extend([0x81, code, 0, 1, 0, is_a.into(), 0, 0, 0, 0]);
    response.extend(&query[12..name + 4]);
    if is_a {
        response.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, last_byte]);
    }
    response
}

/// Runs an ignored test, by its full name, in a network with nothing but localhost.
fn in_network(test: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    fs::write(&file, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n").unwrap();
    let script =
        "ip link set lo up && mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"";

    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "--net", "sh", "-c", script, "sh"]).arg(file);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    let output = command.output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn assert_passes(test: &str) {
    let shown = in_network(test);
    assert!(shown.contains("test result: ok. 1 passed"), "{shown}");
}

#[test]
fn listing_resolves_its_host_once_and_survives_a_name_server_that_stops_responding() {
    assert_passes("addresses::lists_while_the_name_server_stops");
}

#[test]
#[ignore = "another test runs it in a network of its own"]
fn lists_while_the_name_server_stops() {
    let (name_server, authority) = (NameServer::start(), Authority::new());
    let served = AtomicUsize::new(0);
    let dns = name_server.clone();
    let port = authority.serve(&["video.example.test"], 2099, move |_| {
        let number = served.fetch_add(1, Ordering::SeqCst) + 1;
        if number == PAGES / 2 {
            dns.last_byte.store(0, Ordering::SeqCst);
        }
        let next = (number < PAGES).then(|| format!("?PageToken=PT{number}"));
        ok(&page(&[recording(number)], Value::from(next)))
    });

    let builder = authority.builder(&format!("https://video.example.test:{port}"));
    let client = builder.no_proxy().build().unwrap();
    let count = client.recordings(room()).into_iter().filter(Result::is_ok).count();
    assert_eq!(count, PAGES);
    // One for IPv4, and one for IPv6.
    assert_eq!(name_server.queries(), 2);
}

/// The builder of a client of a server with one recording, which serves one request per connection.
fn with_one_recording(authority: &Authority) -> ClientBuilder {
    let body = page(&[recording(0)], Value::Null).to_string();
    let port = authority
        .serve(&["video.example.test"], 2099, move |_| close("200 OK", "", body.as_bytes()));
    authority.builder(&format!("https://video.example.test:{port}")).no_proxy()
}

#[test]
fn address_is_kept_for_new_connections_and_dropped_after_one_that_failed() {
    assert_passes("addresses::lists_over_new_connections");
}

#[test]
#[ignore = "another test runs it in a network of its own"]
fn lists_over_new_connections() {
    let (name_server, authority) = (NameServer::start(), Authority::new());

    let dns = name_server.clone();
    let client = with_one_recording(&authority)
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
        .on_retry(move |_| dns.last_byte.store(1, Ordering::SeqCst))
        .build()
        .unwrap();
    let list = || assert!(client.recordings(room()).into_iter().all(|item| item.is_ok()));

    // Nothing listens there. The address is another one before the retry.
    name_server.last_byte.store(2, Ordering::SeqCst);
    list();
    assert_eq!(name_server.queries(), 4);

    name_server.last_byte.store(0, Ordering::SeqCst);
    for _ in 0..5 {
        list();
    }
    assert_eq!(name_server.queries(), 4);
}

#[test]
fn name_that_was_not_found_is_looked_up_again() {
    assert_passes("addresses::lists_when_the_name_exists");
}

#[test]
#[ignore = "another test runs it in a network of its own"]
fn lists_when_the_name_exists() {
    let (name_server, authority) = (NameServer::start(), Authority::new());
    let client = with_one_recording(&authority).retry(RetryPolicy::off()).build().unwrap();
    let list = || client.recordings(room()).into_iter().next().unwrap();

    name_server.last_byte.store(255, Ordering::SeqCst);
    let error = list().unwrap_err();
    assert!(error.to_string().contains("could not resolve the host name"), "{error}");
    name_server.last_byte.store(1, Ordering::SeqCst);
    list().unwrap();
}

#[test]
fn name_without_a_response_does_not_keep_others_from_being_resolved() {
    assert_passes("addresses::downloads_while_another_name_is_looked_up");
}

#[test]
#[ignore = "another test runs it in a network of its own"]
fn downloads_while_another_name_is_looked_up() {
    let (_name_server, authority) = (NameServer::start(), Authority::new());
    let port = Arc::new(OnceLock::new());
    let its_port = Arc::clone(&port);
    let hosts = ["video.example.test", "storage.example.test"];
    let respond = move |request: &str| {
        let host = if request.contains("RT00000000000000000000000000000000") {
            "silent"
        } else {
            "storage"
        };
        let port = its_port.get().unwrap();
        match request.contains("/Media") {
            true => {
                let url = format!("Location: https://{host}.example.test:{port}/\r\n");
                http("302 Found", &url, b"")
            }
            false => http("200 OK", "", &[7; 1000]),
        }
    };
    port.set(authority.serve(&hosts, 2099, respond)).unwrap();
    let client = authority
        .builder(&format!("https://video.example.test:{}", port.get().unwrap()))
        .no_proxy()
        .connect_timeout(Duration::from_millis(200))
        .retry(RetryPolicy::off())
        .build()
        .unwrap();
    let download = |number| {
        let mut record = recording(number);
        record["size"] = json!(1000);
        client.media(&serde_json::from_value(record).unwrap()).write_to(&mut std::io::sink())
    };

    let error = download(0).unwrap_err();
    assert!(error.to_string().contains("while resolving the host name"), "{error}");
    assert_eq!(download(1).unwrap().size, 1000);
}

#[test]
fn name_server_that_never_responds_is_a_timeout_that_names_the_phase() {
    assert_passes("addresses::lists_without_a_name_server");
}

#[test]
#[ignore = "another test runs it in a network of its own"]
fn lists_without_a_name_server() {
    let name_server = NameServer::start();
    name_server.last_byte.store(0, Ordering::SeqCst);
    let client = Authority::new()
        .builder("https://video.example.test")
        .no_proxy()
        .connect_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
    let line = "request to video.example.test timed out after 0.1 s while resolving the host name \
                (after 4 attempts)";
    assert_eq!(error.to_string(), line);
    // All attempts waited for the same thread.
    assert_eq!(name_server.queries(), 2);
}
