//! The example `archive_room` as a person or a cron job runs it. `cargo test` builds it first.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use crate::support::fake_server::{ROOM, Room, Server, media, media_redirect, recording};
use crate::support::storage::{Fate, SIGNATURE, Storage};
use crate::support::{example, http};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use twilio_room_recordings::RoomRecording;

/// The demonstration room, with its media in a storage that can break.
struct Setting {
    recordings: Vec<Value>,
    storage: Storage,
    api: Server,
    directory: tempfile::TempDir,
}

impl Setting {
    fn new() -> Self {
        Self::of((0..25).map(recording).collect())
    }

    fn of(recordings: Vec<Value>) -> Self {
        let all = Arc::new(recordings.clone());
        let storage = Storage::of(move |path| {
            media(all.iter().find(|it| path[1..] == it["sid"]).expect("a recording"))
        });
        let url = storage.url.clone();
        let room = Room::new(recordings.clone());
        let api = Server::start(move |request| {
            let Some(path) = request.uri.path().strip_suffix("/Media") else {
                return room.respond(request);
            };
            let sid = path.rsplit('/').next().unwrap();
            media_redirect(&format!("{url}/{sid}?{SIGNATURE}"))
        });
        Self { recordings, storage, api, directory: tempfile::tempdir().unwrap() }
    }

    fn to(&self) -> &Path {
        self.directory.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = example("archive_room", self.api.base_url());
        command.args([ROOM, "--to"]).arg(self.to()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the example")
    }

    /// The recordings that are to be archived.
    fn completed(&self) -> impl Iterator<Item = &Value> {
        self.recordings.iter().filter(|it| it["status"] == "completed")
    }

    /// What should be in the directory, beside the records.
    fn expected(&self) -> BTreeMap<String, Vec<u8>> {
        let name = |it: &Value| {
            format!("{}.{}", it["sid"].as_str().unwrap(), it["container_format"].as_str().unwrap())
        };
        self.completed().map(|it| (name(it), media(it))).collect()
    }

    /// What is in the directory, beside the records.
    fn found(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.to()).unwrap().map(Result::unwrap);
        entries
            .map(|it| (it.file_name().into_string().unwrap(), fs::read(it.path()).unwrap()))
            .filter(|(name, _)| name != "recordings.ndjson")
            .collect()
    }

    fn records(&self) -> Vec<String> {
        let text = fs::read_to_string(self.to().join("recordings.ndjson")).unwrap();
        let record = |line| serde_json::from_str::<RoomRecording>(line).unwrap();
        text.lines().map(|line| record(line).sid.to_string()).collect()
    }

    #[track_caller]
    fn assert_is_archived(&self) {
        assert!(self.found() == self.expected(), "{:?}", self.found().keys());
        let sids: Vec<_> = self.completed().map(|it| it["sid"].as_str().unwrap()).collect();
        assert_eq!(self.records(), sids);
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_room_is_archived_once() {
    let setting = Setting::new();
    let output = setting.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 10);
    setting.assert_is_archived();
    assert_eq!(setting.storage.heads().len(), 10);

    let again = setting.run(&[]);
    assert_eq!(again.status.code(), Some(0));
    assert!(text(&again.stdout).lines().all(|line| line.contains("was there already")));
    setting.assert_is_archived();
    assert_eq!(setting.storage.heads().len(), 10);
}

#[test]
fn without_a_room_it_archives_the_demonstration_room() {
    let setting = Setting::new();
    let mut command = example("archive_room", "");
    let output = command.arg("--to").arg(setting.to()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    setting.assert_is_archived();
}

#[test]
fn killed_anywhere_and_run_again_the_archive_is_right() {
    let setting = Setting::new();
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut below = |bound: u32| random.next_u32() % bound;
    let is_part = |name: &str, bytes: &[u8]| name.ends_with(".part") && !bytes.is_empty();
    for round in 0..12 {
        let before = setting.storage.ranges().len();
        let (served, stall) = if round == 0 { (4, 70_000) } else { (below(2), below(120_000)) };
        let served = served as usize;
        setting.storage.expect(vec![Fate::Serve; served]);
        setting.storage.expect([Fate::StallAfter(stall as usize)]);
        let mut command = setting.command(&[]);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        setting.storage.wait_for_a_stall();
        // Once at least, something has been written by then.
        while round == 0 && !setting.found().iter().any(|(name, bytes)| is_part(name, bytes)) {
            std::thread::yield_now();
        }
        run.kill().unwrap();
        run.wait().unwrap();
        assert_eq!(setting.storage.ranges().len(), before + served + 1);
        let (found, expected) = (setting.found(), setting.expected());
        let whole = found.iter().filter(|(name, _)| !name.ends_with(".part"));
        assert!(whole.clone().all(|(name, bytes)| expected[name] == *bytes));
        if whole.count() + 2 >= expected.len() {
            break;
        }
    }
    assert!(setting.storage.ranges().iter().any(|&from| from > 0), "a partial file was taken up");
    let output = setting.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    setting.assert_is_archived();
}

#[test]
fn two_runs_at_once_do_not_spoil_each_others() {
    let setting = Setting::new();
    let runs = [(); 3].map(|()| setting.command(&[]).stdout(Stdio::piped()).spawn().unwrap());
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    assert!(setting.found() == setting.expected(), "{:?}", setting.found().keys());
    let mut records = setting.records();
    records.sort();
    records.dedup();
    assert_eq!((records.len(), setting.records().len()), (10, 10));
}

#[test]
fn what_is_archived_is_deleted_and_nothing_else() {
    let setting = Setting::new();
    setting.storage.expect([Fate::Serve, Fate::Raw(http("404 Not Found", "", b""))]);
    let lost = "RT00000000000000000000000000000001";
    let output = setting.run(&["--delete"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains(lost) && told.contains("status 404"), "{told}");
    let request = setting.api.requests();
    let deleted = request.iter().filter(|it| it.method == "DELETE").map(|it| it.uri.path());
    let deleted: Vec<_> = deleted.map(|path| path.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(deleted, setting.records());
    assert!(deleted.len() == 9 && !deleted.contains(&lost.to_owned()));

    // The next run finds what was left, and keeps what is no longer listed.
    let output = setting.run(&["--delete"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 2);
    assert!(setting.found() == setting.expected());
    assert_eq!(setting.records().len(), 10);
}

#[test]
fn what_cannot_be_verified_is_not_deleted() {
    let mut unsized_record = recording(1);
    unsized_record["size"] = Value::Null;
    let setting = Setting::of(vec![unsized_record]);
    setting.storage.expect([Fate::Raw(http("200 OK", "", b"some media"))]);
    let output = setting.run(&["--delete"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("not deleted, for its record says no size"));
    assert!(setting.api.requests().iter().all(|it| it.method != "DELETE"));
    assert_eq!(setting.found().len(), 1);
}

#[test]
fn a_format_is_never_a_path() {
    let mut evil = recording(1);
    evil["container_format"] = json!("/../../evil");
    let setting = Setting::of(vec![evil]);
    assert_eq!(setting.run(&[]).status.code(), Some(0));
    let name = "RT00000000000000000000000000000001.media".to_owned();
    assert!(setting.found().keys().eq([&name]));
}

#[test]
fn the_line_that_a_killed_run_did_not_finish_is_written_anew() {
    let setting = Setting::new();
    let first = setting.completed().next().unwrap();
    let long = "ë".repeat(1000);
    let mut half = format!("{first}\n{{\"track_name\": \"{long}").into_bytes();
    // In the middle of a character.
    half.pop();
    fs::write(setting.to().join("recordings.ndjson"), half).unwrap();
    assert_eq!(setting.run(&[]).status.code(), Some(0));
    setting.assert_is_archived();

    // A whole record is one, even without the end of its line.
    fs::write(setting.to().join("recordings.ndjson"), first.to_string()).unwrap();
    assert_eq!(setting.run(&[]).status.code(), Some(0));
    setting.assert_is_archived();

    // What is no record at all is left alone, and said.
    for strange in ["something else\n", "something else"] {
        fs::write(setting.to().join("recordings.ndjson"), strange).unwrap();
        assert_eq!(setting.run(&["--delete"]).status.code(), Some(1));
        assert_eq!(fs::read_to_string(setting.to().join("recordings.ndjson")).unwrap(), strange);
    }
    assert!(setting.api.requests().iter().all(|it| it.method != "DELETE"));
}

/// A limit on the size of files stands in for a disk that is full.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_and_leaves_nothing_half_under_the_final_name() {
    let setting = Setting::new();
    let program = setting.command(&[]);
    let mut limited = Command::new("/bin/sh");
    // In blocks of 512 or 1024 bytes, as the shell has it: less than the largest media.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 150; exec \"$0\" \"$@\""]);
    limited.arg(program.get_program()).args(program.get_args()).env_clear();
    limited.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = limited.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("could not write"), "{}", text(&output.stderr));
    let (found, expected) = (setting.found(), setting.expected());
    let whole: Vec<_> = found.iter().filter(|(name, _)| !name.ends_with(".part")).collect();
    assert!(whole.iter().all(|(name, bytes)| expected[*name] == **bytes));
    assert!((1..10).contains(&whole.len()), "{}", whole.len());

    assert_eq!(setting.run(&[]).status.code(), Some(0));
    setting.assert_is_archived();
}

#[test]
fn bad_usage_sends_nothing() {
    let setting = Setting::new();
    let run = |arguments: &[&str]| {
        let mut command = example("archive_room", setting.api.base_url());
        command.env_remove("TWILIO_AUTH_TOKEN").args(arguments).output().unwrap().status.code()
    };
    let to = setting.to().to_str().unwrap();
    assert_eq!(run(&[ROOM]), Some(2));
    assert_eq!(run(&["RMx", "--to", to]), Some(2));
    assert_eq!(run(&[ROOM, "--to", to]), Some(2));
    assert!(setting.api.requests().is_empty());
}
