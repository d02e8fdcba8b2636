//! `archive`: what is archived, and what is printed about it.

use std::fs;

use serde_json::{Value, json};

use super::support::program::{Run, program, run};
use super::support::room::{ArchivedRoom, file_name, records, sha256, sid_of};
use super::support::{
    Fate, ROOM, Room, Server, UNKNOWN_ROOM, error_response, json_response, media, recording, sid,
};

#[test]
fn room_is_archived_once() {
    let room = ArchivedRoom::new();
    room.run(&[]).expect(0);
    room.assert_is_archived();
    assert_eq!(room.storage.heads().len(), 10);

    room.run(&[]).expect(0);
    room.assert_is_archived();
    assert_eq!(room.storage.heads().len(), 10);
}

#[test]
fn summary_counts_every_recording() {
    let room = ArchivedRoom::new();
    let first = room.run(&[]).expect(0);
    assert_eq!(first.stdout, "");
    let summary = *first.stderr_lines().last().expect("a summary");
    let counts = "10 archived, 0 already there, 5 still processing, 5 no media, 0 failed at Twilio, 0 errors; ";
    assert!(summary.starts_with(counts), "{summary}");
    let bytes: u64 = room.completed().map(|it| it["size"].as_u64().unwrap()).sum();
    assert_eq!(bytes, 1_050_745);
    assert!(summary.contains("; 1.0M in "), "{summary}");

    let second = room.run(&[]).expect(0);
    let summary = *second.stderr_lines().last().expect("a summary");
    let counts = "0 archived, 10 already there, 5 still processing, 5 no media, 0 failed at Twilio, 0 errors; 0 B in ";
    assert!(summary.starts_with(counts), "{summary}");
}

#[test]
fn recordings_still_processing_and_failed_ones_are_named() {
    let room = ArchivedRoom::of((0..25).map(recording).collect());
    let archived = room.run(&[]).expect(1);
    let lines = archived.stderr_lines();
    for (line, number) in lines.iter().zip([4, 9, 14, 19, 24]) {
        let named =
            format!("error: {} of room {ROOM}: failed at Twilio, so it has no media", sid(number));
        assert!(line.starts_with(&named), "{line}");
    }
    let names = [2, 7, 12, 17, 22].map(sid).join(", ");
    assert_eq!(lines[5], format!("5 still processing: {names}"));
    assert!(lines[6].contains(", 5 no media, 5 failed at Twilio, 5 errors; "), "{}", lines[6]);
    assert_eq!(lines.len(), 7);
    assert_eq!(room.recorded_sids(), room.completed_sids());
}

#[test]
fn failures_that_are_acknowledged_are_no_errors() {
    let mut recordings: Vec<Value> = [4, 0, 1, 5, 9].map(recording).into();
    recordings[1]["date_created"] = json!("yesterday");
    let room = ArchivedRoom::of(recordings);
    let list = tempfile::NamedTempFile::new().unwrap();
    let known = format!("\u{feff}{}  # muted\n\n# {}\n{}\n{}\n", sid(4), sid(9), sid(0), sid(5));
    fs::write(list.path(), known).unwrap();
    let arguments = ["--acknowledged", list.path().to_str().unwrap(), "--delete"];

    let archived = room.run(&arguments).expect(1);
    assert_eq!(archived.stderr_lines().len(), 3, "{}", archived.stderr);
    assert!(
        archived.stderr.starts_with(&format!("error: {} of room", sid(9))),
        "{}",
        archived.stderr
    );
    assert_eq!((room.recorded_sids(), room.deleted_sids()), (vec![sid(1)], vec![sid(1)]));

    fs::write(list.path(), [0, 4, 5, 9].map(sid).join("\r\n")).unwrap();
    let archived = room.run(&arguments).expect(0);
    let summary = archived.stderr_lines()[0];
    assert!(
        summary.contains(", 0 failed at Twilio, 4 acknowledged, 0 deleted, 0 errors; "),
        "{summary}"
    );
}

#[test]
fn unusable_list_of_acknowledged_failures_sends_nothing_and_exits_with_2() {
    let room = ArchivedRoom::new();
    let list = tempfile::NamedTempFile::new().unwrap();
    fs::write(list.path(), format!("{}\n{ROOM}\n", sid(4))).unwrap();
    let path = list.path().to_str().unwrap();
    for (path, expected) in [
        (path, format!("error: invalid SID \"{ROOM}\" in line 2 of {path}: expected ")),
        ("missing", "error: could not read missing of --acknowledged: ".to_owned()),
    ] {
        let archived = room.run(&["--acknowledged", path]).expect(2);
        assert!(archived.stderr.starts_with(&expected), "{}", archived.stderr);
    }
    assert!(room.api.requests().is_empty() && !room.folder().exists());
}

#[test]
fn many_recordings_still_processing_are_one_line() {
    let room = ArchivedRoom::of((0..8).map(|number| recording(5 * number + 2)).collect());
    let archived = room.run(&[]).expect(0);
    let lines = archived.stderr_lines();
    assert!(lines[0].starts_with(&format!("8 still processing: {}, ", sid(2))), "{}", lines[0]);
    assert!(lines[0].ends_with(&format!(", {} and 3 more", sid(22))), "{}", lines[0]);
    assert_eq!(lines.len(), 2);
}

#[test]
fn nothing_listed_is_an_error_only_if_that_is_wanted() {
    let room = ArchivedRoom::of(vec![]);
    room.run(&[]).expect(0);
    let archived = room.run(&["--fail-if-empty"]).expect(1);
    assert!(archived.stderr.starts_with("error: no recording was listed"), "{}", archived.stderr);
    let room = ArchivedRoom::of(vec![recording(3)]);
    room.run(&["--fail-if-empty"]).expect(0);

    let mut invalid = recording(1);
    for sid in [sid(1), "RT1".to_owned()] {
        (invalid["sid"], invalid["size"]) = (json!(sid), json!("big"));
        let archived = ArchivedRoom::of(vec![invalid.clone()]).run(&["--fail-if-empty"]).expect(1);
        assert!(!archived.stderr.contains("no recording was listed"), "{}", archived.stderr);
    }
}

#[test]
fn media_that_the_service_does_not_have_is_no_error() {
    let service = Room::new(vec![recording(0), recording(1)]);
    let path = format!("/{}/Media", sid(1));
    let api = Server::start(move |request| match request.uri.path().ends_with(&path) {
        true => error_response(404, 20404, "The requested resource was not found"),
        false => service.respond(request),
    });
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    for archived in ["1 archived, ", "0 archived, "] {
        let run = run(&api, &["archive", ROOM, "--to", to, "--delete"]).expect(0);
        let summary = run.stderr_lines().last().unwrap().to_string();
        assert!(summary.starts_with(archived) && summary.contains(", 1 no media, "), "{summary}");
    }
    let deletions = api.requests().into_iter().filter(|it| it.method == "DELETE");
    assert!(deletions.into_iter().all(|it| it.uri.path().ends_with(&sid(0))));
}

#[test]
fn only_the_summary_is_printed_if_nothing_is_noteworthy() {
    let room = ArchivedRoom::of(vec![recording(0), recording(1)]);
    for _ in 0..2 {
        assert_eq!(room.run(&[]).expect(0).stderr_lines().len(), 1);
    }
}

#[test]
fn quiet_drops_the_summary() {
    let room = ArchivedRoom::new();
    assert_eq!(room.run(&["--quiet"]).expect(0).stderr, "");
    room.assert_is_archived();
}

#[test]
fn quiet_keeps_errors() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.storage.expect([Fate::Raw(super::support::http("404 Not Found", "", b""))]);
    let archived = room.run(&["--quiet"]).expect(1);
    assert_eq!(archived.stderr_lines().len(), 1);
    assert!(archived.stderr.starts_with(&format!("error: {}: ", sid(1))), "{}", archived.stderr);
}

#[test]
fn verbose_prints_one_line_per_recording() {
    let room = ArchivedRoom::new();
    for state in ["archived, ", "already there, "] {
        let archived = room.run(&["--verbose"]).expect(0);
        let lines = archived.stderr_lines();
        // Each of the 20, those still processing in one line, and the summary.
        assert_eq!(lines.len(), 22);
        for sid in room.completed_sids() {
            let start = format!("{sid}: {state}{}", room.folder().display());
            assert!(lines.iter().any(|line| line.starts_with(&start)), "{}", archived.stderr);
        }
    }
}

#[test]
fn records_are_those_of_the_service() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.run(&[]).expect(0);
    let written = &records(&room.record_file())[0];
    for (name, value) in recording(1).as_object().expect("an object") {
        assert_eq!(&written[name], value, "{name}");
    }

    let kept = written["archive"].as_object().expect("an object");
    let media = media(&recording(1));
    assert_eq!(kept["file"], format!("{}.mkv", sid(1)));
    assert_eq!((&kept["size"], &kept["sha256"]), (&json!(media.len()), &json!(sha256(&media))));
    let date = kept["date"].as_str().expect("a date");
    assert!(date.len() == 20 && date.starts_with("20") && date.ends_with('Z'), "{date}");
    assert!(!kept.contains_key("encryption"));
}

#[test]
fn control_characters_in_records_are_escaped() {
    let mut record = recording(1);
    record["track_name"] = json!("\u{9b}2J\u{202e}");
    let room = ArchivedRoom::of(vec![record]);
    room.run(&[]).expect(0);
    let text = fs::read_to_string(room.record_file()).unwrap();
    assert!(text.contains(r"\u009b2J\u202e"), "{text}");
}

#[test]
fn recording_of_zero_bytes_is_archived() {
    let mut empty = recording(1);
    empty["size"] = json!(0);
    let room = ArchivedRoom::of(vec![empty]);
    let archived = room.run(&[]).expect(0);
    assert!(archived.stderr.starts_with("1 archived, 0 already there, "), "{}", archived.stderr);
    room.assert_is_archived();
    let archived = room.run(&[]).expect(0);
    assert!(archived.stderr.starts_with("0 archived, 1 already there, "), "{}", archived.stderr);
}

#[test]
fn recording_without_recorded_size_is_downloaded_once() {
    let mut unsized_record = recording(1);
    unsized_record["size"] = Value::Null;
    let room = ArchivedRoom::of(vec![unsized_record]);
    room.storage.expect([Fate::Raw(super::support::http("200 OK", "", b"some media"))]);
    room.run(&[]).expect(0);
    assert_eq!(room.found().into_values().next().as_deref(), Some(&b"some media"[..]));
    let archived = room.run(&[]).expect(0);
    assert!(archived.stderr.starts_with("0 archived, 1 already there, "), "{}", archived.stderr);
    assert_eq!(room.storage.heads().len(), 1);
}

#[test]
fn file_of_another_size_is_downloaded_again() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.run(&[]).expect(0);
    let path = room.folder().join(format!("{}.mkv", sid(1)));
    fs::write(path, "damaged").unwrap();
    room.run(&[]).expect(0);
    room.assert_is_archived();
}

#[test]
fn entry_that_a_killed_run_has_not_written_is_added() {
    let room = ArchivedRoom::new();
    room.run(&[]).expect(0);
    fs::write(room.record_file(), "").unwrap();
    room.run(&[]).expect(0);
    room.assert_is_archived();
}

#[test]
fn recording_of_an_unknown_status_is_archived() {
    let mut strange = recording(1);
    strange["status"] = json!("archived\u{1b}[2J");
    let room = ArchivedRoom::of(vec![strange]);
    room.run(&["--delete"]).expect(0);
    assert_eq!((room.recorded_sids(), room.deleted_sids()), (vec![sid(1)], vec![sid(1)]));
}

#[test]
fn missing_media_is_no_error_only_if_the_api_itself_says_so() {
    for (body, status) in
        [(json!({"code": 20404, "message": "gone"}), 0), (Value::Null, 1), (json!("no route"), 1)]
    {
        let service = Room::new(vec![recording(1)]);
        let server = Server::start(move |request| match request.uri.path().ends_with("/Media") {
            true => json_response(404, &body),
            false => service.respond(request),
        });
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("archive");
        let archived =
            run(&server, &["archive", ROOM, "--to", to.to_str().unwrap()]).expect(status);
        let count = if status == 0 { " 1 no media, " } else { " 0 no media, " };
        assert!(archived.stderr.contains(count), "{}", archived.stderr);
    }
}

#[test]
fn listing_carries_the_filters_and_no_status() {
    let room = ArchivedRoom::new();
    let source = "MT00000000000000000000000000000005";
    let window = ["--created-after", "2026-01-01", "--created-before", "2026-12-31"];
    room.run(&[&["--source-sid", source][..], &window].concat()).expect(0);
    assert_eq!(room.recorded_sids(), [sid(5)]);

    let request = &room.api.requests()[0];
    let parameter = |name: &str| request.parameter(name);
    assert_eq!(parameter("Status"), None);
    assert_eq!(parameter("SourceSid").as_deref(), Some(source));
    assert_eq!(parameter("DateCreatedAfter").as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(parameter("DateCreatedBefore").as_deref(), Some("2026-12-31T00:00:00Z"));
}

#[test]
fn unknown_room_leaves_nothing_behind() {
    let room = ArchivedRoom::new();
    let mut command = program(room.api.base_url());
    let archived =
        Run::of(command.args(["archive", UNKNOWN_ROOM, "--to"]).arg(room.folder())).expect(1);
    assert!(archived.stderr_lines()[0].contains(UNKNOWN_ROOM), "{}", archived.stderr);
    assert!(archived.stderr_lines()[1].contains(", 1 error; "), "{}", archived.stderr);
    assert!(!room.folder().exists());
}

#[test]
fn failing_room_does_not_stop_the_others() {
    let room = ArchivedRoom::new();
    let mut command = program(room.api.base_url());
    command.args(["archive", UNKNOWN_ROOM, ROOM, "--to"]).arg(room.folder());
    Run::of(&mut command).expect(1);
    room.assert_is_archived();
}

#[test]
fn invalid_record_is_an_error_and_the_others_are_archived() {
    let mut records: Vec<Value> = (0..2).map(recording).collect();
    records[0]["date_created"] = json!("yesterday");
    let room = ArchivedRoom::of(records);
    let archived = room.run(&[]).expect(1);
    let start = format!("error: {ROOM}: invalid record {}: ", sid(0));
    assert!(archived.stderr.starts_with(&start), "{}", archived.stderr);
    assert_eq!(room.recorded_sids(), [sid(1)]);
}

#[test]
fn record_with_invalid_informational_fields_is_archived_as_it_came() {
    let mut odd = recording(1);
    (odd["duration"], odd["track_name"]) = (json!("an hour"), json!(["a", 1e3]));
    let room = ArchivedRoom::of(vec![recording(0), odd.clone()]);
    let start = format!("warning: {ROOM}: invalid record {}: duration ", sid(1));
    for arguments in [&[][..], &["--delete"]] {
        let archived = room.run(arguments).expect(0);
        let warning = archived.stderr_lines()[0];
        assert!(
            warning.starts_with(&start)
                && warning.ends_with("; the record is used without its invalid fields"),
            "{warning}"
        );
        room.assert_is_archived();
    }
    assert_eq!(room.deleted_sids().len(), 2);

    let entries = records(&room.record_file());
    let entry = entries.iter().find(|entry| entry["sid"] == sid(1)).unwrap();
    let as_received = entry["as_received"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(as_received).unwrap(), odd);
    assert_eq!(entry["duration"], Value::Null);
    assert_eq!(entry["archive"]["sha256"], sha256(&media(&odd)));
    let verified = Run::of(program("").arg("verify").arg(room.folder())).expect(0);
    assert!(verified.stderr.starts_with("2 unchanged, "), "{}", verified.stderr);
}

#[test]
fn recording_that_is_listed_twice_is_archived_once() {
    let room = ArchivedRoom::of([1, 2, 1, 2].map(recording).into());
    let archived = room.run(&[]).expect(0);
    assert_eq!(archived.stderr_lines()[0], format!("1 still processing: {}", sid(2)));
    let counts = "1 archived, 0 already there, 1 still processing, ";
    assert!(archived.stderr_lines()[1].starts_with(counts), "{}", archived.stderr);
}

#[test]
fn failed_downloads_name_their_recording_and_the_others_are_archived() {
    let room = ArchivedRoom::new();
    let not_found = super::support::http("404 Not Found", "", b"");
    room.storage.expect([Fate::Serve, Fate::Raw(not_found.clone()), Fate::Raw(not_found)]);
    let archived = room.run(&["--jobs", "1"]).expect(1);
    let errors: Vec<_> =
        archived.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 2, "{}", archived.stderr);
    for (error, recording) in errors.iter().zip(room.completed().skip(1)) {
        let start = format!("error: {}: ", sid_of(recording));
        assert!(error.starts_with(&start) && error.contains("404"), "{error}");
    }
    assert_eq!(room.recorded_sids().len(), 8);

    room.run(&[]).expect(0);
    room.assert_is_archived();
}

#[test]
fn only_recordings_of_the_type_are_archived_and_deleted() {
    let room = ArchivedRoom::new();
    let is_audio = |it: &&Value| it["type"] == "audio";
    room.run(&["--type", "audio", "--delete", "--jobs", "1"]).expect(0);
    assert!(room.found().into_keys().eq(room.completed().filter(is_audio).map(file_name)));
    assert!(room.deleted_sids().into_iter().eq(room.completed().filter(is_audio).map(sid_of)));
}
