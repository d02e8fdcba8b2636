//! The folder of an archive on disks that are unusual: without locks, and behind new folders. strace
//! fails the system calls, or records them.
#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::program::{Run, program};
use super::support::room::{ArchivedRoom, entry, records};
use super::support::{ROOM, is_available, recording, sid};

/// A command under strace; `None` if strace cannot be used here.
fn under_strace(options: &[&str], command: &Command) -> Option<Command> {
    if !is_available("strace", &["-o", "/dev/null", "true"]) {
        return None;
    }

    let mut strace = Command::new("strace");
    strace.args(["-f", "-qqq"]).args(options);
    strace.arg(command.get_program()).args(command.get_args());
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    strace.env_clear().env("PATH", std::env::var_os("PATH")?).envs(variables);
    if let Some(folder) = command.get_current_dir() {
        strace.current_dir(folder);
    }
    Some(strace)
}

const WITHOUT_LOCKS: [&str; 4] = ["-o", "/dev/null", "-e", "inject=flock:error=ENOLCK"];

fn small(number: usize) -> Value {
    let mut recording = recording(5 * number);
    recording["size"] = json!(3000 + number);
    recording
}

#[test]
fn runs_without_locks_do_not_overwrite_the_entries_of_each_other() {
    let room = ArchivedRoom::of((0..40).map(small).collect());
    let command = room.command(&["--jobs", "8"]);
    // A delay lets another run write between the look at the end of the file and the write.
    let options = [&WITHOUT_LOCKS[..], &["-e", "inject=write:delay_enter=3000"]].concat();
    let mut runs = Vec::new();
    for _ in 0..3 {
        let Some(mut run) = under_strace(&options, &command) else { return };
        runs.push(run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    }
    for run in runs {
        run.wait_with_output().unwrap();
    }

    // A recording can have several entries, and every line is one.
    let mut sids = room.recorded_sids();
    sids.dedup();
    assert_eq!(sids, room.completed_sids());
    room.run(&["--delete"]).expect(0);
    assert!(room.found() == room.expected());
    assert_eq!(room.deleted_sids().len(), 40);
}

#[test]
fn run_without_locks_does_not_remove_what_another_run_is_writing() {
    let room = ArchivedRoom::of(vec![recording(0)]);
    let other = entry(&recording(5)).to_string();
    let (half, rest) = other.split_at(100);
    fs::create_dir(room.folder()).unwrap();
    fs::write(room.record_file(), half).unwrap();
    let Some(mut run) = under_strace(&WITHOUT_LOCKS, &room.command(&["--delete"])) else { return };
    Run::of(&mut run).expect(0);

    let text = fs::read_to_string(room.record_file()).unwrap();
    let added = text.strip_prefix(&format!("{half}\n")).expect("nothing is removed");
    assert!(added.contains(&sid(0)) && added.ends_with("}\n"), "{added}");
    assert_eq!(room.deleted_sids(), [sid(0)]);
    fs::write(room.record_file(), format!("{half}{rest}\n{added}")).unwrap();
    assert_eq!(records(&room.record_file()).len(), 2);
}

/// The folders that a run has synced.
fn synced_folders(command: &Command, log: &Path) -> Option<Vec<PathBuf>> {
    let calls = ["-y", "-e", "trace=fsync", "-e", "signal=none"];
    let options = [&calls[..], &["-o", log.to_str().unwrap()]].concat();
    Run::of(&mut under_strace(&options, command)?).expect(0);
    let log = fs::read_to_string(log).unwrap();

    // A call that another thread or process interrupts has two lines, and only the first has a path.
    let mut unfinished = HashMap::new();
    let mut synced = Vec::new();
    for line in log.lines() {
        let (process, call) = line.split_once(' ').unwrap();
        if !call.contains("resumed>") {
            let path = call.split_once('<').unwrap().1.split_once('>').unwrap().0;
            unfinished.insert(process, PathBuf::from(path));
        }
        if !call.ends_with("<unfinished ...>") {
            let path = unfinished.remove(process).expect("the beginning of the call");
            synced.extend(call.ends_with("= 0").then_some(path));
        }
    }
    Some(synced)
}

#[test]
fn every_folder_that_was_created_is_synced_before_a_deletion() {
    for (to, folders) in [("archive", &["", "archive"][..]), ("a/b/c", &["", "a", "a/b", "a/b/c"])]
    {
        let room = ArchivedRoom::of(vec![recording(0)]);
        let parent = tempfile::tempdir().unwrap();
        let mut command = program(room.api.base_url());
        command.args(["archive", ROOM, "--delete", "--to", to]).current_dir(parent.path());
        let log = room.folder().with_file_name("log");
        let Some(synced) = synced_folders(&command, &log) else { return };

        let parent = parent.path().canonicalize().unwrap();
        let expected = folders.iter().map(|folder| parent.join(folder).components().collect());
        for folder in expected.collect::<Vec<PathBuf>>() {
            assert!(synced.contains(&folder), "{folder:?}: {synced:?}");
        }
        assert!(synced.contains(&parent.join(to).join(format!("{}.mka", sid(0)))));
        assert!(synced.contains(&parent.join(to).join("recordings.ndjson")));
        assert_eq!(room.deleted_sids(), [sid(0)]);
    }
}

#[test]
fn folders_are_synced_before_a_deletion_also_if_the_file_was_moved() {
    let room = ArchivedRoom::of(vec![recording(0)]);
    let parent = tempfile::tempdir().unwrap();
    let mut command = program(room.api.base_url());
    let arguments = ["archive", ROOM, "--delete", "--exec", "rm", "--to", "a/b"];
    command.args(arguments).current_dir(parent.path());
    let log = room.folder().with_file_name("log");
    let Some(synced) = synced_folders(&command, &log) else { return };

    let parent = parent.path().canonicalize().unwrap();
    let record_file = parent.join("a/b/recordings.ndjson");
    let entry = synced.iter().rposition(|path| *path == record_file).expect("the entry");
    for folder in [parent.join("a/b"), parent.join("a"), parent] {
        assert!(synced[entry..].contains(&folder), "{folder:?}: {synced:?}");
    }
    assert_eq!(room.deleted_sids(), [sid(0)]);
}
