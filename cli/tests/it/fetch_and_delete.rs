//! `fetch` and `delete`.

use serde_json::{Value, json};

use super::support::program::run;
use super::support::{
    ROOM, Server, error_response, json_response, no_content, recording, serve_room, sid,
};

#[test]
fn fetch_prints_one_record_as_json() {
    let server = serve_room((0..3).map(recording).collect());
    let fetched = run(&server, &["fetch", ROOM, &sid(1)]).expect(0);
    assert_eq!(fetched.stdout_lines().len(), 1);
    let record: Value = serde_json::from_str(&fetched.stdout).expect("JSON");
    assert_eq!((&record["sid"], &record["size"]), (&sid(1).into(), &10_008.into()));
}

#[test]
fn fetch_of_an_unknown_recording_fails() {
    let server = serve_room(vec![]);
    let fetched = run(&server, &["fetch", ROOM, &sid(1)]).expect(1);
    assert!(fetched.stderr.starts_with("error: ") && fetched.stderr.contains("404"));
    assert_eq!(fetched.stdout, "");
}

#[test]
fn delete_deletes_each_recording_once() {
    let server = serve_room((0..3).map(recording).collect());
    let deleted = run(&server, &["delete", ROOM, &sid(1), &sid(2)]).expect(0);
    let lines = [format!("{}: deleted", sid(1)), format!("{}: deleted", sid(2))];
    assert_eq!(deleted.stderr_lines(), lines);
    assert_eq!(deleted.stdout, "");
    let received = server.requests();
    assert!(received.len() == 2 && received.iter().all(|it| it.method == "DELETE"));
}

#[test]
fn recording_that_is_already_gone_is_no_error() {
    let server = serve_room(vec![]);
    let deleted = run(&server, &["delete", ROOM, &sid(1)]).expect(0);
    assert_eq!(deleted.stderr, format!("{}: already gone, or never in this room\n", sid(1)));
}

#[test]
fn failing_deletion_does_not_stop_the_others() {
    let first = sid(1);
    let server = Server::start(move |request| {
        if request.uri.path().ends_with(&first) {
            return error_response(403, 20403, "Forbidden");
        }
        no_content()
    });
    let deleted = run(&server, &["delete", ROOM, &sid(1), &sid(2)]).expect(1);
    let start = format!("error: {}: not deleted: ", sid(1));
    assert!(deleted.stderr.starts_with(&start), "{}", deleted.stderr);
    assert!(deleted.stderr.ends_with(&format!("{}: deleted\n", sid(2))), "{}", deleted.stderr);
}

#[test]
fn dry_run_looks_recordings_up_and_deletes_nothing() {
    let server = serve_room(vec![recording(1)]);
    let looked_up = run(&server, &["delete", "--dry-run", ROOM, &sid(1), &sid(2)]).expect(0);
    let lines = [
        format!("{}: would be deleted, status completed", sid(1)),
        format!("{}: already gone, or never in this room", sid(2)),
    ];
    assert_eq!(looked_up.stderr_lines(), lines);
    assert!(server.requests().iter().all(|it| it.method == "GET"));

    let server = Server::start(|_| error_response(403, 20403, "Forbidden"));
    let failed = run(&server, &["delete", "--dry-run", ROOM, &sid(1)]).expect(1);
    assert!(failed.stderr.starts_with(&format!("error: {}: ", sid(1))), "{}", failed.stderr);

    let gateway = Server::start(|_| json_response(404, &json!({"error": "no such path"})));
    let failed = run(&gateway, &["delete", "--dry-run", ROOM, &sid(1)]).expect(1);
    assert!(failed.stderr.starts_with(&format!("error: {}: ", sid(1))), "{}", failed.stderr);
}
