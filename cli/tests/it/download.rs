//! `download` and `url`.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::json;

use super::support::program::{Run, program, run};
use super::support::room::{ArchivedRoom, file_name, sid_of};
use super::support::{Fate, ROOM, SIGNATURE, http, media, recording, serve_room, sid};

/// A room with one completed recording.
fn one_recording() -> ArchivedRoom {
    ArchivedRoom::of(vec![recording(1)])
}

fn command(room: &ArchivedRoom, arguments: &[&str]) -> Command {
    let mut command = program(room.api.base_url());
    command.args(arguments).args([ROOM, &sid(1)]);
    command
}

#[test]
fn download_names_the_file_as_the_archive_does() {
    let room = one_recording();
    let folder = tempfile::tempdir().unwrap();
    let name = file_name(&room.recordings[0]);
    let download = || {
        let mut command = command(&room, &["download"]);
        Run::of(command.current_dir(folder.path())).expect(0)
    };

    let downloaded = download();
    let expected = format!("downloaded {name}, 10008 bytes\n");
    assert_eq!((&*downloaded.stdout, &*downloaded.stderr), ("", &*expected));
    assert!(fs::read(folder.path().join(&name)).unwrap() == media(&room.recordings[0]));
    assert_eq!(download().stderr, format!("already there: {name}\n"));
}

#[test]
fn download_to_a_file_is_resumed_within_the_run() {
    let room = one_recording();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a track");
    room.storage.expect([Fate::CutAfter(4000), Fate::CutAfter(3000)]);
    Run::of(command(&room, &["download"]).arg("--to").arg(&file)).expect(0);

    assert!(fs::read(&file).unwrap() == media(&room.recordings[0]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(room.storage.ranges(), [0, 4000, 7000]);
}

#[test]
fn download_to_standard_output_writes_the_media_and_nothing_else() {
    let room = one_recording();
    room.storage.expect([Fate::CutAfter(4000)]);
    let output = command(&room, &["download", "--to", "-"]).output().unwrap();
    assert!(output.status.success());
    assert!(output.stdout == media(&room.recordings[0]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with(&format!("warning: {}: ", sid(1))), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn closed_pipe_ends_the_download_quietly() {
    let mut large = recording(1);
    large["size"] = json!(3_000_000);
    let room = ArchivedRoom::of(vec![large]);
    let mut command = command(&room, &["download", "--to", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let run: Run = child.wait_with_output().unwrap().into();
    assert_eq!(run.expect(0).stderr, "");
}

#[test]
fn truncated_download_to_standard_output_fails() {
    let room = one_recording();
    room.storage.expect([Fate::CutAfter(4000)]);
    let output = command(&room, &["download", "--retries", "0", "--to", "-"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 4000));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with(&format!("error: {}: ", sid(1))), "{stderr}");
}

#[test]
fn recording_without_media_is_named() {
    let mut processing = recording(1);
    processing["status"] = json!("processing");
    let server = serve_room(vec![processing]);
    for command in ["download", "url"] {
        let failed = run(&server, &[command, ROOM, &sid(1)]).expect(1);
        let expected = format!("error: no media for recording {}: its status is ", sid(1));
        assert!(failed.stderr.starts_with(&expected), "{}", failed.stderr);
        assert_eq!(failed.stdout, "");

        let failed = run(&server, &[command, ROOM, &sid(2)]).expect(1);
        assert!(failed.stderr.contains(&sid(2)), "{}", failed.stderr);
    }
}

#[test]
fn url_prints_the_signed_url_without_downloading() {
    let room = one_recording();
    let printed = Run::of(&mut command(&room, &["url"])).expect(0);
    let expected = format!("{}/{}?{SIGNATURE}\n", room.storage.url, sid_of(&room.recordings[0]));
    assert_eq!((&*printed.stdout, &*printed.stderr), (&*expected, ""));
    assert!(room.storage.ranges().is_empty());
}

#[test]
fn encryption_data_of_encrypted_media_is_one_line_of_json() {
    let encryption_data =
        "x-amz-meta-x-amz-key: 0ZY1jiGSu/A=\r\nx-amz-meta-x-amz-iv: EmKjzVpvXC9rE6DJ00Xv7Q==\r\n";
    let room = one_recording();
    room.storage.expect([Fate::Raw(http("200 OK", encryption_data, &media(&room.recordings[0])))]);
    let folder = tempfile::tempdir().unwrap();
    let mut download = command(&room, &["download"]);
    let downloaded = Run::of(download.current_dir(folder.path())).expect(0);
    let expected = r#"{"key":"0ZY1jiGSu/A=","iv":"EmKjzVpvXC9rE6DJ00Xv7Q=="}"#;
    assert_eq!(downloaded.stderr_lines()[0], expected);
}

#[test]
fn download_of_encrypted_media_without_its_key_is_an_error() {
    let mut encrypted = recording(1);
    encrypted["encryption_key"] = json!("CR1");
    let room = ArchivedRoom::of(vec![encrypted]);
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&room, &["download", "--to", "a.mkv"]);
    let downloaded = Run::of(command.current_dir(folder.path())).expect(1);
    let error = format!("error: {}: its record names an encryption key, ", sid(1));
    assert!(downloaded.stderr.starts_with(&error), "{}", downloaded.stderr);
    assert!(folder.path().join("a.mkv").exists());
}

#[test]
fn fields_for_information_may_be_invalid() {
    let mut odd = recording(1);
    odd["duration"] = json!(-1);
    let room = ArchivedRoom::of(vec![odd]);
    let folder = tempfile::tempdir().unwrap();
    Run::of(command(&room, &["download", "--to", "a.mkv"]).current_dir(folder.path())).expect(0);
    assert!(folder.path().join("a.mkv").exists());
    let previewed = Run::of(&mut command(&room, &["delete", "--dry-run"])).expect(0);
    let expected = format!("{}: would be deleted, status completed\n", sid(1));
    assert_eq!(previewed.stderr, expected);
}
