//! `--account`: every recording of the account.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::support::program::{Run, program, run};
use super::support::room::{ArchivedRoom, file_name, records, sid_of};
use super::support::{ROOM, Server, UNKNOWN_ROOM, media, recording, recording_of, serve_room, sid};

const OTHER_ROOM: &str = UNKNOWN_ROOM;

/// Recordings of two rooms, in turns, of which none has failed.
fn recordings() -> Vec<Value> {
    let recordings = (0..25).map(|number| recording_of([ROOM, OTHER_ROOM][number % 2], number));
    recordings.filter(|it| it["status"] != "failed").collect()
}

#[test]
fn recordings_of_all_rooms_are_listed() {
    let server = serve_room(recordings());
    let listed = run(&server, &["list", "--account", "--json"]).expect(0);
    assert_eq!(listed.stdout_lines().len(), 20);
    for (line, expected) in listed.stdout_lines().iter().zip(recordings()) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!((&line["sid"], &line["room_sid"]), (&expected["sid"], &expected["room_sid"]));
    }
    let request = &server.requests()[0];
    assert_eq!(request.uri.path(), "/v1/Recordings");
    assert_eq!(request.parameter("PageSize").as_deref(), Some("100"));
}

#[test]
fn filters_of_the_account_reach_the_service() {
    let server = serve_room(recordings());
    let participant = format!("PA{:032x}", 5);
    let filters = ["--grouping-sid", ROOM, "--grouping-sid", &participant, "--type", "Video"];
    let page = ["--page-size", "100", "--status", "completed", "--created-after", "2026-01-01"];
    let listed = [&["list", "--account"][..], &filters, &page].concat();
    run(&server, &listed).expect(0);
    let query = server.requests()[0].uri.query().unwrap().to_owned();
    for parameter in [
        &format!("GroupingSid={ROOM}"),
        &format!("GroupingSid={participant}"),
        "MediaType=video",
        "PageSize=100",
        "Status=completed",
        "DateCreatedAfter=2026-01-01T00%3A00%3A00Z",
    ] {
        assert!(query.split('&').any(|it| it == parameter), "{parameter}: {query}");
    }
}

#[test]
fn windows_of_the_cookbook_divide_the_account() {
    let server = serve_room(recordings());
    let cookbook = include_str!("../../../src/docs/cookbook.md");
    let commands = cookbook.lines().filter(|it| it.contains("--to archive/2"));
    let windows: Vec<Vec<&str>> = commands
        .map(|line| {
            let (_, options) = line.split_once("archive ").expect("options");
            let (window, _) = options.split_once(" --to").expect("a folder");
            window.split(' ').collect()
        })
        .collect();
    assert_eq!(windows.len(), 3);

    let mut sids = Vec::new();
    for window in &windows {
        let listed =
            run(&server, &[&["list", "--account", "--json"][..], window].concat()).expect(0);
        assert!(listed.stdout_lines().len() < 20, "{window:?}");
        for line in listed.stdout_lines() {
            sids.push(sid_of(&serde_json::from_str(line).expect("JSON")));
        }
    }
    sids.sort();
    assert!(sids.into_iter().eq(recordings().iter().map(sid_of)));
}

#[test]
fn invalid_usage_of_the_account_sends_nothing_and_exits_with_2() {
    let server = serve_room(vec![]);
    let invalid: &[&[&str]] = &[
        &["list", "--account", ROOM],
        &["list", "--account", "-"],
        &["list", "--account", "--page-size", "101"],
        &["list", "--account", "--type", "text"],
        &["list", "--account", "--grouping-sid", "MT"],
        &["list", ROOM, "--type", "text"],
        &["list", ROOM, "--grouping-sid", ROOM],
        &["archive", "--account"],
    ];
    for arguments in invalid {
        let run = run(&server, arguments).expect(2);
        assert!(run.stderr.starts_with("error: "), "{arguments:?}: {}", run.stderr);
    }
    assert!(server.requests().is_empty());
}

/// The media files below a folder, by their paths.
fn found(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let rooms = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut found = BTreeMap::new();
    for room in rooms.filter(|it| it.file_name() != "recordings.ndjson") {
        for file in fs::read_dir(room.path()).unwrap().map(Result::unwrap) {
            let name = Path::new(&room.file_name()).join(file.file_name());
            found.insert(name.to_str().unwrap().to_owned(), fs::read(file.path()).unwrap());
        }
    }
    found
}

#[track_caller]
fn assert_is_archived(folder: &Path, recordings: &[Value]) {
    let completed = || recordings.iter().filter(|it| it["status"] == "completed");
    let name = |it: &Value| format!("{}/{}", it["room_sid"].as_str().unwrap(), file_name(it));
    let expected: BTreeMap<_, _> = completed().map(|it| (name(it), media(it))).collect();
    let found = found(folder);
    assert!(found == expected, "{:?}", found.keys());
    let mut recorded: Vec<_> =
        records(&folder.join("recordings.ndjson")).iter().map(sid_of).collect();
    recorded.sort();
    assert!(recorded.into_iter().eq(completed().map(sid_of)));
}

fn storage_requests(server: &Server) -> usize {
    let requests = server.requests();
    requests.iter().filter(|it| it.uri.path().starts_with("/storage/")).count()
}

#[test]
fn archive_has_one_folder_per_room_and_one_record_file() {
    let server = serve_room(recordings());
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("archive");
    let archive = ["archive", "--account", "--to", to.to_str().unwrap()];
    for counts in ["10 archived, 0 already there, ", "0 archived, 10 already there, "] {
        let archived = run(&server, &archive).expect(0);
        assert!(archived.stderr.contains(counts), "{}", archived.stderr);
        assert_is_archived(&to, &recordings());
    }
    assert_eq!(storage_requests(&server), 10);
}

#[test]
fn archived_recordings_of_the_account_are_deleted() {
    let server = serve_room(recordings());
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    run(&server, &["archive", "--account", "--delete", "--to", to]).expect(0);
    assert_is_archived(folder.path(), &recordings());
    let deletions = server.requests().iter().filter(|it| it.method == "DELETE").count();
    assert_eq!(deletions, 10);
}

#[test]
fn leftovers_in_the_folder_of_a_room_are_removed() {
    let server = serve_room(vec![recording_of(OTHER_ROOM, 1)]);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    run(&server, &["archive", "--account", "--to", to]).expect(0);
    let part = format!("{}.mkv.0123456789abcdef.part", sid(1));
    let part = folder.path().join(OTHER_ROOM).join(part);
    fs::write(&part, "some bytes").unwrap();
    run(&server, &["archive", "--account", "--to", to]).expect(0);
    assert!(!part.exists());
}

#[test]
fn leftovers_of_recordings_that_were_deleted_since_are_removed() {
    for (list, subfolder) in [("--account", ROOM), (ROOM, ".")] {
        let folder = tempfile::tempdir().unwrap();
        let (to, media) = (folder.path().to_str().unwrap(), folder.path().join(subfolder));
        let mut record = recording_of(ROOM, 1);
        run(&serve_room(vec![record.clone()]), &["archive", list, "--to", to]).expect(0);
        let part = media.join(format!("{}.mkv.0123456789abcdef.part", sid(1)));
        fs::write(&part, "some bytes").unwrap();

        record["status"] = "deleted".into();
        run(&serve_room(vec![record]), &["archive", list, "--to", to]).expect(0);
        assert!(!part.exists() && media.join(format!("{}.mkv", sid(1))).exists(), "{list}");
    }
}

#[test]
fn files_of_a_room_are_found_by_a_run_of_the_account() {
    let room = ArchivedRoom::of(vec![recording(0), recording(1)]);
    room.run(&[]).expect(0);
    let mut command = program(room.api.base_url());
    command.args(["archive", "--account", "--delete", "--to"]).arg(room.folder());
    let archived = Run::of(&mut command).expect(0);
    assert!(archived.stderr.contains("\n0 archived, 2 already there, "), "{}", archived.stderr);
    assert_eq!((room.storage.heads().len(), room.deleted_sids().len()), (2, 2));
    assert!(room.found() == room.expected());
}

#[test]
fn folder_of_a_room_that_cannot_be_created_does_not_stop_the_others() {
    let server = serve_room(recordings());
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    fs::write(folder.path().join(ROOM), "a file").unwrap();
    let archived = run(&server, &["archive", "--account", "--to", to]).expect(1);

    let of_room = |room| {
        let recordings = recordings().into_iter();
        recordings.filter(move |it| it["room_sid"] == room && it["status"] == "completed")
    };
    let failed: Vec<_> = of_room(ROOM).map(|it| sid_of(&it)).collect();
    for sid in &failed {
        let start = format!("error: {sid}: could not create {to}/{ROOM}: ");
        assert!(archived.stderr.lines().any(|it| it.starts_with(&start)), "{}", archived.stderr);
    }
    let errors = archived.stderr.lines().filter(|it| it.starts_with("error: ")).count();
    assert_eq!(errors, failed.len(), "{}", archived.stderr);

    fs::remove_file(folder.path().join(ROOM)).unwrap();
    assert_is_archived(folder.path(), &of_room(OTHER_ROOM).collect::<Vec<_>>());
}

#[test]
fn account_without_completed_recordings_leaves_nothing_behind() {
    let server = serve_room(vec![]);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("archive");
    run(&server, &["archive", "--account", "--to", to.to_str().unwrap()]).expect(0);
    assert!(!to.exists());
}

#[test]
fn failing_listing_of_the_account_is_named() {
    let server = Server::start(|_| super::support::error_response(403, 20403, "Forbidden"));
    let listed = run(&server, &["list", "--account"]).expect(1);
    assert!(listed.stderr.starts_with("error: the account: "), "{}", listed.stderr);
}
