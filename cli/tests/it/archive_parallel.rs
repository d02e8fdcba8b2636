//! `archive --jobs`: the same results, and few connections. What another run does at the same time.

use std::fs;
use std::io::Write;
use std::time::Duration;

use super::support::gated_service::GatedService;
use super::support::program::{Run, program};
use super::support::room::ArchivedRoom;
use super::support::{ROOM, Room, Server, error_response, recording, sid};

#[test]
fn results_are_the_same_with_any_number_of_jobs() {
    for jobs in ["1", "2", "7", "64"] {
        let room = ArchivedRoom::new();
        let archived = room.run(&["--jobs", jobs, "--delete"]).expect(0);
        room.assert_is_archived();
        let mut deleted = room.deleted_sids();
        deleted.sort();
        assert_eq!(deleted, room.completed_sids());
        let summary = *archived.stderr_lines().last().unwrap();
        assert!(summary.starts_with("10 archived, "), "{summary}");
    }
}

#[test]
fn jobs_share_few_connections() {
    for jobs in [1, 4, 8] {
        let service = GatedService::start(60, Duration::from_millis(5));
        let archived = service.archive(jobs, &["--delete"]);
        assert!(archived.stderr.contains("60 archived, "), "{}", archived.stderr);
        let (api, storage) = (service.api.connections(), service.storage.connections());
        assert!(api <= jobs + 1, "{api} connections to the API, {jobs} jobs");
        assert!(storage <= jobs, "{storage} connections to the storage, {jobs} jobs");
        assert!(storage >= jobs.min(2), "one download at a time, {jobs} jobs");
    }
}

#[test]
fn recordings_that_wait_are_archived_in_any_number() {
    let service = GatedService::start(1200, Duration::ZERO);
    let archived = service.archive(4, &["--delete"]);
    assert!(archived.stderr.contains("\n1200 archived, "), "{}", archived.stderr);
    assert!(archived.stderr.contains(", 1200 deleted, 0 errors; "), "{}", archived.stderr);
    assert_eq!(service.files(), 1201);
}

#[test]
fn recording_that_another_run_archives_and_deletes_is_already_there() {
    let other = ArchivedRoom::of(vec![recording(0)]);
    other.run(&[]).expect(0);
    let entry = fs::read_to_string(other.record_file()).unwrap();
    let media = other.folder().join(format!("{}.mka", sid(0)));

    let folder = tempfile::tempdir().unwrap();
    let of_this_run = folder.path().to_owned();
    let room = Room::new(vec![recording(0)]);
    let api = Server::start(move |request| match request.uri.path().ends_with("/Media") {
        // The other run archives and deletes the recording after this one has listed it.
        true => {
            let records = of_this_run.join("recordings.ndjson");
            let records = fs::File::options().append(true).open(records);
            records.unwrap().write_all(entry.as_bytes()).unwrap();
            fs::copy(&media, of_this_run.join(media.file_name().unwrap())).unwrap();
            error_response(404, 20404, "The requested resource was not found")
        }
        false => room.respond(request),
    });
    let mut command = program(api.base_url());
    let archived = Run::of(command.args(["archive", ROOM, "--to"]).arg(folder.path())).expect(0);
    assert!(archived.stderr.starts_with("0 archived, 1 already there, "), "{}", archived.stderr);
}
