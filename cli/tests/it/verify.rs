//! `verify`: files that are not what their entries say.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::json;

use super::support::program::Run;
use super::support::room::{ArchivedRoom, entry, file_name};
use super::support::{media, recording, sid};

/// An archive of ten recordings.
fn archive() -> ArchivedRoom {
    let room = ArchivedRoom::new();
    room.run(&[]).expect(0);
    room
}

/// `verify` without an environment, so without credentials.
fn verify(room: &ArchivedRoom) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twilio-recordings"));
    Run::of(command.env_clear().arg("verify").arg(room.folder()))
}

#[test]
fn unchanged_archive_is_one_line() {
    let room = archive();
    let requests = room.api.requests().len();
    let verified = verify(&room).expect(0);
    let summary = "10 unchanged, 0 changed, 0 missing, 0 without an entry; 1.0M in ";
    assert!(verified.stderr.starts_with(summary), "{}", verified.stderr);
    assert_eq!((verified.stderr_lines().len(), verified.stdout.as_str()), (1, ""));
    assert_eq!(room.api.requests().len(), requests);
}

#[test]
fn every_changed_missing_and_extra_file_is_named() {
    let room = archive();
    let path = |name: String| room.folder().join(name);
    let flipped = path(format!("{}.mka", sid(0)));
    let mut bytes = fs::read(&flipped).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&flipped, bytes).unwrap();
    let short = path(format!("{}.mkv", sid(1)));
    fs::write(&short, "short").unwrap();
    let missing = path(format!("{}.mka", sid(10)));
    fs::remove_file(&missing).unwrap();
    let extra = path(format!("{}.mka", sid(999)));
    fs::write(&extra, "extra").unwrap();
    fs::write(path("notes.txt".to_owned()), "no media").unwrap();

    let verified = verify(&room).expect(1);
    let size = recording(1)["size"].clone();
    for line in [
        format!("error: {}: its SHA-256 is not that of its entry", flipped.display()),
        format!("error: {}: has 5 bytes, expected {size}", short.display()),
        format!("error: {}: is missing", missing.display()),
        format!("error: {}: has no entry", extra.display()),
    ] {
        assert!(verified.stderr_lines().contains(&&*line), "{line}\n{}", verified.stderr);
    }
    assert_eq!(verified.stderr_lines().len(), 5);
    let summary = "7 unchanged, 2 changed, 1 missing, 1 without an entry; ";
    assert!(verified.stderr_lines()[4].starts_with(summary), "{}", verified.stderr);
}

#[test]
fn files_in_the_folders_of_rooms_are_verified() {
    let room = ArchivedRoom::of(vec![recording(0)]);
    let mut command = super::support::program::program(room.api.base_url());
    command.args(["archive", "--account", "--to"]).arg(room.folder());
    Run::of(&mut command).expect(0);
    let folder = room.folder().join(super::support::ROOM);
    fs::write(folder.join(format!("{}.mkv", sid(7))), "extra").unwrap();
    let verified = verify(&room).expect(1);
    let summary = "1 unchanged, 0 changed, 0 missing, 1 without an entry; ";
    assert!(verified.stderr_lines()[1].starts_with(summary), "{}", verified.stderr);
}

#[test]
fn last_entry_of_a_recording_counts() {
    let room = archive();
    let mut old = entry(&recording(0));
    old["archive"]["size"] = json!(12_345);
    let text = fs::read_to_string(room.record_file()).unwrap();
    fs::write(room.record_file(), format!("{old}\n{text}")).unwrap();
    verify(&room).expect(0);
    fs::write(room.record_file(), format!("{text}{old}\n")).unwrap();
    verify(&room).expect(1);
}

#[test]
fn file_outside_of_the_archive_is_not_followed() {
    let room = archive();
    let outside = room.folder().with_file_name("outside");
    fs::write(&outside, recording(0)["sid"].to_string()).unwrap();
    for file in [outside.to_str().unwrap(), "../outside", "a/../../outside", "", "."] {
        let mut evil = entry(&recording(0));
        evil["archive"]["file"] = json!(file);
        fs::write(room.record_file(), format!("{evil}\n")).unwrap();
        let verified = verify(&room).expect(1);
        let start = format!(
            "error: {}, line 1: expected the entry of a recording: invalid file ",
            room.record_file().display()
        );
        assert!(verified.stderr.starts_with(&start), "{}", verified.stderr);
    }
}

#[test]
fn folder_without_a_record_file_is_named() {
    let room = ArchivedRoom::new();
    let verified = verify(&room).expect(1);
    let start = format!("error: could not read {}: ", room.record_file().display());
    assert!(verified.stderr.starts_with(&start), "{}", verified.stderr);
}

/// What `verify` prints of a room whose file is huge at first, and shrinks while it is read. Before
/// that, something else is done.
#[cfg(target_os = "linux")]
fn verify_meanwhile(room: &ArchivedRoom, work: impl FnOnce()) -> String {
    room.run(&[]).expect(0);
    let file = room.folder().join(format!("{}.mkv", sid(1)));
    let media = fs::OpenOptions::new().write(true).open(&file).unwrap();
    let size = 4_u64 << 30;
    media.set_len(size).unwrap();
    let mut large = entry(&recording(1));
    large["archive"]["size"] = json!(size);
    fs::write(room.record_file(), format!("{large}\n")).unwrap();

    let mut command = Command::new(env!("CARGO_BIN_EXE_twilio-recordings"));
    command.env_clear().arg("verify").arg(room.folder()).stderr(Stdio::piped());
    let process = command.spawn().unwrap();
    while bytes_read(process.id()) < 32 << 20 {
        thread::yield_now();
    }
    work();
    media.set_len(1000).unwrap();

    let output = process.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let changed = format!("{}: could not be read: it changed while it was read", file.display());
    assert!(stderr.contains(&changed), "{stderr}");
    stderr
}

#[test]
#[cfg(target_os = "linux")]
fn file_that_shrinks_while_it_is_read_is_named() {
    verify_meanwhile(&ArchivedRoom::of(vec![recording(1)]), || {});
}

#[test]
#[cfg(target_os = "linux")]
fn file_that_is_archived_meanwhile_has_an_entry() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    let stderr = verify_meanwhile(&room, || {
        fs::write(room.folder().join(file_name(&recording(0))), media(&recording(0))).unwrap();
        let mut records = fs::OpenOptions::new().append(true).open(room.record_file()).unwrap();
        writeln!(records, "{}", entry(&recording(0))).unwrap();
    });
    assert!(stderr.contains(" 0 without an entry; "), "{stderr}");
}

/// The number of bytes that a process has read so far.
#[cfg(target_os = "linux")]
fn bytes_read(process: u32) -> u64 {
    let counts = fs::read_to_string(format!("/proc/{process}/io")).unwrap();
    let read = counts.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.unwrap().parse().unwrap()
}
