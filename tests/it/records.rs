//! Records: their fields, their rules, and the field that an error names.

use proptest::prelude::*;
use serde_json::{Value, json};
use twilio_room_recordings::{Error, ErrorKind, Page, RoomRecording};

use crate::support::fake_server::{ROOM, Server, json_response, recording};
use crate::support::{RawServer, http, items, page, room};

const OTHER_ROOM: &str = "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn page_of(record: &str) -> Page {
    let body = format!("{{\"meta\": {{\"next_page_url\": null}}, \"recordings\": [{record}]}}");
    Page::from_json(body.as_bytes(), room()).unwrap()
}

/// The field and the message of a record that is invalid.
fn fault(record: &Value) -> (Option<String>, String) {
    fault_of(&record.to_string())
}

fn fault_of(record: &str) -> (Option<String>, String) {
    let error = page_of(record).recordings.remove(0).unwrap_err();
    let ErrorKind::InvalidRecord(record) = error.kind() else { panic!("{error:?}") };
    (record.field.clone(), error.to_string())
}

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
    assert_eq!((bad.page, bad.index, bad.field.as_deref()), (0, 2, Some("duration")));
    assert_eq!(bad.reason, "\"ten\": expected a JSON number");
    assert_eq!(serde_json::from_str::<Value>(&bad.json).unwrap(), records[2]);
    assert_eq!(
        error.to_string(),
        "invalid record RT00000000000000000000000000000002: duration \"ten\": \
         expected a JSON number"
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
        ("size", json!(23.5)),
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
        assert_eq!(bad.field.as_deref(), Some(*field), "{value}: {error}");
    }
}

#[test]
fn record_without_its_invalid_fields_can_be_used_unless_one_of_them_is_essential() {
    let usable = |record: &str| {
        let error = page_of(record).recordings.remove(0).unwrap_err();
        let ErrorKind::InvalidRecord(invalid) = error.kind() else { panic!("{error:?}") };
        let (line, recording) = (error.to_string(), invalid.recording.as_deref().cloned());
        match error.into_recording() {
            Ok(usable) => assert_eq!(Some(usable), recording),
            Err(error) => assert_eq!((error.to_string(), None), (line, recording.clone())),
        }
        recording
    };

    let mut record = recording(1);
    (record["duration"], record["links"], record["date_deleted"]) =
        (json!("x"), json!(7), json!(""));
    let mut valid = record.clone();
    for field in ["duration", "links", "date_deleted"] {
        valid[field] = Value::Null;
    }
    assert_eq!(usable(&record.to_string()).unwrap(), serde_json::from_value(valid).unwrap());

    for (field, value) in [
        ("sid", json!("RT1")),
        ("status", json!(1)),
        ("account_sid", json!("AC")),
        ("room_sid", json!("RM")),
        ("room_sid", json!("RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")),
        ("date_created", json!("yesterday")),
        ("size", json!("23")),
        ("encryption_key", json!(0)),
    ] {
        let mut record = record.clone();
        record[field] = value;
        assert_eq!(usable(&record.to_string()), None, "{field}");
    }
    let twice = record.to_string().replacen('{', "{\"size\":1,", 1);
    assert_eq!(usable(&twice), None);
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
        "invalid record RT00000000000000000000000000000001: room_sid \
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
            Ok(_) => "good".to_owned(),
            Err(ErrorKind::InvalidRecord(bad)) => bad.field.clone().unwrap_or("whole".to_owned()),
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
fn message_names_the_value_and_what_is_valid() {
    let sid = "RT00000000000000000000000000000001";
    let long = "y".repeat(200);
    let shown = "y".repeat(99);
    for (field, value, expected) in [
        ("date_created", json!("yesterday"), "\"yesterday\": expected an RFC 3339 date-time"),
        ("date_updated", json!(5), "5: expected a string"),
        ("size", json!(-1), "-1: expected an unsigned 64-bit integer"),
        ("offset", json!(1.5), "1.5: expected a 64-bit integer"),
        ("status", json!([]), "[]: expected a string"),
        ("links", json!("\u{1b}[31m"), "\"\\u001b[31m\": expected an object"),
        ("track_name", json!({"a": 1}), "{\"a\":1}: expected a string"),
        (
            "account_sid",
            json!("AC1"),
            "\"AC1\": expected AC and 32 hexadecimal digits, got 3 characters",
        ),
        ("duration", json!(long), &format!("\"{shown}…: expected a JSON number")),
        ("duration", json!("expected nothing"), "\"expected nothing\": expected a JSON number"),
    ] {
        let mut record = recording(1);
        record[field] = value;
        let (_, message) = fault(&record);
        assert_eq!(message, format!("invalid record {sid}: {field} {expected}"));
    }

    let mut record = recording(1);
    record.as_object_mut().unwrap().remove("status");
    assert!(fault(&record).1.ends_with("1: status is missing"));
    let text = recording(1).to_string().replacen('{', "{\"size\": 1,", 1);
    let (field, message) = fault_of(&text);
    assert_eq!(field.as_deref(), Some("size"));
    assert!(message.ends_with("size appears twice"), "{message}");
    let (field, message) = fault_of("[1, 2]");
    assert_eq!(
        (field, &*message),
        (None, "invalid record (page 0, index 0): [1, 2]: expected an object")
    );
    let text = recording(1).to_string().replacen("track 1", "\\ud800", 1);
    let (field, message) = fault_of(&text);
    assert_eq!(field.as_deref(), Some("track_name"));
    assert!(message.contains("track_name \"\\ud800\": "), "{message}");
}

#[test]
fn invalid_record_has_its_valid_sid_wherever_that_is() {
    let sid = "RT00000000000000000000000000000001";
    for text in [
        format!(r#"{{"sid": "{sid}", "size": []}}"#),
        format!(r#"{{"size": [], "x": {{"sid": 1}}, "sid": "{sid}"}}"#),
        format!(r#"{{"sid": 5, "sid": "{sid}"}}"#),
    ] {
        assert!(fault_of(&text).1.contains(sid), "{text}");
    }
    assert!(!fault_of(r#"{"sid": "RT1"}"#).1.contains("record RT1"));
}

/// A value that is invalid in a field, as JSON.
fn invalid_value(field: &str, choice: usize) -> &'static str {
    let for_all = ["[1, \"é\"]", "true", "[{\"sid\": \"x\"}]"];
    let for_some: &[&str] = match field {
        "size" | "duration" => &["-1", "1.5", "\"ten\"", "\"missing field `sid`\"", "1e999"],
        "offset" => &["99999999999999999999", "\"\"", "{}"],
        "links" => &["\"🔑\"", "{\"media\": {}}", "{\"media\": \"x\",\n\"media\": \"y\"}"],
        "grouping_sids" => &["5", "{\"room_sid\": \"RMx\"}", "{\n\"participant_sid\"\n: []}"],
        "sid" | "account_sid" | "room_sid" | "source_sid" => &["\"\"", "\"é\\n🎥\"", "0"],
        "date_created" | "date_updated" | "date_deleted" => &["\"yesterday\"", "0", "\"\\u0041\""],
        _ => &["0", "{}", "\"\\ud800\"", "-1.5e3"],
    };
    let all = [&for_all[..], for_some].concat();
    all[choice % all.len()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The expected field follows from how the record was made, not from decoding it.
    #[test]
    fn first_invalid_field_is_named_in_any_record(
        order in Just((0..20).collect::<Vec<usize>>()).prop_shuffle(),
        wrong in proptest::collection::vec((0_usize..20, any::<usize>()), 0..3),
        missing in proptest::option::of(0_usize..20),
        twice in proptest::option::of((0_usize..20, 0_usize..20)),
        spaces in proptest::collection::vec("[ \n\t]{0,3}|\r\n", 8),
        unknown in proptest::option::of((0_usize..20, "[a-z]{0,2}(é|🎥|\\\\n)")),
    ) {
        const REQUIRED: [&str; 4] = ["sid", "status", "account_sid", "date_created"];
        // Without a null field: null twice is still absent.
        let mut base = recording(3);
        base["encryption_key"] = json!("public_key");
        let mut fields: Vec<(String, String, bool)> = Vec::new();
        let names: Vec<&String> = base.as_object().unwrap().keys().collect();
        for at in order {
            let choice = wrong.iter().find(|(index, _)| *index == at).map(|(_, choice)| *choice);
            let value = match choice {
                Some(choice) => invalid_value(names[at], choice).to_owned(),
                None => base[names[at]].to_string(),
            };
            fields.push((names[at].clone(), value, choice.is_some()));
        }
        let missing = missing.map(|at| names[at].as_str());
        fields.retain(|(name, ..)| missing != Some(name));
        if let Some((from, to)) = twice.filter(|_| fields.len() == 20) {
            let (name, value, _) = fields[from].clone();
            fields.insert(to.max(from + 1), (name, value, true));
        }
        if let Some((at, name)) = unknown {
            fields.insert(at.min(fields.len()), (name, "{\"size\": \"x\"}".to_owned(), false));
        }

        let first_invalid = fields.iter().find(|(.., is_invalid)| *is_invalid);
        let expected = first_invalid.map(|(name, ..)| name.as_str())
            .or(missing.filter(|name| REQUIRED.contains(name)));
        let mut spaces = spaces.iter().cycle();
        let mut space = || spaces.next().unwrap().as_str();
        let texts: Vec<String> = fields.iter()
            .map(|(name, value, _)| [space(), "\"", name, "\"", space(), ":", space(), value, space()].concat())
            .collect();
        let text = format!("{{{}}}", texts.join(","));
        let page = page_of(&text);
        let found = page.recordings[0].as_ref().err().map(|error| match error.kind() {
            ErrorKind::InvalidRecord(record) => record.field.as_deref(),
            other => panic!("{other:?}"),
        });
        prop_assert_eq!(found, expected.map(Some), "{}", text);
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
