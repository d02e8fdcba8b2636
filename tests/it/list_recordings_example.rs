//! The example `list_recordings` as a person or a script runs it. `cargo test` builds it first.

use std::process::Output;

use crate::support::fake_server::{
    ROOM, Server, error_response, json_response, recording, serve_room,
};
use crate::support::{example, page};
use serde_json::{Value, json};
use twilio_room_recordings::RoomRecording;

fn run(base_url: &str, arguments: &[&str]) -> Output {
    example("list_recordings", base_url).args(arguments).output().expect("the example")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn without_a_room_it_lists_the_demonstration_room() {
    let table = run("", &[]);
    assert_eq!(table.status.code(), Some(0));
    assert_eq!(text(&table.stdout).lines().count(), 26);
    assert!(text(&table.stderr).contains("requests: 3"));
    let json = run("", &["--json"]);
    let sids = |lines: &str| -> Vec<String> {
        lines
            .lines()
            .map(|line| serde_json::from_str::<RoomRecording>(line).unwrap().sid.to_string())
            .collect()
    };
    let rows: Vec<_> =
        text(&table.stdout).lines().skip(1).map(|row| row[..34].to_owned()).collect();
    assert_eq!(sids(text(&json.stdout)), rows);
}

#[test]
fn every_option_reaches_the_service() {
    let server = serve_room((0..40).map(recording).collect());
    let output = run(
        server.base_url(),
        &[
            ROOM,
            "--status",
            "completed",
            "--source-sid",
            "MT00000000000000000000000000000005",
            "--created-after",
            "2026-01-01T00:00:00Z",
            "--created-before",
            "2026-12-31T00:00:00Z",
            "--page-size",
            "30",
            "--limit",
            "5",
            "--timeout",
            "9",
            "--json",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let record: RoomRecording = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(record.sid.as_str(), "RT00000000000000000000000000000005");
    let query = server.requests()[0].uri.query().unwrap().to_owned();
    assert_eq!(
        query,
        "Status=completed&SourceSid=MT00000000000000000000000000000005\
         &DateCreatedAfter=2026-01-01T00%3A00%3A00Z&DateCreatedBefore=2026-12-31T00%3A00%3A00Z&PageSize=30"
    );
}

#[test]
fn a_bad_record_is_told_and_the_listing_goes_on() {
    let mut records: Vec<Value> = (0..3).map(recording).collect();
    records[1]["size"] = json!("big");
    let body = page(&records, Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let output = run(server.base_url(), &[ROOM, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout).lines().count(), 2);
    assert!(text(&output.stderr).contains("(page 0, index 1): size:"));
}

#[test]
fn a_failure_is_told_with_what_support_asks_for() {
    let server = Server::start(|_| error_response(404, 20404, "The room was not found"));
    let output = run(server.base_url(), &[ROOM]);
    assert_eq!(output.status.code(), Some(1));
    for words in ["404", "20404", "The room was not found", "RQ0123456789abcdef0123456789abcdef"] {
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
}

#[test]
fn bad_usage_sends_nothing() {
    let server = serve_room(vec![]);
    for arguments in [
        &["RMx"][..],
        &[ROOM, "--page-size", "0"],
        &[ROOM, "--page-size", "1001"],
        &[ROOM, "--status", "odd"],
        &[ROOM, "--created-after", "yesterday"],
        &[
            ROOM,
            "--created-after",
            "2026-02-01T00:00:00Z",
            "--created-before",
            "2026-01-01T00:00:00Z",
        ],
        &[ROOM, "--timeout", "0"],
        &[ROOM, "--no-such-option"],
    ] {
        let output = run(server.base_url(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
    }
    assert!(server.requests().is_empty());
}
