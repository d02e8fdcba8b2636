//! Standard output and standard error that nobody reads yet, or at all.
#![cfg(unix)]

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::program::{Run, program};
use super::support::{ROOM, Server, recording, serve_room};

/// The number of records whose lines fit into no buffer of the system.
const RECORDS: usize = 3000;

fn serve(change: impl Fn(&mut Value)) -> Server {
    let mut records: Vec<_> = (0..RECORDS).map(recording).collect();
    records.iter_mut().for_each(change);
    serve_room(records)
}

/// A stream in non-blocking mode, and its reader.
fn non_blocking() -> (Stdio, UnixStream) {
    let (writer, reader) = UnixStream::pair().expect("a pair of sockets");
    writer.set_nonblocking(true).expect("a mode");
    (OwnedFd::from(writer).into(), reader)
}

/// Reads to the end, later than the program writes.
fn read_late(mut reader: UnixStream) -> String {
    let mut first = [0];
    reader.read_exact(&mut first).expect("a byte");
    // A program that does not wait for its reader fails meanwhile, because the stream is full.
    thread::sleep(Duration::from_millis(300));

    let mut text = String::from_utf8(first.into()).expect("ASCII");
    reader.read_to_string(&mut text).expect("text");
    text
}

#[test]
fn standard_output_that_does_not_block_gets_every_line() {
    let server = serve(|_| {});
    let (stdout, reader) = non_blocking();
    let mut command = program(server.base_url());
    let mut child = command.args(["list", "--json", ROOM]).stdout(stdout).spawn().expect("it");
    // The parent's copy of the writer is in the command, and would keep the stream open.
    drop(command);

    assert_eq!(read_late(reader).lines().count(), RECORDS);
    assert!(child.wait().expect("an end").success());
}

#[test]
fn standard_error_that_does_not_block_gets_every_line() {
    let server = serve(|record| record["size"] = json!("big"));
    let (stderr, reader) = non_blocking();
    let mut command = program(server.base_url());
    let mut child = command.args(["list", "--json", ROOM]).stderr(stderr).spawn().expect("it");
    drop(command);

    let errors = read_late(reader);
    assert_eq!(errors.lines().filter(|line| line.starts_with("error: ")).count(), RECORDS);
    assert_eq!(child.wait().expect("an end").code(), Some(1));
}

/// The standard library opens `/dev/null` before the program begins. A parent may want just that.
#[test]
fn standard_output_that_is_closed_before_the_start_is_as_dev_null() {
    let server = serve_room(vec![recording(1)]);
    let tool = program(server.base_url());
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" list --json \"$1\" >&-"]).arg(tool.get_program()).arg(ROOM);
    shell.envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let listed = Run::of(&mut shell).expect(0);
    assert_eq!((listed.stdout, listed.stderr), (String::new(), String::new()));
}
