//! Signals that end the program.
#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use super::support::Fate;
use super::support::program::send_signal;
use super::support::room::ArchivedRoom;

/// Starts an archive, and returns when its first download has begun, which never ends.
fn started(room: &ArchivedRoom, wrapper: &[&str]) -> Child {
    room.storage.expect([Fate::StallAfter(100)]);
    let archive = room.command(&["--jobs", "1"]);
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

    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
    while room.storage.ranges().is_empty() {
        std::thread::yield_now();
    }
    child
}

#[test]
fn signal_ends_the_program() {
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let room = ArchivedRoom::new();
        let mut archive = started(&room, &[]);
        send_signal(name, archive.id());
        assert_eq!(archive.wait().expect("an end").signal(), Some(number));
    }
}

#[test]
fn signal_that_the_parent_ignores_stays_ignored() {
    let room = ArchivedRoom::new();
    let ignores = "trap '' INT; exec \"$0\" \"$@\"";
    let mut archive = started(&room, &["sh", "-c", ignores]);
    send_signal("INT", archive.id());
    send_signal("TERM", archive.id());
    assert_eq!(archive.wait().expect("an end").signal(), Some(15));
}

#[test]
fn signal_ends_process_1_of_a_container() {
    let namespaces = ["unshare", "--fork", "--pid", "--mount-proc"];
    let is_possible = Command::new("unshare").args(&namespaces[1..]).arg("true").output();
    if !is_possible.is_ok_and(|output| output.status.success()) {
        eprintln!("NOT TESTED: no process can be started as process 1 here");
        return;
    }

    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let room = ArchivedRoom::new();
        let mut unshare = started(&room, &namespaces);
        let children = format!("/proc/{0}/task/{0}/children", unshare.id());
        let children = std::fs::read_to_string(children).expect("the children");
        let archive = children.trim().parse().expect("one process");
        send_signal(name, archive);
        assert_eq!(unshare.wait().expect("an end").code(), Some(status));
    }
}
