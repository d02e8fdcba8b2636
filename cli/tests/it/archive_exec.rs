//! `archive --exec` and `--skip-recorded`.
#![cfg(unix)]

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::program::{Run, program};
use super::support::room::{ArchivedRoom, file_name, records, sid_of};
use super::support::{ROOM, media, recording, sid};

/// A shell script as a program, in a folder of its own.
struct Script {
    folder: tempfile::TempDir,
}

impl Script {
    fn new(body: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = Self { folder };
        // By another process: a program that is still open for writing cannot be started.
        let status = Command::new("sh")
            .args([
                "-c",
                "printf '#!/bin/sh\nout=%s\n%s\n' \"$0\" \"$1\" > \"$2\"; chmod 755 \"$2\"",
            ])
            .arg(script.folder.path())
            .arg(body)
            .arg(script.path())
            .status();
        assert!(status.expect("sh").success());
        script
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a program")
    }

    /// What the script has written to `$out/NAME`.
    fn written(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap_or_default()
    }

    fn written_text(&self, name: &str) -> String {
        String::from_utf8(self.written(name)).expect("UTF-8")
    }
}

fn archive(room: &ArchivedRoom, script: &Script, arguments: &[&str]) -> Run {
    let mut command = room.command(arguments);
    Run::of(command.arg("--exec").arg(script.path()))
}

fn one_recording() -> ArchivedRoom {
    ArchivedRoom::of(vec![recording(1)])
}

#[test]
fn program_gets_each_file_and_its_entry() {
    let room = ArchivedRoom::new();
    let script = Script::new("printf '%s\\n' \"$1\" >> \"$out/files\"; cat >> \"$out/entries\"");
    archive(&room, &script, &["--jobs", "1"]).expect(0);
    room.assert_is_archived();

    let path = |it: &Value| room.folder().join(file_name(it)).to_str().unwrap().to_owned();
    let expected: Vec<_> = room.completed().map(path).collect();
    assert_eq!(script.written_text("files").lines().collect::<Vec<_>>(), expected);
    assert_eq!(script.written_text("entries"), fs::read_to_string(room.record_file()).unwrap());

    // What has an entry was handed over.
    archive(&room, &script, &[]).expect(0);
    assert_eq!(script.written_text("files").lines().count(), 10);
}

#[test]
fn recording_whose_program_fails_is_not_archived_and_tried_again() {
    let room = ArchivedRoom::new();
    let failing = sid_of(room.completed().next().unwrap());
    for (body, reason) in [
        ("exit 3", "the program failed with status 3"),
        ("kill -9 $$", "the program was ended by signal 9"),
    ] {
        let script = Script::new(&format!("case $1 in *{failing}*) {body};; esac"));
        let failed = archive(&room, &script, &["--delete"]).expect(1);
        let expected = format!("error: {failing}: not archived: {reason}");
        assert!(failed.stderr_lines().contains(&&*expected), "{}", failed.stderr);
        assert!(!room.recorded_sids().contains(&failing));
        assert!(!room.deleted_sids().contains(&failing));
    }

    archive(&room, &Script::new(""), &[]).expect(0);
    room.assert_is_archived();
}

#[test]
fn program_that_cannot_be_started_is_found_before_anything_is_sent() {
    let room = one_recording();
    let file = tempfile::NamedTempFile::new().unwrap();
    let [not_executable, folder] = [file.path(), Path::new("/")].map(|it| it.to_str().unwrap());
    for (name, reason) in [
        ("/nowhere/program", "No such file"),
        ("no-such-program", "found none of that name in PATH"),
        (not_executable, "not executable"),
        (folder, "not executable"),
        ("", "found none of that name in PATH"),
    ] {
        let failed = room.run(&["--exec", name]).expect(2);
        let start = format!("error: --exec {name}: expected a program, ");
        assert!(failed.stderr.starts_with(&start), "{}", failed.stderr);
        assert!(failed.stderr.contains(reason), "{}", failed.stderr);
    }
    assert!(room.api.requests().is_empty() && !room.folder().exists());
}

#[test]
fn program_of_the_path_is_found() {
    let room = one_recording();
    let mut command = room.command(&["--exec", "true"]);
    Run::of(command.env("PATH", "/nowhere:/usr/bin:/bin")).expect(0);
    room.assert_is_archived();
}

#[test]
fn program_without_an_interpreter_is_an_error_of_the_recording() {
    let room = one_recording();
    let script = Script::new("");
    fs::write(script.path(), "#!/nowhere/interpreter\n").unwrap();
    let failed = archive(&room, &script, &[]).expect(1);
    let start = format!("error: {}: not archived: the program could not be started: ", sid(1));
    assert!(failed.stderr.starts_with(&start), "{}", failed.stderr);
    assert!(room.recorded_sids().is_empty());
}

#[test]
fn program_that_hangs_is_ended_by_the_deadline() {
    let room = one_recording();
    let script = Script::new("exec sleep 600");
    let start = Instant::now();
    let failed = archive(&room, &script, &["--deadline", "3"]).expect(1);
    assert!(start.elapsed() < Duration::from_secs(60));
    let expected =
        format!("error: {}: not archived: the program was ended by the deadline", sid(1));
    assert!(failed.stderr.starts_with(&expected), "{}", failed.stderr);
    assert!(room.recorded_sids().is_empty());
}

#[test]
fn nothing_is_begun_after_the_deadline() {
    let room = ArchivedRoom::of([0, 1, 5, 6].map(recording).into());
    room.run(&[]).expect(0);
    let script = Script::new("echo begun; sleep 60");
    let late = archive(&room, &script, &["--delete", "--jobs", "1", "--deadline", "1"]).expect(1);
    assert_eq!(late.stderr.matches("begun").count(), 1, "{}", late.stderr);
    let error = "error: the deadline of 1 s has passed: 3 not archived or deleted";
    assert!(late.stderr.contains(error), "{}", late.stderr);
    assert!(room.deleted_sids().is_empty());
}

#[test]
fn process_that_a_program_leaves_behind_is_not_awaited() {
    let room = one_recording();
    let script = Script::new("sleep 600 & echo $! > \"$out/process\"");
    let start = Instant::now();
    archive(&room, &script, &[]).expect(0);
    assert!(start.elapsed() < Duration::from_secs(60));
    room.assert_is_archived();
    let process = script.written_text("process");
    assert!(Command::new("kill").arg(process.trim()).status().unwrap().success());
}

#[test]
fn output_of_programs_is_printed_line_by_line() {
    let room = ArchivedRoom::new();
    let script = Script::new(
        "name=${1##*/}
        for number in 1 2 3 4 5 6 7 8 9; do
            head -c 9000 /dev/zero | tr '\\0' \"$number\"; echo; echo \"$name $number\" >&2
        done",
    );
    let archived = archive(&room, &script, &["--quiet", "--jobs", "4"]).expect(0);
    assert_eq!(archived.stdout, "");
    let mut expected = HashSet::new();
    for it in room.completed() {
        for number in 1..10 {
            let (sid, digit) = (sid_of(it), number.to_string());
            expected.insert(format!("{sid}: {}", digit.repeat(9000)));
            expected.insert(format!("{sid}: {} {number}", file_name(it)));
        }
    }
    let lines = archived.stderr_lines();
    assert_eq!(lines.len(), expected.len());
    assert!(lines.iter().all(|&line| expected.contains(line)));
}

#[test]
fn long_and_raw_output_is_printed_in_pieces_without_control_characters() {
    let room = one_recording();
    let script =
        Script::new("head -c 200000 /dev/zero | tr '\\0' x; printf '\\n\\033[2J\\t\\377\\r\\nend'");
    let archived = archive(&room, &script, &["--quiet"]).expect(0);
    let prefix = format!("{}: ", sid(1));
    let lines: Vec<_> =
        archived.stderr_lines().iter().map(|it| it.strip_prefix(&prefix).unwrap()).collect();
    let (last, pieces) = lines.split_last_chunk::<2>().map(|(it, last)| (last, it)).unwrap();
    assert_eq!(last, &["\\u{1b}[2J\t\u{fffd}", "end"]);
    assert!(pieces.len() > 1 && pieces.concat() == "x".repeat(200_000));
}

#[test]
fn program_that_does_not_read_its_input_is_no_failure() {
    let mut large = recording(1);
    large["track_name"] = json!("t".repeat(500_000));
    let room = ArchivedRoom::of(vec![large]);
    archive(&room, &Script::new("exec <&-; exit 0"), &[]).expect(0);
    room.assert_is_archived();
}

#[test]
fn file_that_the_program_changes_is_not_archived() {
    for body in ["echo more >> \"$1\"", "echo \"$1\" > \"$1\"", "rm \"$1\"; mkdir \"$1\""] {
        let room = one_recording();
        let failed = archive(&room, &Script::new(body), &["--delete"]).expect(1);
        let path = room.folder().join(file_name(&room.recordings[0]));
        let expected =
            format!("error: {}: not archived: the program changed {}", sid(1), path.display());
        assert!(failed.stderr.starts_with(&expected), "{}", failed.stderr);
        assert!(room.recorded_sids().is_empty() && room.deleted_sids().is_empty());
    }
}

#[test]
fn file_that_the_program_moves_is_archived_and_may_be_deleted_from_the_service() {
    for body in ["mv \"$1\" \"$out\"", "rm \"$1\""] {
        let room = one_recording();
        archive(&room, &Script::new(body), &["--delete"]).expect(0);
        assert_eq!(room.recorded_sids(), [sid(1)]);
        assert_eq!(room.deleted_sids(), [sid(1)]);
        assert!(room.found().is_empty());
    }
}

#[test]
fn what_the_program_has_not_seen_is_not_deleted() {
    let room = one_recording();
    room.run(&[]).expect(0);
    let failed = archive(&room, &Script::new("exit 3"), &["--delete"]).expect(1);
    let error = format!("error: {}: not deleted: the program failed with status 3", sid(1));
    assert_eq!(failed.stderr_lines()[0], error);
    assert!(room.deleted_sids().is_empty());

    let script = Script::new("mv \"$1\" \"$out/media\"");
    archive(&room, &script, &["--delete"]).expect(0);
    assert_eq!(script.written("media"), media(&recording(1)));
    assert_eq!(room.deleted_sids(), [sid(1)]);
    assert_eq!(room.storage.heads().len(), 1);
}

#[test]
fn skip_recorded_downloads_nothing_that_has_an_entry() {
    let room = one_recording();
    let script = Script::new("mv \"$1\" \"$out\"");
    archive(&room, &script, &[]).expect(0);
    let skipped = archive(&room, &script, &["--skip-recorded"]).expect(0);
    assert!(skipped.stderr.starts_with("0 archived, 1 already there, "), "{}", skipped.stderr);
    let skipped = archive(&room, &script, &["--skip-recorded", "--delete"]).expect(0);
    let warning = format!("warning: {}: has an entry and no file: not deleted", sid(1));
    assert_eq!(skipped.stderr_lines()[0], warning);
    assert_eq!(room.storage.heads().len(), 1);
    // This run has not seen that the file was handed over.
    assert!(room.deleted_sids().is_empty());

    room.run(&[]).expect(0);
    assert_eq!(room.storage.heads().len(), 2);
    room.assert_is_archived();
}

#[test]
fn skip_recorded_downloads_a_file_again_that_is_damaged() {
    let room = one_recording();
    room.run(&[]).expect(0);
    let file = room.folder().join(file_name(&room.recordings[0]));
    fs::write(&file, "damaged").unwrap();
    let dry = room.run(&["--skip-recorded", "--dry-run"]).expect(0);
    assert!(dry.stderr.contains("1 would be archived, 0 already there, "), "{}", dry.stderr);
    room.run(&["--skip-recorded"]).expect(0);
    assert!(room.found() == room.expected());
}

#[test]
fn path_arrives_as_its_bytes() {
    let room = one_recording();
    let parent = tempfile::tempdir().unwrap();
    let name = OsString::from_vec(b"it's \"a\" $(folder) \xff\n*".to_vec());
    let folder = parent.path().join(name);
    let script = Script::new("cat \"$1\" > \"$out/media\"; printf '%s' \"$1\" > \"$out/path\"");
    let mut command = program(room.api.base_url());
    command
        .args(["archive", ROOM, "--quiet", "--to"])
        .arg(&folder)
        .arg("--exec")
        .arg(script.path());
    assert!(command.status().unwrap().success());

    let path = folder.join(file_name(&room.recordings[0]));
    assert!(script.written("path") == path.as_os_str().as_encoded_bytes());
    assert!(script.written("media") == media(&room.recordings[0]));
}

#[test]
fn secrets_of_the_environment_do_not_reach_the_program() {
    let room = one_recording();
    let script = Script::new("env > \"$out/environment\"");
    let mut command = room.command(&["--exec"]);
    command.arg(script.path()).env("TWILIO_REGION", "").env("OTHER", "a value");
    Run::of(&mut command).expect(0);
    let environment = script.written_text("environment");
    assert!(!environment.contains("TWILIO_"), "{environment}");
    assert!(environment.contains("OTHER=a value\n"), "{environment}");
    assert_eq!(records(&room.record_file()).len(), 1);
}
