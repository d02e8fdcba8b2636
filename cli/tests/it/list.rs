//! `list`: tables, JSON lines, pages as they arrive.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::program::{Run, program, run};
use super::support::{
    PageServer, ROOM, Server, UNKNOWN_ROOM, bodies, error_response, json_response, page, recording,
    serve_room, sid,
};

fn serve_page(records: &[Value]) -> Server {
    let body = page(records, Value::Null);
    Server::start(move |_| json_response(200, &body))
}

#[test]
fn table_has_one_line_per_recording_below_its_header() {
    let server = serve_room((0..5).map(recording).collect());
    let listed = run(&server, &["list", ROOM]).expect(0);
    assert_eq!(listed.stderr, "");
    assert_eq!(
        listed.stdout,
        "\
SID                                 STATUS      CREATED (UTC)      LENGTH   SIZE
RT00000000000000000000000000000000  completed   2026-01-01 12:00  0:00:01    1 B
RT00000000000000000000000000000001  completed   2026-02-02 12:00  0:00:02  10.0K
RT00000000000000000000000000000002  processing  2026-03-03 12:00  0:00:00    0 B
RT00000000000000000000000000000003  deleted     2026-04-04 12:00  0:00:04  30.0K
RT00000000000000000000000000000004  failed      2026-05-05 12:00  0:00:05  40.0K
"
    );
}

#[test]
fn table_fits_80_columns_whatever_the_records_hold() {
    let mut records: Vec<Value> = (0..4).map(recording).collect();
    records[0]["status"] = json!("a status that nobody knows yet");
    records[1]["size"] = json!(u64::MAX);
    records[1]["duration"] = json!(35_999_999);
    records[2]["size"] = Value::Null;
    records[2]["duration"] = Value::Null;
    records[3]["status"] = json!("状态状态状态\u{1b}[2J");
    let listed = run(&serve_page(&records), &["list", ROOM]).expect(0);

    let rows = listed.stdout_lines();
    assert!(rows.iter().all(|row| row.chars().count() <= 80), "{}", listed.stdout);
    assert!(rows[1].contains("  a status …  "), "{}", rows[1]);
    assert!(rows[2].ends_with("    18E"), "{}", rows[2]);
    assert!(rows[3].ends_with("        -      -"), "{}", rows[3]);
    assert!(rows[4].contains("  状态状态…  "), "{}", rows[4]);
}

#[test]
fn sizes_have_five_characters_at_most() {
    let sizes = [999, 1000, 99_999, 100_000, 999_999, 1_000_000, 12_345_678_901, u64::MAX];
    let mut records: Vec<Value> = (0..sizes.len()).map(recording).collect();
    for (record, size) in records.iter_mut().zip(sizes) {
        record["size"] = json!(size);
    }
    let listed = run(&serve_page(&records), &["list", ROOM]).expect(0);
    let shown: Vec<_> = listed.stdout_lines()[1..].iter().map(|row| row[75..].trim()).collect();
    assert_eq!(shown, ["999 B", "1.0K", "99.9K", "100K", "999K", "1.0M", "12.3G", "18E"]);
}

#[test]
fn lengths_of_ten_hours_and_more_are_shown_without_seconds() {
    let lengths = [35_999, 36_000, 359_999, 360_000];
    let mut records: Vec<Value> = (0..lengths.len()).map(recording).collect();
    for (record, length) in records.iter_mut().zip(lengths) {
        record["duration"] = json!(length);
    }
    let listed = run(&serve_page(&records), &["list", ROOM]).expect(0);
    let shown: Vec<_> = listed.stdout_lines()[1..].iter().map(|row| row[66..73].trim()).collect();
    assert_eq!(shown, ["9:59:59", "10h 00m", "99h 59m", "100h"]);
}

#[test]
fn list_without_any_record_says_so() {
    let server = serve_room(vec![]);
    for arguments in [&["list", ROOM][..], &["list", ROOM, "--json"], &["list", "--account"]] {
        let listed = run(&server, arguments).expect(0);
        assert_eq!((&*listed.stdout, &*listed.stderr), ("", "no recordings\n"));
    }
}

#[test]
fn every_filter_reaches_the_service() {
    let server = serve_room((0..40).map(recording).collect());
    let source = "MT00000000000000000000000000000005";
    let listed = run(
        &server,
        &[
            "list",
            "--status",
            "Completed",
            "--source-sid",
            source,
            "--created-after",
            "2026-01-01",
            "--created-before",
            "2026-12-31T00:00Z",
            "--page-size",
            "30",
            "--limit",
            "5",
            "--json",
            ROOM,
        ],
    )
    .expect(0);
    let record: Value = serde_json::from_str(&listed.stdout).expect("a record");
    assert_eq!(record["sid"], sid(5));

    let received = server.requests();
    let parameter = |name: &str| received[0].parameter(name).unwrap_or_default();
    assert_eq!(received.len(), 1);
    assert_eq!(parameter("Status"), "completed");
    assert_eq!(parameter("SourceSid"), source);
    assert_eq!(parameter("DateCreatedAfter"), "2026-01-01T00:00:00Z");
    assert_eq!(parameter("DateCreatedBefore"), "2026-12-31T00:00:00Z");
    assert_eq!(parameter("PageSize"), "30");
}

#[test]
fn json_lines_are_the_records_of_the_service() {
    let records: Vec<Value> = (0..3).map(recording).collect();
    let listed = run(&serve_page(&records), &["list", ROOM, "--json"]).expect(0);
    for (line, record) in listed.stdout_lines().iter().zip(&records) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        for (name, value) in record.as_object().expect("an object") {
            let is_codec = name == "codec";
            assert!(is_codec || line[name] == *value, "{name}: {} and {value}", line[name]);
        }
    }
}

#[test]
fn control_characters_are_escaped() {
    let name = "a\u{1b}[31m\u{7f}\u{9b}2J\u{202e}\u{2066}\u{200f}\u{2028}\u{feff}\u{e0041}\në";
    let mut record = recording(1);
    record["track_name"] = json!(name);
    record["status"] = json!("\u{9b}2J");
    let server = serve_page(&[record]);

    let listed = run(&server, &["list", ROOM, "--json"]).expect(0);
    assert_eq!(listed.stdout_lines().len(), 1);
    assert!(!listed.stdout.chars().any(|it| it.is_control() && it != '\n'), "{}", listed.stdout);
    for raw in ["\u{202e}", "\u{2066}", "\u{200f}", "\u{2028}", "\u{feff}", "\u{e0041}"] {
        assert!(!listed.stdout.contains(raw), "{}", listed.stdout);
    }
    let line: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!(line["track_name"], name);

    let table = run(&server, &["list", ROOM]).expect(0);
    assert!(!table.stdout.chars().any(|it| it.is_control() && it != '\n'), "{}", table.stdout);
}

#[test]
fn each_page_is_printed_when_it_arrives() {
    let (release, released) = channel();
    let released = Mutex::new(released);
    let server = Server::start(move |request| match request.parameter("PageToken") {
        None => {
            let next = "https://video.twilio.com/v1/Rooms?Page=1&PageToken=PT1";
            json_response(200, &page(&[recording(1)], next))
        }
        Some(_) => {
            let released = released.lock().unwrap().recv_timeout(Duration::from_secs(60));
            released.expect("the first page is read before the second one is sent");
            json_response(200, &page(&[recording(2)], Value::Null))
        }
    });

    let mut command = program(server.base_url());
    command.args(["list", "--json", ROOM]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = lines.next().expect("a line").expect("text");
    release.send(()).expect("a server");
    let second = lines.next().expect("a line").expect("text");

    assert!(first.contains(&sid(1)) && second.contains(&sid(2)), "{first}\n{second}");
    assert!(child.wait().expect("an end").success());
}

#[test]
fn type_of_a_room_is_filtered_by_the_tool() {
    let server = serve_room((0..20).map(recording).collect());
    let audio = run(&server, &["list", ROOM, "--json", "--type", "Audio"]).expect(0);
    let types: Vec<Value> = audio.stdout_lines().into_iter().map(type_of).collect();
    assert!(!types.is_empty() && types.len() < 20 && types.iter().all(|it| it == "audio"));
    assert!(server.requests().iter().all(|it| it.parameter("MediaType").is_none()));

    // The limit counts what is printed.
    let page = ["--page-size", "3", "--limit", "4"];
    let arguments = [&["list", ROOM, "--json", "--type", "audio"][..], &page].concat();
    let limited = run(&server, &arguments).expect(0);
    assert_eq!(limited.stdout_lines(), audio.stdout_lines()[..4]);
}

fn type_of(line: &str) -> Value {
    serde_json::from_str::<Value>(line).expect("JSON")["type"].clone()
}

#[test]
fn limit_counts_over_all_rooms() {
    let server = serve_pages_of_any_room();
    let rooms = [ROOM, UNKNOWN_ROOM, "RMcccccccccccccccccccccccccccccccc"];
    let arguments = [&["list", "--json", "--limit", "3"][..], &rooms].concat();
    let listed = run(&server, &arguments).expect(0);
    assert_eq!(listed.stdout_lines().len(), 3);
    assert_eq!(server.requests().len(), 2);
}

/// Every room has two recordings.
fn serve_pages_of_any_room() -> Server {
    Server::start(|request| {
        let room = request.uri.path().split('/').nth(3).expect("a room");
        let records: Vec<Value> = (0..2)
            .map(|number| {
                let mut record = recording(number);
                record["room_sid"] = json!(room);
                record["grouping_sids"] = json!({"room_sid": room});
                record
            })
            .collect();
        json_response(200, &page(&records, Value::Null))
    })
}

#[test]
fn failing_room_does_not_stop_the_others() {
    let server = serve_room(vec![recording(1)]);
    let listed = run(&server, &["list", "--json", UNKNOWN_ROOM, ROOM]).expect(1);
    assert_eq!(listed.stdout_lines().len(), 1);
    assert!(listed.stderr.contains(UNKNOWN_ROOM), "{}", listed.stderr);
    assert_eq!(listed.stderr_lines().len(), 1);
}

#[test]
fn repeated_room_is_listed_once() {
    let server = serve_room(vec![recording(1)]);
    let listed = run(&server, &["list", "--json", ROOM, ROOM]).expect(0);
    assert_eq!(listed.stdout_lines().len(), 1);
}

#[test]
fn invalid_record_is_reported_and_the_listing_continues() {
    let mut records: Vec<Value> = (0..3).map(recording).collect();
    records[1]["size"] = json!("big");
    let listed = run(&serve_page(&records), &["list", ROOM, "--json"]).expect(1);
    assert_eq!(listed.stdout_lines().len(), 2);
    assert_eq!(listed.stderr_lines().len(), 1);
    let start = format!("error: {ROOM}: invalid record {}: ", sid(1));
    assert!(listed.stderr.starts_with(&start), "{}", listed.stderr);
    assert!(listed.stderr.contains("size \"big\""), "{}", listed.stderr);
}

#[test]
fn error_shows_what_support_asks_for() {
    let server = Server::start(|_| error_response(404, 20404, "The room was not found"));
    let listed = run(&server, &["list", ROOM]).expect(1);
    for text in ["404", "20404", "The room was not found", "RQ0123456789abcdef0123456789abcdef"] {
        assert!(listed.stderr.contains(text), "{}", listed.stderr);
    }
}

#[test]
fn closed_pipe_ends_the_listing_quietly() {
    let server = serve_room((0..3000).map(recording).collect());
    let mut command = program(server.base_url());
    command.args(["list", "--json", "--page-size", "1000", ROOM]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());

    let run: Run = child.wait_with_output().expect("an end").into();
    assert_eq!(run.expect(0).stderr, "");
    assert_eq!(server.requests().len(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn full_standard_output_is_an_error() {
    let server = serve_room(vec![recording(1)]);
    for arguments in [
        &["list", ROOM][..],
        &["fetch", ROOM, &sid(1)],
        &["--help"],
        &["--version"],
        &["help", "archive"],
    ] {
        let full = File::options().write(true).open("/dev/full").expect("a full device");
        let mut command = program(server.base_url());
        let run = Run::of(command.args(arguments).stdout(full)).expect(1);
        let start = "error: could not write standard output: ";
        assert!(run.stderr.starts_with(start), "{}", run.stderr);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn long_listing_takes_little_memory() {
    let peak = |pages| {
        let server = PageServer::start(bodies(pages, 1000), Duration::ZERO);
        let mut command = program(&server.base_url);
        command.args(["list", "--json", ROOM]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // Then the program waits in the middle of its last page, because a pipe holds less.
        assert_eq!(lines.by_ref().take(pages * 1000 - 999).count(), pages * 1000 - 999);

        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        child.kill().and_then(|()| child.wait()).expect("an end");
        peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap()
    };
    let (short, long) = (peak(1), peak(20));
    assert!(long < 20_000 && long < short * 3 / 2, "{short} kB for a page, {long} kB for 20");
}
