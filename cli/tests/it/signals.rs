//! Signals that end the program.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use super::support::program::send_signal;
use super::support::room::ArchivedRoom;
use super::support::{Fate, is_available, recording};

/// Starts an archive, and returns when its second download has begun, which never ends.
fn started(room: &ArchivedRoom, wrapper: &[&str], stderr: impl Into<Stdio>) -> Child {
    room.storage.expect([Fate::Serve, Fate::StallAfter(100)]);
    let archive = room.command(&["--jobs", "1", "--json"]);
    let mut command = match wrapper {
        [] => archive,
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(archive.get_program()).args(archive.get_args());
            let variables = archive.get_envs().filter_map(|(name, value)| Some((name, value?)));
            command.envs(variables);
            command
        }
    };

    let child = command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("the program");
    while room.storage.ranges().len() < 2 {
        std::thread::yield_now();
    }
    child
}

/// Checks that a run which a signal has ended says so, and what it has archived.
#[track_caller]
fn assert_has_summary(output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines[0], "error: interrupted: run again to resume");
    let summary = lines.last().expect("a summary");
    assert!(summary.starts_with("1 archived, ") && summary.contains(", 1 error; "), "{stderr}");
    let outcome: Value = serde_json::from_slice(&output.stdout).expect("the outcome");
    assert_eq!((&outcome["archived"], &outcome["errors"]), (&1.into(), &1.into()));
}

#[test]
fn signal_ends_the_program_after_a_summary() {
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let room = ArchivedRoom::new();
        let archive = started(&room, &[], Stdio::piped());
        send_signal(name, archive.id());
        let output = archive.wait_with_output().expect("an end");
        assert_eq!(output.status.signal(), Some(number));
        assert_has_summary(&output);
    }
}

#[test]
fn signal_ends_the_program_even_if_nobody_reads_its_summary() {
    let (mut full, _reader) = UnixStream::pair().expect("a pair of sockets");
    full.set_nonblocking(true).expect("a mode");
    while !full.write(&[0; 4096]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {}

    let room = ArchivedRoom::new();
    let mut archive = started(&room, &[], OwnedFd::from(full));
    send_signal("TERM", archive.id());
    assert_eq!(archive.wait().expect("an end").signal(), Some(15));
}

#[test]
fn signal_that_the_parent_ignores_stays_ignored() {
    let room = ArchivedRoom::new();
    let ignores = "trap '' INT; exec \"$0\" \"$@\"";
    let archive = started(&room, &["sh", "-c", ignores], Stdio::piped());
    send_signal("INT", archive.id());
    send_signal("TERM", archive.id());
    let output = archive.wait_with_output().expect("an end");
    assert_eq!(output.status.signal(), Some(15));
    assert_has_summary(&output);
}

#[test]
fn signal_during_the_wait_for_the_record_file_ends_the_program_after_a_summary() {
    let room = ArchivedRoom::new();
    fs::create_dir(room.folder()).unwrap();
    let file = File::create(room.record_file()).unwrap();
    file.lock().unwrap();
    let mut command = room.command(&["--json"]);
    let mut archive = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(archive.stderr.take().unwrap()).lines();
    assert!(stderr.next().unwrap().unwrap().contains("waiting for the lock"));

    send_signal("TERM", archive.id());
    assert_eq!(stderr.next().unwrap().unwrap(), "error: interrupted: run again to resume");
    assert!(stderr.next().unwrap().unwrap().starts_with("0 archived, "));
    let output = archive.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(15));
    let outcome: Value = serde_json::from_slice(&output.stdout).expect("the outcome");
    assert_eq!((&outcome["archived"], &outcome["errors"]), (&0.into(), &1.into()));
}

#[test]
fn signal_at_the_end_of_a_run_prints_no_second_summary() {
    let (mut full, mut reader) = UnixStream::pair().expect("a pair of sockets");
    full.set_nonblocking(true).expect("a mode");
    while !full.write(b"x").is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {}
    full.set_nonblocking(false).expect("a mode");

    let room = ArchivedRoom::of(vec![recording(1)]);
    let mut command = room.command(&["--json"]);
    command.stdout(OwnedFd::from(full)).stderr(Stdio::piped());
    let mut archive = command.spawn().unwrap();
    // The outcome waits for a reader.
    drop(command);
    let mut stderr = BufReader::new(archive.stderr.take().unwrap()).lines();
    assert!(stderr.next().unwrap().unwrap().starts_with("1 archived, "));
    send_signal("TERM", archive.id());
    let mut stdout = String::new();
    reader.read_to_string(&mut stdout).unwrap();
    archive.wait().unwrap();
    let outcome = stdout.trim_start_matches('x');
    serde_json::from_str::<Value>(outcome).expect("one outcome");
    assert_eq!(stderr.count(), 0);
}

#[test]
fn signal_ends_process_1_of_a_container() {
    let namespaces = ["unshare", "--fork", "--pid", "--mount-proc"];
    if !is_available("unshare", &[&namespaces[1..], &["true"]].concat()) {
        return;
    }

    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let room = ArchivedRoom::new();
        let unshare = started(&room, &namespaces, Stdio::piped());
        let children = format!("/proc/{0}/task/{0}/children", unshare.id());
        let children = std::fs::read_to_string(children).expect("the children");
        let archive = children.trim().parse().expect("one process");
        send_signal(name, archive);
        let output = unshare.wait_with_output().expect("an end");
        assert_eq!(output.status.code(), Some(status));
        assert_has_summary(&output);
    }
}
