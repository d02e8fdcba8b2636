//! `archive --json`, `--dry-run` and `--wait`.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::support::program::{Run, program};
use super::support::room::{ArchivedRoom, sid_of};
use super::support::{Fate, ROOM, Room, Server, recording, sid};

fn outcome(run: &Run) -> Value {
    assert_eq!(run.stdout_lines().len(), 1, "{}", run.stdout);
    serde_json::from_str(&run.stdout).expect("JSON")
}

#[test]
fn outcome_is_one_json_object() {
    let room = ArchivedRoom::new();
    let failing = vec![Fate::Raw(super::support::http("403 Forbidden", "", b"")); 1];
    room.storage.expect(failing);
    let first =
        outcome(&room.run(&["--json", "--quiet", "--jobs", "1", "--retries", "0"]).expect(1));
    assert_eq!((&first["archived"], &first["errors"]), (&json!(9), &json!(1)));
    assert!(first["bytes"].as_u64() > Some(0) && first["seconds"].is_f64(), "{first}");

    let second = outcome(&room.run(&["--json", "--delete"]).expect(0));
    let numbers = ["archived", "already_there", "deleted", "errors"].map(|name| &second[name]);
    assert_eq!(numbers, [&json!(1), &json!(9), &json!(10), &json!(0)]);
    let of_status = |name: &str| room.recordings.iter().filter(|it| it["status"] == name).count();
    for (name, status) in
        [("processing", "processing"), ("no_media", "deleted"), ("failed", "failed")]
    {
        assert_eq!(second[name], of_status(status), "{second}");
    }
}

#[test]
fn outcome_of_a_run_that_cannot_begin_is_printed_too() {
    let room = ArchivedRoom::new();
    std::fs::write(room.folder(), "no folder").unwrap();
    let failed = outcome(&room.run(&["--json"]).expect(1));
    assert_eq!((&failed["archived"], &failed["errors"]), (&json!(0), &json!(1)));
}

#[test]
fn dry_run_changes_nothing_and_says_what_would_be_done() {
    let room = ArchivedRoom::new();
    let lines = |words: &str| -> Vec<_> {
        room.completed().map(|it| format!("{}: {words}", sid_of(it))).collect()
    };
    let printed = |run: &Run| -> Vec<_> {
        let lines = run.stderr.lines().filter(|line| line.contains(": would be "));
        lines.map(str::to_owned).collect()
    };
    for (arguments, words) in [
        (&["--dry-run"][..], "would be downloaded"),
        (&["--dry-run", "--delete"], "would be downloaded and deleted"),
    ] {
        let dry = room.run(arguments).expect(0);
        assert_eq!(printed(&dry), lines(words));
        let last = dry.stderr_lines().pop().unwrap();
        assert!(last.starts_with("10 would be archived, 0 already there, "), "{last}");
        assert!(!room.folder().exists());
    }
    let requests = room.api.requests();
    assert!(requests.iter().all(|it| it.method == "GET" && it.uri.path().ends_with("/Recordings")));

    room.run(&[]).expect(0);
    let dry = room.run(&["--dry-run", "--delete"]).expect(0);
    assert_eq!(printed(&dry), lines("would be deleted"));
    assert!(dry.stderr.contains("0 would be archived, 10 already there, "), "{}", dry.stderr);
    assert!(dry.stderr.contains(", 10 would be deleted, "), "{}", dry.stderr);
    assert!(room.deleted_sids().is_empty());
}

/// A room whose only recording is processed after a number of listings.
fn processed_after(listings: usize) -> Server {
    changed_after(listings, vec![processing(1)], vec![recording(1)])
}

fn processing(number: usize) -> Value {
    let mut record = recording(number);
    record["status"] = json!("processing");
    record
}

/// A room whose recordings are others after a number of listings.
fn changed_after(listings: usize, before: Vec<Value>, after: Vec<Value>) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |request| {
        let is_listing = request.uri.path().ends_with("/Recordings");
        let listed = count.fetch_add(usize::from(is_listing), Ordering::SeqCst);
        let records = if listed < listings { &before } else { &after };
        Room::new(records.clone()).respond(request)
    })
}

fn wait(server: &Server, duration: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(server.base_url());
    command.args(["archive", ROOM, "--json", "--wait", duration, "--to"]).arg(folder.path());
    Run::of(&mut command).expect(0)
}

#[test]
fn wait_lists_again_until_everything_is_processed() {
    let server = processed_after(2);
    let archived = outcome(&wait(&server, "10m"));
    assert_eq!((&archived["archived"], &archived["processing"]), (&json!(1), &json!(0)));
}

#[test]
fn wait_ends_after_its_duration() {
    let server = processed_after(usize::MAX);
    let waited = wait(&server, "1s");
    assert_eq!(outcome(&waited)["processing"], 1);
    assert!(waited.stderr.contains(&format!("1 still processing: {}\n", sid(1))));
    assert!(server.requests().len() >= 2, "{}", server.requests().len());

    for duration in ["", "s", "10", "1w", "-1s", "1.5s", "99999999999999999999d"] {
        let mut command = program(server.base_url());
        let invalid = Run::of(
            command.args(["archive", ROOM, "--to", "/x"]).arg(format!("--wait={duration}")),
        );
        assert!(invalid.expect(2).stderr.contains("--wait"));
    }
}

#[test]
fn invalid_record_is_counted_once_in_all_listings_of_a_wait() {
    let mut invalid = recording(5);
    invalid["size"] = json!("big");
    let mut processing = recording(1);
    processing["status"] = json!("processing");
    let server = super::support::serve_room(vec![processing, invalid]);
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(server.base_url());
    command.args(["archive", ROOM, "--json", "--wait", "2s", "--to"]).arg(folder.path());
    let waited = Run::of(&mut command).expect(1);
    assert!(server.requests().len() >= 2, "{}", server.requests().len());
    assert_eq!(outcome(&waited)["errors"], 1);
}

#[test]
fn record_that_stays_invalid_is_archived_when_it_is_processed() {
    let invalid = |mut record: Value| {
        record["duration"] = json!("ten");
        record
    };
    let (before, after) = (invalid(processing(1)), invalid(recording(1)));
    let waited = wait(&changed_after(1, vec![before], vec![after]), "10m");
    let outcome = outcome(&waited);
    assert_eq!((&outcome["archived"], &outcome["processing"]), (&json!(1), &json!(0)));
    assert_eq!(waited.stderr.matches("without its invalid fields").count(), 1, "{}", waited.stderr);
}

#[test]
fn acknowledged_recording_is_counted_once_and_never_as_processing() {
    let before = vec![processing(1), processing(5), processing(6)];
    let after = vec![recording(1), recording(5), processing(6)];
    let server = changed_after(1, before, after);
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("lost");
    std::fs::write(&list, format!("{}\n{}\n", sid(1), sid(5))).unwrap();

    let mut command = program(server.base_url());
    command.args(["archive", ROOM, "--json", "--wait", "2s", "--acknowledged"]).arg(list);
    let waited = Run::of(command.arg("--to").arg(folder.path())).expect(0);
    let outcome = outcome(&waited);
    let numbers = ["archived", "acknowledged", "processing"].map(|name| &outcome[name]);
    assert_eq!(numbers, [&json!(0), &json!(2), &json!(1)]);
    assert!(waited.stderr.contains(&format!("1 still processing: {}\n", sid(6))));
    assert!(server.requests().len() >= 2);
}

#[test]
fn dry_run_leaves_an_incomplete_entry_as_it_is_and_needs_no_lock() {
    let room = ArchivedRoom::of(vec![recording(1), recording(5)]);
    room.run(&[]).expect(0);
    let mut text = std::fs::read(room.record_file()).unwrap();
    text.truncate(text.len() - 10);
    std::fs::write(room.record_file(), &text).unwrap();
    let locked = std::fs::File::open(room.record_file()).unwrap();
    locked.lock().unwrap();

    let dry = room.run(&["--dry-run"]).expect(0);
    assert!(dry.stderr.contains("1 would be archived, 1 already there, "), "{}", dry.stderr);
    assert!(std::fs::read(room.record_file()).unwrap() == text);
}

#[test]
fn dry_run_adds_huge_sizes_up() {
    let huge = |number: usize| {
        let mut record = recording(number);
        record["size"] = json!(u64::MAX);
        record
    };
    let dry = ArchivedRoom::of(vec![huge(1), huge(5)]).run(&["--dry-run"]).expect(0);
    assert!(dry.stderr.contains("2 would be archived, "), "{}", dry.stderr);
}
