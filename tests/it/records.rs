//! Records: their fields and their rules.

use serde_json::{Value, json};
use twilio_room_recordings::{Page, RoomRecording};

use crate::support::fake_server::{ROOM, Server, json_response, recording};
use crate::support::records::{fault, fault_of, page_of};
use crate::support::{items, page, room};

const OTHER_ROOM: &str = "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

#[test]
fn file_name_is_the_sid_and_a_format_that_cannot_be_a_path() {
    let sid = recording(1)["sid"].as_str().unwrap().to_owned();
    for (format, extension) in [
        (json!("mka"), "mka"),
        (json!("Mkv2"), "Mkv2"),
        (json!(""), "media"),
        (json!("a/b"), "media"),
        (json!("..\\x"), "media"),
        (json!("mka\0"), "media"),
        (json!("mkä"), "media"),
        (Value::Null, "media"),
    ] {
        let mut record = recording(1);
        record["container_format"] = format;
        let recording: RoomRecording = serde_json::from_value(record).unwrap();

        assert_eq!(recording.file_name(), format!("{sid}.{extension}"));
    }
}

#[test]
fn leap_second_and_offset_dates_are_accepted() {
    let mut leap = recording(0);
    leap["date_created"] = json!("2016-12-31T23:59:60Z");
    let mut offset = recording(1);
    offset["date_created"] = json!("2026-01-01t14:00:00.25+02:00");
    let body = page(&[leap, offset], Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let listed: Vec<_> = items(server.base_url()).into_iter().map(Result::unwrap).collect();
    assert_eq!(listed[0].date_created.unix_timestamp(), 1_483_228_799);
    assert_eq!(listed[1].date_created.unix_timestamp(), 1_767_268_800);
    for recording in listed {
        let written = serde_json::to_string(&recording).unwrap();
        assert_eq!(serde_json::from_str::<RoomRecording>(&written).unwrap(), recording);
    }
}

#[test]
fn room_of_an_account_wide_record_is_its_grouping_room() {
    for absent in [None, Some(Value::Null)] {
        let mut record = recording(0);
        record.as_object_mut().unwrap().remove("room_sid");
        record["status_callback"] = json!("https://example.com/status");
        record["status_callback_method"] = json!("POST");
        if let Some(null) = absent {
            record["room_sid"] = null;
        }
        let read: RoomRecording = serde_json::from_value(record).unwrap();
        assert_eq!(read.room_sid, room());
        assert_eq!(read.status_callback.as_deref(), Some("https://example.com/status"));
        assert_eq!(read.status_callback_method.as_deref(), Some("POST"));
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(written["room_sid"], ROOM);
        assert_eq!(serde_json::from_value::<RoomRecording>(written).unwrap(), read);
    }
}

#[test]
fn record_of_two_rooms_is_invalid_and_case_makes_no_second_room() {
    let mut record = recording(0);
    record["grouping_sids"]["room_sid"] = json!(format!("RM{}", "A".repeat(32)));
    let read: RoomRecording = serde_json::from_value(record.clone()).unwrap();
    assert_eq!(read.room_sid.as_str(), ROOM);

    record["grouping_sids"]["room_sid"] = json!(OTHER_ROOM);
    let (field, message) = fault(&record);
    assert_eq!(field.as_deref(), Some("room_sid"));
    assert!(message.contains(OTHER_ROOM) && message.contains(ROOM), "{message}");
}

#[test]
fn record_without_a_room_is_invalid() {
    for grouping in [Value::Null, json!({}), json!({"room_sid": null})] {
        let mut record = recording(0);
        record.as_object_mut().unwrap().remove("room_sid");
        record["grouping_sids"] = grouping;
        let (field, message) = fault(&record);
        assert_eq!(field.as_deref(), Some("room_sid"));
        assert!(message.contains("missing"), "{message}");
    }
}

#[test]
fn unknown_fields_are_kept_and_written_back() {
    let unknown = json!({
        "text": "é", "list": [null, {"deep": [1, -2, 2.5]}], "largest": u64::MAX,
        "smallest": i64::MIN, "object": {}, "null": null,
    });
    let mut json = recording(0);
    json["new_field"] = unknown.clone();
    json["links"]["transcript"] = json!("https://video.twilio.com/x");
    json["grouping_sids"]["conference_sid"] = json!("CF00000000000000000000000000000001");

    let record: RoomRecording = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(record.additional_fields["new_field"], unknown);
    let links = record.links.as_ref().unwrap();
    assert_eq!(links.additional_fields["transcript"], "https://video.twilio.com/x");
    assert_eq!(record.grouping_sids.as_ref().unwrap().additional_fields.len(), 1);
    assert_eq!(record.participant_sid().unwrap().to_string(), format!("PA{:032x}", 0));

    let written = serde_json::to_value(&record).unwrap();
    for field in ["new_field", "links", "grouping_sids"] {
        assert_eq!(written[field], json[field]);
    }
    assert_eq!(serde_json::from_value::<RoomRecording>(written).unwrap(), record);
}

#[test]
fn unknown_field_with_an_escaped_name_is_kept_from_any_source() {
    let text = recording(0).to_string().replacen('{', r#"{"na\u00efve": 1, "\u0073ize": 2, "#, 1);
    let text = text.replacen(r#""size":1"#, r#""null":null"#, 1);

    for record in [
        serde_json::from_str::<RoomRecording>(&text).unwrap(),
        serde_json::from_reader(text.as_bytes()).unwrap(),
        page_of(&text).recordings.remove(0).unwrap(),
    ] {
        assert_eq!(record.additional_fields["naïve"], 1);
        assert_eq!(record.size, Some(2));
    }
}

#[test]
fn unknown_field_that_cannot_be_kept_makes_the_record_invalid() {
    let good = recording(1).to_string();
    if serde_json::from_str::<Value>("1e999").is_err() {
        let (_, message) = fault_of(&good.replacen('{', "{\"new\": 1e999, ", 1));
        assert!(message.ends_with("new 1e999: number out of range"), "{message}");
    }
    for (json, reason) in [
        (r#""new": 1, "new": 2"#.to_owned(), "new appears twice"),
        (format!(r#""new": {}1{}"#, "[".repeat(200), "]".repeat(200)), "recursion limit exceeded"),
    ] {
        let (field, message) = fault_of(&good.replacen('{', &format!("{{{json}, "), 1));
        assert_eq!(field.as_deref(), Some("new"));
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn whole_number_with_a_fraction_or_an_exponent_is_an_integer() {
    let mut json = recording(0);
    (json["size"], json["duration"], json["offset"]) = (json!(5.0), json!(12.0), json!(-1e3));
    let record: RoomRecording = serde_json::from_value(json).unwrap();
    assert_eq!(record.size, Some(5));
    assert_eq!(record.duration, Some(std::time::Duration::from_secs(12)));
    assert_eq!(record.offset, Some(time::SignedDuration::seconds(-1)));

    for (field, value) in [("size", json!(1e20)), ("size", json!(-1.0)), ("offset", json!(1e19))] {
        let mut json = recording(1);
        json[field] = value;
        assert_eq!(fault(&json).0.as_deref(), Some(field));
    }
}

#[test]
fn durations_are_written_as_the_integers_of_the_api() {
    let mut record: RoomRecording = serde_json::from_value(recording(0)).unwrap();
    record.duration = Some(std::time::Duration::from_millis(7_900));
    record.offset = Some(time::SignedDuration::microseconds(-1_500));
    let written = serde_json::to_value(&record).unwrap();
    assert_eq!((&written["duration"], &written["offset"]), (&json!(7), &json!(-1)));
    record.offset = Some(time::SignedDuration::MAX);
    assert!(serde_json::to_value(&record).is_err());

    for extreme in [i64::MIN, i64::MAX] {
        let mut json = recording(0);
        (json["offset"], json["duration"]) = (json!(extreme), json!(u64::MAX));
        let record: RoomRecording = serde_json::from_value(json).unwrap();
        let written = serde_json::to_value(&record).unwrap();
        assert_eq!((&written["duration"], &written["offset"]), (&json!(u64::MAX), &json!(extreme)));
    }
}

#[test]
fn informational_fields_of_a_page_never_fail_it() {
    for (page_size, expected) in [
        ("-1", 1000),
        ("\"50\"", 1000),
        ("1e9", 1000),
        ("null", 1000),
        ("[{}]", 1000),
        ("99999999999", 1000),
        ("7", 7),
    ] {
        let meta = format!(
            r#"{{"key": 5, "url": [], "page": "x", "page": -1, "page_size": {page_size},
                "next_page_url": "", "first_page_url": {{}}, "previous_page_url": 0}}"#
        );
        let body = format!("{{\"meta\": {meta}, \"recordings\": []}}");
        let page = Page::from_json(body.as_bytes(), room()).unwrap();
        assert_eq!(page.page_size, expected, "{page_size}");
        assert!(page.next.is_none());
    }
}

#[test]
fn value_that_is_no_object_is_no_record() {
    let error = serde_json::from_str::<RoomRecording>("[]").unwrap_err();
    assert!(error.to_string().contains("expected an object"), "{error}");
}
