//! `archive --jobs`: the same results, and few connections.

use std::time::Duration;

use super::support::gated_service::GatedService;
use super::support::room::ArchivedRoom;

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
