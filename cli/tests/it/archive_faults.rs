//! `archive` in parallel, against a storage and an API that fail.

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::support::program::{Run, program, send_signal};
use super::support::room::{ArchivedRoom, records, sha256};
use super::support::{
    Fate, ROOM, Room, Server, Storage, UNKNOWN_ROOM, error_response, http, media, media_redirect,
    recording, sid,
};

/// Numbers that look random, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit).expect("a small number")
    }
}

#[test]
fn transient_faults_of_the_storage_are_retried() {
    let mut random = Random(1);
    for jobs in ["1", "4", "16"] {
        let room = ArchivedRoom::new();
        // Few for each recording, because the delays grow.
        room.storage.expect((0..6).flat_map(|_| [fault(&mut random), Fate::Serve]));
        room.run(&["--jobs", jobs, "--retries", "8"]).expect(0);
        room.assert_is_archived();
    }
}

fn fault(random: &mut Random) -> Fate {
    match random.below(8) {
        0 => Fate::Raw(http("503 Service Unavailable", "", b"")),
        1 => Fate::Raw(http("429 Too Many Requests", "Retry-After: 0\r\n", b"")),
        // The signed URL has expired.
        2 => Fate::Raw(http("403 Forbidden", "", b"<Error><Code>AccessDenied</Code></Error>")),
        3 => Fate::Raw(b"".into()),
        4 => Fate::IgnoreRange,
        5 => Fate::Tagged(Some("\"two\"")),
        _ => Fate::CutAfter(random.below(9000)),
    }
}

#[test]
fn transient_faults_of_the_api_are_retried() {
    let room = Room::new((0..16).map(|number| recording(number % 4 + number / 4 * 5)).collect());
    let count = AtomicUsize::new(0);
    let api = Server::start(move |request| match count.fetch_add(1, Ordering::SeqCst) % 5 {
        0 => error_response(503, 20503, "Service unavailable"),
        _ => room.respond(request),
    });
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(api.base_url());
    let archived = Run::of(command.args(["archive", ROOM, "--to"]).arg(folder.path())).expect(0);
    assert!(archived.stderr.contains("8 archived, "), "{}", archived.stderr);
}

#[test]
fn runs_that_are_killed_leave_complete_files_and_are_resumed() {
    let mut recordings = ArchivedRoom::new().recordings;
    recordings[0]["size"] = json!(RESUMED + 200_000);
    let room = ArchivedRoom::of(recordings);
    let mut random = Random(7);
    for (round, signal) in ["INT", "TERM", "KILL"].into_iter().cycle().enumerate().take(12) {
        let before = room.storage.ranges().len();
        let served = if round == 0 { 0 } else { random.below(2) };
        room.storage.expect(vec![Fate::Serve; served]);
        let bytes = if round == 0 { RESUMED + 9000 } else { random.below(120_000) };
        room.storage.expect(vec![Fate::StallAfter(bytes); 4]);
        let mut command = room.command(&["--jobs", "4"]);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while room.storage.ranges().len() <= before + served {
            std::thread::yield_now();
        }
        // Once at least, enough is written by then.
        while round == 0 && !room.found().iter().any(is_resumed_later) {
            std::thread::yield_now();
        }
        send_signal(signal, run.id());
        assert!(!run.wait().unwrap().success());

        let expected = room.expected();
        let complete = room.found().into_iter().filter(|(name, _)| !name.ends_with(".part"));
        for (name, bytes) in complete {
            assert!(expected[&name] == bytes, "{name}");
        }
        let recorded = room.recorded_sids();
        assert!(recorded.iter().all(|sid| room.completed_sids().contains(sid)));
        room.storage.forget_expected();
        if recorded.len() + 4 >= expected.len() {
            break;
        }
    }
    room.run(&[]).expect(0);
    room.assert_is_archived();
    assert!(room.storage.ranges().contains(&RESUMED), "a partial file was resumed");
}

/// A partial file is resumed from a multiple of so many bytes.
const RESUMED: usize = 8 << 20;

fn is_resumed_later((name, bytes): (&String, &Vec<u8>)) -> bool {
    name.ends_with(".part") && bytes.len() > RESUMED
}

#[test]
fn runs_at_the_same_time_do_no_harm() {
    let room = ArchivedRoom::new();
    for run in Run::of_each([(); 3].map(|()| room.command(&["--jobs", "4"]))) {
        run.expect(0);
    }
    room.assert_is_archived();
}

#[test]
fn runs_at_the_same_time_with_faults_do_no_harm() {
    let mut random = Random(3);
    let room = ArchivedRoom::new();
    room.storage.expect((0..20).map(|_| fault(&mut random)));
    for run in Run::of_each([(); 2].map(|()| room.command(&["--jobs", "4", "--retries", "8"]))) {
        run.expect(0);
    }
    room.assert_is_archived();
}

#[test]
fn rejected_credentials_end_the_run_with_one_line() {
    let service = Room::new((0..100).map(|number| recording(5 * number)).collect());
    let api = Server::start(move |request| match request.uri.path().ends_with("/Media") {
        true => error_response(401, 20003, "Authenticate"),
        false => service.respond(request),
    });
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(api.base_url());
    let archived = Run::of(command.args(["archive", ROOM, "--to"]).arg(folder.path())).expect(1);
    assert_eq!(archived.stderr_lines().len(), 2, "{}", archived.stderr);
    assert!(archived.stderr_lines()[0].contains("Authenticate"), "{}", archived.stderr);
    assert!(
        archived.stderr.contains(", 99 left for the next run, 1 error; "),
        "{}",
        archived.stderr
    );
    assert!(api.requests().len() <= 10, "{}", api.requests().len());

    let rejecting = Server::start(|_| error_response(401, 20003, "Authenticate"));
    let mut command = program(rejecting.base_url());
    command.args(["archive", ROOM, UNKNOWN_ROOM, "--to"]).arg(folder.path());
    let archived = Run::of(&mut command).expect(1);
    assert_eq!(archived.stderr_lines()[1], "error: not listed: 1 of 2 rooms");
    assert_eq!(rejecting.requests().len(), 1);
    let mut command = program(rejecting.base_url());
    let archived = Run::of(command.args(["archive", ROOM, "--to"]).arg(folder.path())).expect(1);
    assert_eq!(archived.stderr_lines().len(), 2, "{}", archived.stderr);
}

#[test]
fn storage_that_rejects_everything_is_tried_ever_less_often() {
    let recordings = (0..200).map(|number| recording(5 * number)).collect();
    let room = ArchivedRoom::of(recordings);
    let forbidden = http("403 Forbidden", "Connection: close\r\n", b"");
    room.storage.expect(vec![Fate::Raw(forbidden); 200]);
    let archived = room.run(&["--retries", "0", "--jobs", "4"]).expect(1);
    let tried = room.storage.heads().len();
    assert!((7..100).contains(&tried), "{tried}");
    let error =
        "error: 7 downloads in a row failed: until one succeeds, most recordings in https://";
    assert!(archived.stderr_lines()[0].starts_with(error), "{}", archived.stderr);
    let counts = format!(", {} left for the next run, {} errors; ", 200 - tried, tried + 1);
    assert!(archived.stderr.contains(&counts), "{counts}: {}", archived.stderr);
}

/// A room of 40 completed recordings. The API fails with this status for the media of the first 12.
fn room_with_losses(status: u16) -> (Server, Storage) {
    let recordings: Vec<_> = (0..40).map(|number| recording(5 * number)).collect();
    let (lost, all) = (recordings[..12].to_vec(), recordings.clone());
    let storage = Storage::of(move |path| {
        media(all.iter().find(|it| path[1..] == it["sid"]).expect("a recording"))
    });
    let (service, url) = (Room::new(recordings), storage.url.clone());
    let api = Server::start(move |request| {
        let Some(path) = request.uri.path().strip_suffix("/Media") else {
            return service.respond(request);
        };
        let sid = path.rsplit('/').next().expect("a SID");
        match lost.iter().any(|it| it["sid"] == sid) {
            true => error_response(status, 20000, "broken"),
            false => media_redirect(&format!("{url}/{sid}")),
        }
    });
    (api, storage)
}

#[test]
fn recordings_that_fail_for_ever_keep_no_others_from_the_archive() {
    let losses = room_with_losses(500);
    let folder = tempfile::tempdir().unwrap();
    let record_file = folder.path().join("recordings.ndjson");
    for _ in 0..100 {
        let mut command = program(losses.0.base_url());
        command.args(["archive", ROOM, "--jobs", "1", "--retries", "0", "--to"]).arg(folder.path());
        Run::of(&mut command).expect(1);
        if record_file.exists() && records(&record_file).len() == 28 {
            return;
        }
    }
    panic!("some recordings are never archived");
}

#[test]
fn recordings_whose_media_is_rejected_for_good_do_not_count_as_an_outage() {
    let losses = room_with_losses(403);
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(losses.0.base_url());
    command.args(["archive", ROOM, "--jobs", "1", "--retries", "0", "--to"]).arg(folder.path());
    let archived = Run::of(&mut command).expect(1);
    assert!(archived.stderr.contains("28 archived, "), "{}", archived.stderr);
    assert!(archived.stderr.contains(", 12 errors; "), "{}", archived.stderr);
}

#[test]
fn downloads_go_on_after_failures_that_pass() {
    let recordings = (0..30).map(|number| recording(5 * number)).collect();
    let room = ArchivedRoom::of(recordings);
    let unavailable = http("503 Service Unavailable", "Connection: close\r\n", b"");
    room.storage.expect(vec![Fate::Raw(unavailable); 5]);
    let archived = room.run(&["--retries", "0", "--jobs", "4"]).expect(1);
    assert_eq!(room.recorded_sids().len(), 25, "{}", archived.stderr);
}

#[test]
fn nothing_is_lost_by_runs_that_delete_and_are_killed() {
    let small = |number: usize| {
        let mut recording = recording(5 * number);
        recording["size"] = json!(3000 + number);
        recording
    };
    let room = ArchivedRoom::of((0..40).map(small).collect());
    let mut random = Random(11);
    for round in 0..20 {
        let runs = [(); 2].map(|()| {
            let mut command = room.command(&["--jobs", "3", "--delete", "--retries", "0"]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        });
        // The run that has sent so many requests is anywhere between two steps.
        let until = room.api.requests().len() + random.below(40);
        for mut run in runs {
            while room.api.requests().len() < until && run.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            // A run that has ended cannot be killed.
            let _ = run.kill();
            run.wait().unwrap();
        }
        assert_deleted_are_kept(&room, round);
    }

    room.run(&["--delete"]).expect(0);
    assert_deleted_are_kept(&room, 20);
    let (found, expected) = (room.found(), room.expected());
    let names: Vec<_> = found.keys().filter(|name| !expected.contains_key(*name)).collect();
    assert!(names.is_empty(), "{names:?}");
    assert!(found == expected);
}

/// Checks that every deleted recording has its file and its entry.
#[track_caller]
fn assert_deleted_are_kept(room: &ArchivedRoom, round: usize) {
    let deleted = room.deleted_sids();
    if deleted.is_empty() {
        return;
    }
    let (expected, found) = (room.expected(), room.found());
    let text = fs::read_to_string(room.record_file()).unwrap();
    // A killed run may have left the beginning of a line.
    let entries: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for sid in deleted {
        let entry = entries.iter().rfind(|entry| entry["sid"] == *sid).expect("an entry");
        let file = entry["archive"]["file"].as_str().unwrap();
        assert!(found.get(file) == expected.get(file), "round {round}: {file}");
        assert_eq!(entry["archive"]["sha256"], sha256(&found[file]), "round {round}: {file}");
    }
}

#[test]
fn bucket_of_the_account_that_rejects_is_named_once() {
    let room = ArchivedRoom::of([0, 1, 5, 6].map(recording).into());
    let forbidden = http("403 Forbidden", "Connection: close\r\n", b"");
    room.storage.expect(vec![Fate::Raw(forbidden); 3]);
    let archived = room.run(&["--retries", "0", "--jobs", "1"]).expect(1);
    let lines = archived.stderr_lines();
    let start = "error: https://my-super-duper-bucket.s3.amazonaws.com: 3 not archived: ";
    assert!(lines[0].starts_with(start), "{}", archived.stderr);
    assert!(lines.len() == 2 && lines[1].contains(", 3 errors; "), "{}", archived.stderr);
}

#[test]
fn retries_name_their_recording_or_their_room_and_the_delay() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.storage.expect([Fate::CutAfter(5000)]);
    let of_recording = room.run(&[]).expect(0);

    let has_failed = AtomicUsize::new(0);
    let service = Room::new(vec![]);
    let api = Server::start(move |request| match has_failed.fetch_add(1, Ordering::Relaxed) {
        0 => error_response(503, 20503, "Busy"),
        _ => service.respond(request),
    });
    let of_room = Run::of(program(api.base_url()).args(["list", ROOM])).expect(0);

    for (run, name) in [(of_recording, sid(1)), (of_room, ROOM.to_owned())] {
        let warning = run.stderr_lines()[0].to_owned();
        assert!(warning.starts_with(&format!("warning: {name}: ")), "{warning}");
        assert!(warning.contains("; retry 1 of 5 in 0.") && warning.ends_with(" s"), "{warning}");
    }
}

#[test]
fn bucket_that_rejects_keeps_no_others_from_the_archive() {
    let recordings = (0..100).map(|number| {
        let mut recording = recording(5 * number);
        let location = format!("https://bucket/{number}/media?X-Amz-Signature=1");
        recording["media_external_location"] =
            if number < 95 { json!(location) } else { Value::Null };
        recording
    });
    let recordings: Vec<_> = recordings.collect();
    let (all, service) = (recordings.clone(), Room::new(recordings.clone()));
    let (rejecting, storage) = (
        Storage::of(|_| Vec::new()),
        Storage::of(move |path| {
            media(all.iter().find(|it| path[1..] == it["sid"]).expect("a recording"))
        }),
    );
    let forbidden = http("403 Forbidden", "Connection: close\r\n", b"");
    rejecting.expect(vec![Fate::Raw(forbidden); 100]);
    let (bad, good) = (rejecting.url.clone(), storage.url.clone());
    let api = Server::start(move |request| {
        let Some(path) = request.uri.path().strip_suffix("/Media") else {
            return service.respond(request);
        };
        let sid = path.rsplit('/').next().expect("a SID");
        let record = recordings.iter().find(|it| it["sid"] == sid).expect("a recording");
        let url = if record["media_external_location"].is_null() { &good } else { &bad };
        media_redirect(&format!("{url}/{sid}"))
    });

    let folder = tempfile::tempdir().unwrap();
    let mut command = program(api.base_url());
    command.args(["archive", ROOM, "--jobs", "4", "--retries", "0", "--to"]).arg(folder.path());
    let archived = Run::of(&mut command).expect(1);
    assert!(archived.stderr.contains("\n5 archived, "), "{}", archived.stderr);
    assert!(rejecting.heads().len() < 60, "{}", rejecting.heads().len());
    let error = "error: https://bucket: ";
    assert_eq!(archived.stderr.matches(error).count(), 1, "{}", archived.stderr);
    assert!(!archived.stderr.contains("X-Amz-Signature"), "{}", archived.stderr);
}
