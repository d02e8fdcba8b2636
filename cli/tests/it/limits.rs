//! `--timeout`, `--deadline` and `--retries`.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use super::support::program::{Run, program, run};
use super::support::room::ArchivedRoom;
use super::support::{ROOM, Server, error_response, recording, sid};

/// Accepts connections, and never responds.
fn silent_server() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, url)
}

#[test]
fn timeout_limits_one_attempt() {
    let (_listener, url) = silent_server();
    let start = Instant::now();
    let arguments = ["list", ROOM, "--timeout", "1", "--retries", "0"];
    let listed = Run::of(program(&url).args(arguments)).expect(1);
    assert!((1..20).contains(&start.elapsed().as_secs()));
    assert!(listed.stderr.starts_with(&format!("error: {ROOM}: ")), "{}", listed.stderr);
}

#[test]
fn deadline_limits_the_run_of_each_command() {
    let (_listener, url) = silent_server();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("archive");
    let to = to.to_str().unwrap();
    let one = sid(1);
    let start = Instant::now();
    let commands = [
        &["list", ROOM][..],
        &["archive", ROOM, "--to", to],
        &["fetch", ROOM, &one],
        &["delete", ROOM, &one],
    ];
    for run in Run::of_each(commands.map(|arguments| {
        let mut command = program(&url);
        command.args(arguments).args(["--deadline", "1"]);
        command
    })) {
        let run = run.expect(1);
        assert!(run.stderr.contains("deadline"), "{}", run.stderr);
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn retries_are_counted_and_reported() {
    let server = Server::start(|_| error_response(503, 20503, "Service unavailable"));
    for (retries, warnings) in [("0", 0), ("2", 2)] {
        let before = server.requests().len();
        let listed = run(&server, &["list", ROOM, "--retries", retries]).expect(1);
        assert_eq!(server.requests().len() - before, warnings + 1);
        let lines = listed.stderr_lines();
        assert_eq!(lines.len(), warnings + 1, "{}", listed.stderr);
        for (index, line) in lines[..warnings].iter().enumerate() {
            let retry = format!("; retry {} of 2 in ", index + 1);
            let is_warning = line.starts_with("warning: ") && line.ends_with(" s");
            assert!(is_warning && line.contains(&retry), "{line}");
        }
    }
}

#[test]
fn every_command_that_sends_requests_has_the_limits() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    let limits = ["--timeout", "9", "--deadline", "9", "--retries", "1"];
    let one = sid(1);
    for command in [
        &["list", ROOM][..],
        &["archive", "--to", room.folder().to_str().unwrap(), ROOM],
        &["download", "--to", "/dev/null/no-file", ROOM, &one],
        &["url", ROOM, &one],
        &["fetch", ROOM, &one],
        &["delete", ROOM, &one],
    ] {
        let run = run(&room.api, &[command, &limits].concat());
        assert_ne!(run.status, 2, "{}", run.stderr);
    }
}

/// As under a limit on the number of threads, such as systemd's `TasksMax`.
#[test]
fn host_name_that_no_thread_can_resolve_is_an_error() {
    let server = Server::start(|_| error_response(503, 20503, "Service unavailable"));
    let mut list = program(&server.base_url().replace("127.0.0.1", "localhost"));
    // More than the address space: no thread has room for its stack.
    list.args(["list", ROOM, "--retries", "0"]).env("RUST_MIN_STACK", (1_u64 << 47).to_string());
    let listed = Run::of(&mut list).expect(1);
    let reason = "request to localhost failed: could not start a thread: ";
    assert!(listed.stderr.starts_with(&format!("error: {ROOM}: {reason}")), "{}", listed.stderr);
    assert_eq!(listed.stderr_lines().len(), 1, "{}", listed.stderr);
    assert!(server.requests().is_empty());
}
