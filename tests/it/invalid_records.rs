//! Invalid records: the item that each becomes, and the field that its error names.

use proptest::prelude::*;
use serde_json::{Value, json};
use twilio_room_recordings::{Error, ErrorKind};

use crate::support::fake_server::{Server, json_response, recording};
use crate::support::records::{fault, fault_of, page_of};
use crate::support::{RawServer, http, items, page};

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
