//! Dates as people type them.

use super::support::program::run;
use super::support::{ROOM, serve_room};

/// The date in the request.
fn sent(typed: &str) -> String {
    let server = serve_room(vec![]);
    run(&server, &["list", ROOM, "--created-after", typed]).expect(0);
    server.requests()[0].parameter("DateCreatedAfter").expect("a date")
}

#[test]
fn date_is_midnight_utc() {
    assert_eq!(sent("2026-01-31"), "2026-01-31T00:00:00Z");
}

#[test]
fn date_time_with_its_zone_is_sent_in_utc() {
    assert_eq!(sent("2026-01-31T10:00Z"), "2026-01-31T10:00:00Z");
    assert_eq!(sent("2026-01-31T10:00-02:30"), "2026-01-31T12:30:00Z");
    assert_eq!(sent("2026-01-31T10:00:07Z"), "2026-01-31T10:00:07Z");
    assert_eq!(sent("2026-01-31t10:00:07.5+01:00"), "2026-01-31T09:00:07Z");
}

#[test]
fn duration_goes_back_from_now() {
    use twilio_room_recordings::time::format_description::well_known::Rfc3339;
    use twilio_room_recordings::time::{Duration, OffsetDateTime};

    for (typed, ago) in
        [("90m", Duration::minutes(90)), ("36h", Duration::hours(36)), ("3d", Duration::days(3))]
    {
        let earliest = OffsetDateTime::now_utc() - ago - Duration::SECOND;
        let sent = OffsetDateTime::parse(&sent(typed), &Rfc3339).unwrap();
        assert!(earliest < sent && sent <= OffsetDateTime::now_utc() - ago, "{typed}: {sent}");
    }
}

#[test]
fn invalid_dates_are_rejected_with_examples() {
    let server = serve_room(vec![]);
    for typed in [
        "2026-01-31T10:00",
        "2026-01-31T10:00:00",
        "2026-01-31 10:00",
        "2026-02-30",
        "2026-1-31",
        "20260131",
        "yesterday",
        "",
        "d",
        "-3d",
        "3 d",
        "3w",
        "3D",
        "99999999999999999999d",
        "9999999999999d",
        "３d",
        "2026-01-31T10:0é",
    ] {
        let run = run(&server, &["list", ROOM, &format!("--created-before={typed}")]).expect(2);
        for example in ["2026-01-31T10:00Z", "2026-01-31, midnight UTC", "36h, 3d"] {
            assert!(run.stderr.contains(example), "{typed}: {}", run.stderr);
        }
    }
    assert!(server.requests().is_empty());
}

#[test]
fn date_time_without_zone_is_reported_with_a_fix() {
    let server = serve_room(vec![]);
    let run = run(&server, &["list", ROOM, "--created-after", "2026-01-31T10:00"]).expect(2);
    let fix = "the time zone is missing, as in 2026-01-31T10:00Z or 2026-01-31T10:00+01:00";
    assert!(run.stderr.contains(fix), "{}", run.stderr);
}
