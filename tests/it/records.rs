//! Records: their fields, their rules, and the field that an error names.

use serde_json::{Value, json};
use twilio_room_recordings::{Error, ErrorKind, Page, RoomRecording};

use crate::support::fake_server::{ROOM, Server, json_response, recording};
use crate::support::{RawServer, http, items, page, room};

const OTHER_ROOM: &str = "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The field and the message of a record that is invalid.
fn fault(record: &Value) -> (Option<&'static str>, String) {
    let body = page(std::slice::from_ref(record), Value::Null).to_string();
    let mut page = Page::from_json(body.as_bytes(), &room()).unwrap();
    let error = page.recordings.remove(0).unwrap_err();
    let ErrorKind::InvalidRecord(record) = error.kind() else { panic!("{error:?}") };
    (record.field, error.to_string())
}

#[test]
fn invalid_record_is_one_item_and_the_listing_continues() {
    let mut records: Vec<Value> = (0..5).map(recording).collect();
    records[2]["duration"] = json!("ten");
    let body = page(&records, Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let items = items(server.base_url());
    assert_eq!(
        items.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, true, false, true, true]
    );
    let error = items[2].as_ref().unwrap_err();
    let ErrorKind::InvalidRecord(bad) = error.kind() else { panic!("{error:?}") };
    assert_eq!((bad.page, bad.index, bad.field), (0, 2, Some("duration")));
    assert_eq!(bad.reason, "\"ten\": expected an unsigned 64-bit integer");
    assert_eq!(serde_json::from_str::<Value>(&bad.json).unwrap(), records[2]);
    assert_eq!(
        error.to_string(),
        "invalid record RT00000000000000000000000000000002 (page 0, index 2): duration \"ten\": \
         expected an unsigned 64-bit integer"
    );
}

#[test]
fn invalid_field_is_named() {
    let wrong: [(&str, Value); 27] = [
        ("sid", json!("RM00000000000000000000000000000000")),
        ("sid", Value::Null),
        ("status", Value::Null),
        ("status", json!(1)),
        ("account_sid", json!("AC")),
        ("room_sid", json!("RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")),
        ("date_created", json!("2026-01-01T12:00:00")),
        ("date_created", json!("10000-01-01T12:00:00Z")),
        ("date_created", json!("2026-02-30T12:00:00Z")),
        ("date_created", json!(1_420_070_400)),
        ("date_updated", json!("yesterday")),
        ("date_deleted", json!(false)),
        ("source_sid", json!("")),
        ("track_name", json!(["a"])),
        ("type", json!(true)),
        ("codec", json!({})),
        ("container_format", json!(7)),
        ("size", json!("23")),
        ("size", json!(23.0)),
        ("size", json!(-1)),
        ("duration", json!(1.5)),
        ("offset", json!("10")),
        ("grouping_sids", json!({"participant_sid": "MT00000000000000000000000000000000"})),
        ("url", json!(0)),
        ("links", json!("https://x")),
        ("media_external_location", json!(0)),
        ("encryption_key", json!(0)),
    ];
    let records: Vec<Value> = wrong
        .iter()
        .map(|(field, value)| {
            let mut record = recording(1);
            record[field] = value.clone();
            record
        })
        .collect();
    let body = page(&records, Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    for (item, (field, value)) in items(server.base_url()).into_iter().zip(&wrong) {
        let error = item.expect_err(field);
        let ErrorKind::InvalidRecord(bad) = error.kind() else { panic!("{error:?}") };
        assert_eq!(bad.field, Some(*field), "{value}: {error}");
    }
}

#[test]
fn record_of_another_room_is_invalid() {
    let mut foreign = recording(1);
    foreign["room_sid"] = json!("RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    foreign["grouping_sids"] = Value::Null;
    let body = page(&[recording(0), foreign], Value::Null);
    let server = Server::start(move |_| json_response(200, &body));
    let items = items(server.base_url());
    let [Ok(_), Err(error)] = &items[..] else { panic!("{items:?}") };
    assert_eq!(
        error.to_string(),
        "invalid record RT00000000000000000000000000000001 (page 0, index 1): room_sid \
         \"RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\": expected RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, \
         the requested room"
    );
}

#[test]
fn value_that_is_not_a_record_is_invalid() {
    let mut without = recording(0);
    without.as_object_mut().unwrap().remove("account_sid");
    let good = recording(0).to_string();
    let twice = good.replacen('{', "{\"size\": 1, ", 1);
    let beyond = good.replacen("143532775792", "99999999999999999999", 1);
    let values = format!("[null, \"RT\", [1, 2], 5, {without}, {twice}, {beyond}, {{}}, {good}]");
    let body = format!("{{\"meta\": {{\"next_page_url\": null}}, \"recordings\": {values}}}");
    let server = RawServer::start(vec![http("200 OK", "", body.as_bytes())]);
    let fields: Vec<_> = items(&server.base_url)
        .into_iter()
        .map(|item| match item.as_ref().map_err(Error::kind) {
            Ok(_) => "good",
            Err(ErrorKind::InvalidRecord(bad)) => bad.field.unwrap_or("whole"),
            Err(other) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        fields,
        ["whole", "whole", "whole", "whole", "account_sid", "size", "offset", "sid", "good"]
    );
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
    assert_eq!(field, Some("room_sid"));
    assert!(message.contains(OTHER_ROOM) && message.contains(ROOM), "{message}");
}

#[test]
fn record_without_a_room_is_invalid() {
    for grouping in [Value::Null, json!({}), json!({"room_sid": null})] {
        let mut record = recording(0);
        record.as_object_mut().unwrap().remove("room_sid");
        record["grouping_sids"] = grouping;
        let (field, message) = fault(&record);
        assert_eq!(field, Some("room_sid"));
        assert!(message.contains("missing"), "{message}");
    }
}
