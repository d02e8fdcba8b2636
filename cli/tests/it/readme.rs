//! The commands of the README and the manual.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::support::program::{Run, program};
use super::support::room::{ArchivedRoom, entry};
use super::support::{
    ROOM, Server, is_available, json_response, not_tested, recording, serve_room,
};

const README: &str = include_str!("../../../README.md");
const MANUAL: &str = include_str!("../../README.md");
const TOOL: &str = env!("CARGO_BIN_EXE_twilio-recordings");

/// The example `fake_account`, which ends when this is dropped.
struct FakeAccount {
    process: Child,
    /// The variables that it printed.
    variables: Vec<(String, String)>,
}

impl FakeAccount {
    /// `None` if Cargo has not built it, because only the tool is tested.
    fn start() -> Option<Self> {
        let path = Path::new(TOOL).with_file_name("examples").join("fake_account");
        if !path.exists() {
            not_tested("the example fake_account is not built");
            return None;
        }
        let mut command = Command::new(path);
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the example");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let variables = lines.take(3).map(|line| {
            let line = line.expect("a line");
            let (name, value) =
                line.strip_prefix("export ").and_then(|it| it.split_once('=')).expect("a variable");
            (name.to_owned(), value.to_owned())
        });
        Some(Self { variables: variables.collect(), process })
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(TOOL);
        command.env_clear().envs(self.variables.iter().cloned()).args(arguments);
        Run::of(&mut command)
    }
}

impl Drop for FakeAccount {
    fn drop(&mut self) {
        self.process.kill().expect("a process");
        self.process.wait().expect("an end");
    }
}

#[test]
fn fake_account_serves_every_command() {
    let Some(account) = FakeAccount::start() else { return };
    for (name, value) in &account.variables {
        let is_shown = README.contains(&format!("export {name}={value}\n"));
        assert!(is_shown || name == "TWILIO_VIDEO_BASE_URL", "{name}={value}");
    }

    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    assert_eq!(account.run(&["list", "--account", "--json"]).expect(0).stdout_lines().len(), 8);
    let archived = account.run(&["archive", "--account", "--to", to]).expect(0);
    let summary = *archived.stderr_lines().last().unwrap();
    assert!(summary.starts_with("7 archived, 0 already there, 1 still processing, "), "{summary}");
    account.run(&["verify", to]).expect(0);
}

#[test]
fn picture_is_the_time_line_of_the_fake_account() {
    if !is_available("jq", &["--version"]) {
        return;
    }
    let Some(account) = FakeAccount::start() else { return };
    let records = account.run(&["list", ROOM, "--json"]).expect(0).stdout;
    let picture = timeline(&records);
    assert_eq!(picture.lines().count(), 6, "{picture}");
    assert!(README.contains(&format!("```text\n{picture}```\n")), "{picture}");
}

#[test]
fn time_line_of_tracks_without_a_participant_or_a_length_is_drawn() {
    if !is_available("jq", &["--version"]) {
        return;
    }
    let mut records = [1, 6, 2].map(recording);
    records[0]["grouping_sids"].take();
    records[1]["grouping_sids"]["participant_sid"].take();
    let lines = |records: &[Value]| -> String {
        records.iter().map(|record| format!("{record}\n")).collect()
    };
    assert_eq!(timeline(&lines(&records)).lines().count(), 3);
    assert_eq!(timeline(&lines(&records[2..])), "");
    assert_eq!(timeline(""), "");
}

/// The output of the example `timeline.jq`.
fn timeline(records: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/timeline.jq");
    let mut jq = Command::new("jq");
    jq.args(["--raw-output", "--slurp", "--from-file", path]);
    let mut jq = jq.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("jq");
    jq.stdin.take().expect("a pipe").write_all(records.as_bytes()).expect("jq reads");
    let output = jq.wait_with_output().expect("an end");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A home folder with the tool, and with credentials for a server.
fn home(server: &Server) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join(".cargo/bin")).unwrap();
    symlink(TOOL, home.path().join(".cargo/bin/twilio-recordings")).unwrap();
    let mut file = fs::File::create(home.path().join(".twilio")).unwrap();
    for (name, value) in program(server.base_url()).get_envs() {
        let (name, value) = (name.to_str().unwrap(), value.unwrap().to_str().unwrap());
        writeln!(file, "export {name}='{value}'").unwrap();
    }
    home
}

/// Runs the line for cron as cron does.
fn nightly(home: &Path) -> Run {
    let line = README.lines().find_map(|line| line.strip_prefix("17 3 * * * ")).expect("a line");
    in_shell(home, Path::new("/"), line)
}

fn in_shell(home: &Path, folder: &Path, commands: &str) -> Run {
    let path = std::env::var("PATH").expect("a path");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", commands]).current_dir(folder).env_clear().env("PATH", path);
    Run::of(command.env("HOME", home))
}

/// Runs the block of the manual that holds these words, with the credentials and the tool.
fn manual(home: &Path, words: &str) -> Run {
    let commands = format!("PATH=$HOME/.cargo/bin:$PATH; . ~/.twilio\n{}", manual_block(words));
    in_shell(home, home, &commands)
}

fn manual_block(words: &str) -> &'static str {
    let blocks = MANUAL.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.into_iter().find(|block| block.contains(words)).expect("a block")
}

#[test]
fn nightly_line_logs_each_run_and_prints_nothing_if_it_succeeds() {
    let room = ArchivedRoom::new();
    let home = home(&room.api);
    for archived in ["10 archived, ", "0 archived, "] {
        let run = nightly(home.path()).expect(0);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
        let log = fs::read_to_string(home.path().join("archive.log")).unwrap();
        assert!(log.lines().last().unwrap().starts_with(archived), "{log}");
    }
    let log = fs::read_to_string(home.path().join("archive.log")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains("still processing: ")).count(), 2, "{log}");
    assert_eq!(log.lines().count(), 6, "{log}");

    assert!(home.path().join("archive").join(ROOM).is_dir());
    for name in ["archive", "archive.log", "archive.last"] {
        let mode = fs::metadata(home.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

#[test]
fn nightly_line_prints_the_end_of_a_run_that_fails_and_keeps_its_status() {
    let server = serve_room((0..25).map(|number| recording(5 * number + 4)).collect());
    let home = home(&server);
    fs::write(home.path().join("archive.log"), "an earlier night\n").unwrap();
    let run = nightly(home.path()).expect(1);
    assert_eq!(run.stdout.lines().count(), 20, "{}", run.stdout);
    assert!(run.stdout.contains(", 25 failed at Twilio, 25 errors; "), "{}", run.stdout);
    let log = fs::read_to_string(home.path().join("archive.log")).unwrap();
    assert!(log.starts_with("an earlier night\n") && log.ends_with(&run.stdout), "{log}");

    fs::remove_file(home.path().join(".twilio")).unwrap();
    let run = nightly(home.path());
    assert!(run.status != 0 && run.stderr.contains(".twilio"), "{}", run.stderr);
}

#[test]
fn metrics_are_those_of_the_last_outcome() {
    if !is_available("jq", &["--version"]) {
        return;
    }
    let room = ArchivedRoom::new();
    let home = home(&room.api);
    let metrics = || fs::read_to_string(home.path().join("twilio_recordings.prom")).unwrap();
    manual(home.path(), "twilio_recordings_end_seconds").expect(0);
    let written = metrics();
    assert!(written.lines().any(|line| line == "twilio_recordings_archived 10"), "{written}");
    assert_eq!(written.lines().count(), 12, "{written}");
    for line in written.lines() {
        let (name, value) = line.split_once(' ').expect("a name and a value");
        assert!(name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_'), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }

    fs::write(home.path().join(".twilio"), "export TWILIO_ACCOUNT_SID=AC1\n").unwrap();
    manual(home.path(), "twilio_recordings_end_seconds").expect(2);
    assert_eq!(metrics(), written);
}

#[test]
fn files_can_be_checked_without_the_tool() {
    if !is_available("jq", &["--version"]) {
        return;
    }
    let room = ArchivedRoom::new();
    room.run(&[]).expect(0);
    let home = home(&room.api);
    for file in fs::read_dir(room.folder()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), home.path().join(file.file_name())).unwrap();
    }
    let entries = fs::File::options().append(true).open(home.path().join("recordings.ndjson"));
    entries.unwrap().write_all(b"{\"sid\": \n7\n").unwrap();
    let checked = manual(home.path(), "sha256sum").expect(0);
    assert_eq!(checked.stdout_lines().len(), 10, "{}", checked.stdout);

    let name = checked.stdout_lines()[0].split(':').next().unwrap();
    fs::write(home.path().join(name), "damage").unwrap();
    assert!(manual(home.path(), "sha256sum").expect(1).stdout.contains(&format!("{name}: FAILED")));
}

#[test]
fn names_of_rooms_and_participants_can_be_saved() {
    if !is_available("jq", &["--version"]) || !is_available("curl", &["--version"]) {
        return;
    }
    let server = Server::start(|request| {
        let path = request.uri.path_and_query().expect("a path").as_str();
        json_response(200, &json!({"path": path, "unique_name": "Daily"}))
    });
    let home = home(&server);
    let entries = [entry(&recording(0)), json!(7), entry(&recording(5))];
    let entries: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    fs::write(home.path().join("recordings.ndjson"), entries).unwrap();

    let block =
        manual_block("participants.json").replace("https://video.twilio.com", server.base_url());
    in_shell(home.path(), home.path(), &format!("export NO_PROXY='*'\n{block}")).expect(0);
    for (name, path) in [("room", ""), ("participants", "/Participants?PageSize=1000")] {
        let saved = fs::read(home.path().join(format!("{ROOM}.{name}.json"))).unwrap();
        let saved: Value = serde_json::from_slice(&saved).unwrap();
        assert_eq!(saved["path"], format!("/v1/Rooms/{ROOM}{path}"));
    }
    assert_eq!(server.requests().len(), 2);
}
