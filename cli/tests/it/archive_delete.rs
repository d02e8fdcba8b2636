//! `archive --delete`: what is deleted, and when.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value, json};

use axum::response::Response;

use super::support::program::{Run, run};
use super::support::room::{ArchivedRoom, entry, records, sid_of};
use super::support::{
    Fate, ROOM, Room, Server, error_response, http, json_response, media, no_content, page,
    recording, sid,
};

#[test]
fn complete_recordings_are_deleted_and_no_others() {
    let room = ArchivedRoom::new();
    room.storage.expect([Fate::Serve, Fate::Raw(http("404 Not Found", "", b""))]);
    room.run(&["--delete", "--jobs", "1"]).expect(1);
    let mut deleted = room.deleted_sids();
    deleted.sort();
    assert_eq!(deleted, room.recorded_sids());
    assert!(deleted.len() == 9 && !deleted.contains(&sid(1)));

    // The next run deletes the rest, and keeps the records of what is no longer listed.
    room.run(&["--delete"]).expect(0);
    room.assert_is_archived();
    assert_eq!(room.deleted_sids().len(), 10);
}

#[test]
fn recordings_that_are_already_there_are_deleted() {
    let room = ArchivedRoom::new();
    room.run(&[]).expect(0);
    assert!(room.deleted_sids().is_empty());
    room.run(&["--delete"]).expect(0);
    assert_eq!(room.deleted_sids().len(), 10);
    assert_eq!(room.storage.heads().len(), 10);
    room.assert_is_archived();
}

#[test]
fn recording_without_recorded_size_is_deleted_when_its_entry_names_the_size() {
    let mut unsized_record = recording(1);
    unsized_record["size"] = Value::Null;
    let room = ArchivedRoom::of(vec![unsized_record]);
    room.storage.expect([Fate::Raw(http("200 OK", "", b"some media"))]);
    room.run(&[]).expect(0);
    room.run(&["--delete"]).expect(0);
    assert_eq!(room.storage.heads().len(), 1);
    assert_eq!(room.deleted_sids(), [sid(1)]);
    assert_eq!(records(&room.record_file())[0]["archive"]["size"], 10);
}

#[test]
fn file_that_has_changed_is_downloaded_again_before_the_deletion() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.run(&[]).expect(0);
    let file = room.folder().join(format!("{}.mkv", sid(1)));
    let mut damaged = media(&recording(1));
    damaged[500] ^= 1;
    fs::write(&file, damaged).unwrap();
    let archived = room.run(&["--delete"]).expect(0);
    let warning = format!("warning: {}: {} has changed: downloaded again", sid(1), file.display());
    assert_eq!(archived.stderr_lines()[0], warning);
    room.assert_is_archived();
    assert_eq!(room.deleted_sids(), [sid(1)]);
    assert_eq!(room.storage.heads().len(), 2);
}

#[test]
fn file_without_an_entry_is_no_reason_to_delete() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    fs::create_dir(room.folder()).unwrap();
    let zeros = vec![0; media(&recording(1)).len()];
    fs::write(room.folder().join(format!("{}.mkv", sid(1))), zeros).unwrap();
    room.run(&["--delete"]).expect(0);
    room.assert_is_archived();
    assert_eq!(room.deleted_sids(), [sid(1)]);
}

#[test]
fn record_that_has_changed_is_written_again_before_the_deletion() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    let mut old = entry(&recording(1));
    old["track_name"] = json!("the old name");
    fs::create_dir(room.folder()).unwrap();
    fs::write(room.record_file(), format!("{old}\n")).unwrap();
    fs::write(room.folder().join(format!("{}.mkv", sid(1))), media(&recording(1))).unwrap();
    room.run(&["--delete"]).expect(0);
    let names: Vec<_> =
        records(&room.record_file()).iter().map(|it| it["track_name"].clone()).collect();
    assert_eq!(names, [json!("the old name"), recording(1)["track_name"].clone()]);
    assert_eq!((room.deleted_sids(), room.storage.heads().len()), (vec![sid(1)], 0));
}

#[test]
fn media_whose_recorded_size_has_changed_is_downloaded_again_before_the_deletion() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    let mut old = recording(1);
    old["size"] = json!(100);
    fs::create_dir(room.folder()).unwrap();
    fs::write(room.record_file(), format!("{}\n", entry(&old))).unwrap();
    fs::write(room.folder().join(format!("{}.mkv", sid(1))), media(&old)).unwrap();
    room.run(&["--delete"]).expect(0);
    assert_eq!(room.found(), room.expected());
    assert_eq!(records(&room.record_file()).last(), records(&room.record_file()).get(1));
    assert_eq!(records(&room.record_file())[1]["archive"]["size"], recording(1)["size"]);
    assert_eq!(room.deleted_sids(), [sid(1)]);
}

#[test]
fn media_whose_format_has_changed_stays_where_it_is() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    let mut old = recording(1);
    old["container_format"] = json!("mka");
    fs::create_dir(room.folder()).unwrap();
    fs::write(room.record_file(), format!("{}\n", entry(&old))).unwrap();
    fs::write(room.folder().join(format!("{}.mka", sid(1))), media(&old)).unwrap();
    room.run(&["--delete"]).expect(0);
    assert_eq!(room.found().into_keys().collect::<Vec<_>>(), [format!("{}.mka", sid(1))]);
    let last = &records(&room.record_file())[1];
    assert_eq!((&last["container_format"], room.deleted_sids().len()), (&json!("mkv"), 1));
    assert_eq!(last["archive"]["file"], format!("{}.mka", sid(1)));
}

#[test]
fn deletions_are_printed() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    let archived = room.run(&["--delete"]).expect(0);
    assert_eq!(archived.stderr_lines()[0], format!("{}: deleted", sid(1)));
    assert!(archived.stderr_lines()[1].contains(", 1 deleted, 0 errors; "), "{}", archived.stderr);
}

#[test]
fn failed_deletion_is_an_error_and_the_file_stays() {
    let recordings = vec![recording(0), recording(1)];
    let room = Room::new(recordings.clone());
    let api = Server::start(move |request| match request.method.as_str() {
        "DELETE" => error_response(403, 20403, "Forbidden"),
        _ => room.respond(request),
    });
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    let arguments = ["archive", ROOM, "--to", to, "--delete"];
    let archived = run(&api, &arguments).expect(1);
    for recording in recordings {
        let start = format!("error: {}: not deleted: ", sid_of(&recording));
        assert!(archived.stderr.contains(&start), "{}", archived.stderr);
    }
    assert!(archived.stderr.contains("2 archived, "), "{}", archived.stderr);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn nothing_is_deleted_before_the_listing_is_complete() {
    let two_pages = TwoPages::start(|| json_response(200, &page(&[recording(6)], Value::Null)));
    two_pages.archive().expect(0);
    assert_eq!(two_pages.log(), ["second page", "deletion", "deletion", "deletion", "deletion"]);
}

#[test]
fn nothing_of_a_listing_that_fails_is_deleted() {
    let two_pages = TwoPages::start(|| error_response(404, 20404, "The room was not found"));
    let archived = two_pages.archive().expect(1);
    assert!(archived.stderr.contains("3 archived, "), "{}", archived.stderr);
    assert_eq!(two_pages.log(), ["second page"]);
}

#[test]
fn recording_whose_file_has_changed_is_not_deleted() {
    let folder = Arc::<OnceLock<PathBuf>>::default();
    let shared = Arc::clone(&folder);
    let two_pages = TwoPages::start(move || {
        let file = format!("{}.mkv", sid(1));
        fs::write(shared.get().expect("a folder").join(file), "damaged").unwrap();
        json_response(200, &page(&[], Value::Null))
    });
    folder.set(two_pages.folder.path().to_owned()).unwrap();
    let archived = two_pages.archive().expect(1);
    let error = format!("error: {}: not deleted: its file has changed", sid(1));
    assert!(archived.stderr.contains(&error), "{}", archived.stderr);
    assert_eq!(two_pages.log(), ["second page", "deletion", "deletion"]);
}

#[test]
fn nothing_is_deleted_after_the_record_file_has_disappeared() {
    let folder = Arc::<OnceLock<PathBuf>>::default();
    let shared = Arc::clone(&folder);
    let two_pages = TwoPages::start(move || {
        let file = shared.get().expect("a folder").join("recordings.ndjson");
        while fs::read_to_string(&file).unwrap().lines().count() < 3 {
            std::thread::yield_now();
        }
        fs::remove_file(file).unwrap();
        json_response(200, &page(&[], Value::Null))
    });
    folder.set(two_pages.folder.path().to_owned()).unwrap();
    let archived = two_pages.archive().expect(1);
    assert!(archived.stderr.starts_with("error: could not write "), "{}", archived.stderr);
    assert_eq!(two_pages.log(), ["second page"]);
}

/// An API whose second page comes when the recordings of the first one are archived, the last one
/// perhaps excepted.
struct TwoPages {
    api: Server,
    log: Arc<Mutex<Vec<&'static str>>>,
    folder: tempfile::TempDir,
}

impl TwoPages {
    fn start(second: impl Fn() -> Response + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = Arc::<Mutex<Vec<_>>>::default();
        let entries = Arc::clone(&log);
        let downloads = AtomicUsize::new(0);
        let room = Room::new([0, 1, 5, 6].map(recording).into());

        let api = Server::start(move |request| {
            if request.method == "DELETE" {
                entries.lock().unwrap().push("deletion");
                return no_content();
            }
            if !request.uri.path().ends_with("/Recordings") {
                let is_download = request.uri.path().starts_with("/storage/");
                downloads.fetch_add(usize::from(is_download), Ordering::SeqCst);
                return room.respond(request);
            }
            if request.parameter("PageToken").is_none() {
                let next = "https://video.twilio.com/v1/Rooms?Page=1&PageToken=PT1";
                return json_response(
                    200,
                    &page(&[recording(0), recording(1), recording(5)], next),
                );
            }
            // There is one job: the two before this one are done.
            while downloads.load(Ordering::SeqCst) < 3 {
                std::thread::yield_now();
            }
            entries.lock().unwrap().push("second page");
            second()
        });
        Self { api, log, folder }
    }

    fn archive(&self) -> Run {
        let to = self.folder.path().to_str().expect("UTF-8");
        run(&self.api, &["archive", ROOM, "--to", to, "--delete", "--jobs", "1"])
    }

    fn log(&self) -> Vec<&'static str> {
        self.log.lock().unwrap().clone()
    }
}
