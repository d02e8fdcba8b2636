//! What the tests share: clients for servers on loopback, and a server of raw bytes.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use twilio_room_recordings::{
    Client, ClientBuilder, Credentials, Error, ErrorKind, RetryPolicy, RoomRecording, RoomSid,
};

#[path = "../../../examples/fake_server/mod.rs"]
pub mod fake_server;
pub mod media;
pub mod oauth;
pub mod pages;
pub mod proxy;
pub mod records;
pub mod storage;
pub mod token_server;

pub const SECRET: &str = "sécret:tøken 🔑";

/// Whether these tests are those of the package in `.ci/unified`, which enables all features of the
/// library's dependencies.
pub const IS_UNIFIED: bool = matches!(env!("CARGO_PKG_NAME").as_bytes(), b"unified-features");

pub fn room() -> RoomSid {
    fake_server::ROOM.parse().expect("a room")
}

/// A builder whose waits are too short to be noticed.
pub fn builder(base_url: &str) -> ClientBuilder {
    let account = fake_server::ACCOUNT.parse().expect("an account");
    Client::builder(Credentials::auth_token(account, SECRET))
        .base_url(base_url)
        .retry(RetryPolicy::default().max_retries(3).initial_backoff(Duration::from_millis(1)))
}

pub fn client(base_url: &str) -> Client {
    builder(base_url).build().expect("a client")
}

/// Runs an ignored test, by its full name, in a process with this environment alone, and returns
/// what it prints.
pub fn in_process(test: &str, variables: &[(&str, &str)]) -> String {
    let this = std::env::current_exe().expect("this test's program");
    let mut command = Command::new(this);
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command.env_clear().envs(variables.iter().copied());
    let output = command.output().expect("a process");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether a program exists and succeeds with these arguments. A test that needs it ends otherwise.
#[track_caller]
pub fn is_available(program: &str, arguments: &[&str]) -> bool {
    let reason = match Command::new(program).args(arguments).output() {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    not_tested(&format!("{program}: {}", reason.trim_end()));
    false
}

/// Says that a test, or a part of it, cannot run here, and why. If `CI` is `true` it has to run, unless
/// this machine's kernel forbids what the test does.
#[track_caller]
pub fn not_tested(reason: &str) {
    let refusals = ["Operation not permitted", "Permission denied"];
    let is_forbidden = refusals.iter().any(|refusal| reason.contains(refusal));
    let is_required = std::env::var("CI").as_deref() == Ok("true") && !is_forbidden;
    assert!(!is_required, "cannot be tested here: {reason}");

    // Unlike what `eprintln` writes, this is shown although the test passes.
    let test = thread::current().name().unwrap_or_default().to_owned();
    let why = if is_forbidden { "forbidden on this machine: " } else { "" };
    let _ = writeln!(std::io::stderr(), "NOT TESTED: {test}: {why}{reason}");
}

/// All items of the room's listing. A listing that has ended stays ended.
pub fn items(base_url: &str) -> Vec<Result<RoomRecording, Error>> {
    let mut recordings = client(base_url).recordings(room()).into_iter();
    let items = recordings.by_ref().take(5000).collect();
    assert!((0..3).all(|_| recordings.next().is_none()));
    items
}

/// The error of a listing whose first response is this one, without retries.
pub fn only_error(response: Vec<u8>) -> Error {
    let server = RawServer::start(vec![response]);
    let client = builder(&server.base_url).retry(RetryPolicy::off()).build().unwrap();
    let mut recordings = client.recordings(room()).into_iter();
    let error = recordings.next().unwrap().unwrap_err();
    assert!(recordings.next().is_none());
    assert!(error.resume_point().is_some() && recordings.resume_point().is_some());
    error
}

#[track_caller]
pub fn assert_invalid_response(error: &Error, words: &str) {
    assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{error:?}");
    assert!(error.to_string().contains(words), "{error}");
}

/// A list answer's body.
pub fn page(recordings: &[Value], next_page_url: impl Into<Value>) -> Value {
    json!({"meta": {"page_size": 50, "next_page_url": next_page_url.into()}, "recordings": recordings})
}

/// A whole HTTP answer in bytes.
pub fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A response after which the connection is closed.
pub fn close(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    http(status, &format!("Connection: close\r\n{headers}"), body)
}

/// The first and only item of a listing.
pub fn first(server: &RawServer) -> Result<RoomRecording, Error> {
    let mut items: Vec<_> = client(&server.base_url).recordings(room()).into_iter().collect();
    assert_eq!(items.len(), 1);
    items.remove(0)
}

pub fn ok(body: &Value) -> Vec<u8> {
    http("200 OK", "", body.to_string().as_bytes())
}

/// A server that answers each connection's one request with bytes: broken ones, if need be. What
/// comes after the last of them is a refused connection.
pub struct RawServer {
    pub base_url: String,
    pub heads: Arc<Mutex<Vec<String>>>,
}

impl RawServer {
    pub fn start(answers: Vec<Vec<u8>>) -> Self {
        Self::start_with(answers.len(), move |number, stream| {
            // A client that has seen enough may be gone before all is written.
            let _ = stream.write_all(&answers[number]);
        })
    }

    pub fn start_with(
        connections: usize,
        answer: impl Fn(usize, &mut TcpStream) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heads);
        thread::spawn(move || {
            for number in 0..connections {
                let (mut stream, _) = listener.accept().expect("a connection");
                let head = read_head(&mut stream);
                log.lock().expect("a log").push(head);
                answer(number, &mut stream);
            }
        });
        Self { base_url, heads }
    }

    pub fn requests(&self) -> usize {
        self.heads.lock().expect("a log").len()
    }
}

/// Reads a request up to the end of its headers.
pub fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// The instant that is this much later.
#[must_use]
pub fn after(delay: Duration) -> Instant {
    Instant::now() + delay
}
