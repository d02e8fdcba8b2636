//! The files of an archive: their names, their modes, and leftovers.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::support::program::{Run, program};
use super::support::room::ArchivedRoom;
use super::support::{Fate, ROOM, recording, sid};

#[test]
fn format_is_never_a_path() {
    for format in ["/../../evil", "", "a.b", "mk v", "..", "é"] {
        let mut evil = recording(1);
        evil["container_format"] = json!(format);
        let room = ArchivedRoom::of(vec![evil]);
        room.run(&[]).expect(0);
        assert!(room.found().into_keys().eq([format!("{}.media", sid(1))]), "{format}");
    }
}

#[test]
#[cfg(unix)]
fn fifo_in_place_of_a_file_is_an_error() {
    let fifo = |path: &Path| {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.run(&[]).expect(0);
    let file = room.folder().join(super::support::room::file_name(&recording(1)));
    fs::remove_file(&file).unwrap();
    fifo(&file);
    let archived = room.run(&["--delete"]).expect(1);
    assert!(archived.stderr.contains("not a regular file"), "{}", archived.stderr);
    assert!(room.deleted_sids().is_empty());

    fs::remove_file(room.record_file()).unwrap();
    fifo(&room.record_file());
    let verified = Run::of(program("").arg("verify").arg(room.folder())).expect(1);
    assert!(verified.stderr.contains("it is no regular file"), "{}", verified.stderr);
}

#[test]
fn path_that_cannot_be_a_folder_is_named_and_nothing_is_downloaded() {
    let room = ArchivedRoom::new();
    let file = room.folder().with_file_name("file");
    fs::write(&file, "").unwrap();
    for to in [file.clone(), file.join("archive")] {
        let mut command = program(room.api.base_url());
        let archived = Run::of(command.args(["archive", ROOM, "--to"]).arg(&to)).expect(1);
        let error = archived.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
        assert!(error.contains(to.to_str().unwrap()), "{error}");
    }
    assert!(room.api.requests().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn folder_that_cannot_be_created_is_one_error_and_nothing_is_sent() {
    let room = ArchivedRoom::new();
    let mut command = program(room.api.base_url());
    let archived = Run::of(command.args(["archive", ROOM, "--to", "/proc/archive"])).expect(1);
    let errors: Vec<_> =
        archived.stderr_lines().into_iter().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{}", archived.stderr);
    assert!(errors[0].starts_with("error: could not write /proc/archive: "), "{}", errors[0]);
    assert!(room.api.requests().is_empty());
}

#[test]
fn partial_files_of_complete_recordings_are_removed() {
    let room = ArchivedRoom::new();
    room.run(&[]).expect(0);
    let media = format!("{}.mkv", sid(1));
    let leftovers =
        [format!("{media}.0123456789abcdef.part"), format!("{media}.fedcba9876543210.part")];
    let others = [
        // Another recording, which may be resumed.
        format!("{}.mkv.0123456789abcdef.part", sid(999)),
        // The record of this one is not written.
        format!("{}.mkv.0123456789abcdef.part", sid(998)),
        format!("{}.mkv", sid(998)),
        // Files of somebody else.
        format!("{media}.my notes.part"),
        format!("{media}.none-------------0123456789abcdef.part"),
        format!("{media}.part"),
        "notes.part".to_owned(),
        format!("{media}.0123456789abcdef"),
    ];
    for name in leftovers.iter().chain(&others) {
        fs::write(room.folder().join(name), "some bytes").unwrap();
    }

    room.run(&[]).expect(0);
    let found = room.found();
    assert!(leftovers.iter().all(|name| !found.contains_key(name)), "{:?}", found.keys());
    assert!(others.iter().all(|name| found.contains_key(name)), "{:?}", found.keys());
}

#[test]
fn partial_file_of_a_recording_that_is_gone_is_removed_or_named() {
    let room = ArchivedRoom::of(vec![recording(1), recording(3)]);
    fs::create_dir(room.folder()).unwrap();
    let gone = room.folder().join(format!("{}.mkv.0123456789abcdef.part", sid(3)));
    let unlisted = room.folder().join(format!("{}.mkv.0123456789abcdef.part", sid(999)));
    fs::write(&gone, "some bytes").unwrap();
    fs::write(&unlisted, "some bytes").unwrap();
    let archived = room.run(&[]).expect(0);
    assert!(!gone.exists() && unlisted.exists());
    let line = format!("{}: a partial file, whose recording is not listed", unlisted.display());
    assert_eq!(archived.stderr_lines()[0], line);
}

#[test]
fn partial_file_of_a_recording_that_is_known_to_be_lost_is_removed() {
    let room = ArchivedRoom::of(vec![recording(1), recording(5)]);
    fs::create_dir(room.folder()).unwrap();
    let partial = room.folder().join(format!("{}.mkv.0123456789abcdef.part", sid(1)));
    fs::write(&partial, "some bytes").unwrap();
    let list = room.folder().join("lost.txt");
    fs::write(&list, sid(1)).unwrap();
    room.run(&["--acknowledged", list.to_str().unwrap()]).expect(0);
    assert!(!partial.exists());
}

#[test]
#[cfg(unix)]
fn folder_that_is_a_dangling_link_is_named_and_nothing_is_sent() {
    let room = ArchivedRoom::new();
    std::os::unix::fs::symlink("nowhere", room.folder()).unwrap();
    let archived = room.run(&[]).expect(1);
    let path = room.folder().display().to_string();
    let error =
        format!("error: could not create {path}: it is a link to nowhere, which is no folder");
    assert_eq!(archived.stderr_lines()[0], error);
    assert!(archived.stderr_lines()[1].starts_with("0 archived, "), "{}", archived.stderr);
    assert!(room.api.requests().is_empty());
}

#[test]
fn partial_file_that_is_in_use_is_left_alone() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.run(&[]).expect(0);
    let path = room.folder().join(format!("{}.mkv.0123456789abcdef.part", sid(1)));
    let file = File::create(&path).unwrap();
    file.lock().unwrap();
    room.run(&[]).expect(0);
    assert!(path.exists());

    drop(file);
    room.run(&[]).expect(0);
    assert!(!path.exists());
}

#[test]
#[cfg(unix)]
fn files_are_created_with_the_umask() {
    for (umask, file, folder) in [("022", 0o644, 0o755), ("077", 0o600, 0o700)] {
        let room = ArchivedRoom::of(vec![recording(1)]);
        let archived = Run::of(&mut in_shell(&format!("umask {umask}"), &room, &[]));
        archived.expect(0);
        let media = room.folder().join(format!("{}.mkv", sid(1)));
        assert_eq!((mode(&media), mode(&room.record_file())), (file, file), "{umask}");
        assert_eq!(mode(&room.folder()), folder, "{umask}");
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// `archive` in a shell that has run a command before.
#[cfg(unix)]
pub fn in_shell(before: &str, room: &ArchivedRoom, arguments: &[&str]) -> Command {
    let program = room.command(arguments);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("{before}; exec \"$0\" \"$@\"")]);
    shell.arg(program.get_program()).args(program.get_args()).env_clear();
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[test]
#[cfg(target_os = "linux")]
fn threads_that_cannot_be_started_are_an_error_and_nothing_is_sent() {
    let room = ArchivedRoom::new();
    let mut command = room.command(&["--jobs", "256"]);
    // More than the address space: no thread has room for its stack.
    command.env("RUST_MIN_STACK", (1_u64 << 47).to_string());
    let archived = Run::of(&mut command).expect(1);
    let start = "error: could not start the threads of --jobs 256: ";
    assert!(archived.stderr.starts_with(start), "{}", archived.stderr);
    assert!(archived.stderr_lines()[1].contains(", 1 error; "), "{}", archived.stderr);
    assert!(room.api.requests().is_empty());
}

/// A limit on the size of files, which is reported like a full disk.
#[cfg(unix)]
pub const FULL_DISK: &str = "ulimit -f 150";

#[test]
#[cfg(unix)]
fn full_disk_is_one_message_and_smaller_recordings_are_archived() {
    let mut recordings = [20, 16, 21, 15, 1, 5].map(recording);
    recordings[2]["size"] = json!(180_000);
    recordings[3]["size"] = recordings[1]["size"].clone();
    let room = ArchivedRoom::of(recordings.into());
    let archived = Run::of(&mut in_shell(FULL_DISK, &room, &["--jobs", "1"])).expect(1);

    let (error, summary) = (archived.stderr_lines()[0], archived.stderr_lines()[1]);
    let start = format!("error: could not write {}: ", room.folder().display());
    assert!(error.starts_with(&start), "{error}");
    let end = "; recordings that did not fit: 2, and 2 of at least 160113 bytes were skipped";
    assert!(error.ends_with(end), "{error}");
    let counts = "2 archived, 0 already there, 0 still processing, 0 no media, 0 failed at Twilio, 4 errors; ";
    assert!(summary.starts_with(counts), "{summary}");
    assert_eq!(room.recorded_sids(), [sid(1), sid(5)]);
    assert_eq!(room.found().len(), 2, "{:?}", room.found().keys());

    room.run(&[]).expect(0);
    room.assert_is_archived();
}

#[test]
fn partial_file_of_media_that_is_downloaded_again_is_resumed() {
    let room = ArchivedRoom::of([1, 5, 6].map(recording).into());
    room.run(&["--jobs", "1"]).expect(0);
    fs::write(room.folder().join(format!("{}.mkv", sid(1))), "damaged").unwrap();
    room.storage.expect([Fate::StallAfter(1000)]);
    let arguments = ["--deadline", "1", "--retries", "0", "--jobs", "1"];
    let late = room.run(&arguments).expect(1);
    assert!(
        late.stderr.contains("the deadline of 1 s has passed: 1 not archived"),
        "{}",
        late.stderr
    );

    // Nothing is left to do for the others.
    assert!(late.stderr.contains("0 archived, 2 already there, "), "{}", late.stderr);

    room.run(&[]).expect(0);
    // The first request of each download tells the version.
    assert_eq!(room.storage.ranges(), [0, 0, 0, 0, 0, 1000]);
    assert!(room.found() == room.expected());
}
