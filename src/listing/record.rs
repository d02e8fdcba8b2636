//! One record, decoded, or the field that is invalid.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::body::{expectation, not_json, text_of};
use crate::error::Error;
use crate::model::{InvalidField, List, REPEATED, RecordFields, RecordingSid, RoomRecording};

/// Decodes a body that is one record.
pub(crate) fn parse_record(body: &[u8], list: List) -> Result<RoomRecording, Error> {
    let text = text_of(body)?;
    decode_record(text, |record| list.check(record)).map_err(|fault| {
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Error::invalid_response(fault.to_string()),
            Err(error) => not_json(text, error),
        }
    })
}

/// The reason why a record is invalid.
pub(super) struct Fault {
    /// The SID of the record, if it is valid.
    pub sid: Option<RecordingSid>,
    /// The first invalid field; `None` if the record is not an object.
    pub field: Option<String>,
    pub reason: String,
    /// The record without its invalid fields, if it can be used.
    pub recording: Option<Box<RoomRecording>>,
}

/// The fields that name a recording, or decide about its media.
const ESSENTIAL: [&str; 7] =
    ["sid", "status", "account_sid", "room_sid", "date_created", "size", "encryption_key"];

impl Fault {
    fn of_field(sid: Option<RecordingSid>, InvalidField { name, reason }: InvalidField) -> Self {
        Self { sid, field: Some(name.to_owned()), reason, recording: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field} {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// Decodes a record field by field.
pub(super) fn decode_record(
    json: &str,
    check: impl Fn(&RoomRecording) -> Result<(), InvalidField>,
) -> Result<RoomRecording, Fault> {
    let decoded = serde_json::Deserializer::from_str(json).deserialize_map(FieldByField);
    let decoded = decoded.unwrap_or_else(|error| {
        let reason = reason(json.trim(), &error);
        Err(Fault { sid: None, field: None, reason, recording: None })
    });
    let record = decoded.map_err(|mut fault| {
        fault.recording.take_if(|record| check(record).is_err());
        fault
    })?;

    match check(&record) {
        Ok(()) => Ok(record),
        Err(invalid) => Err(Fault::of_field(Some(record.sid), invalid)),
    }
}

struct FieldByField;

impl<'de> Visitor<'de> for FieldByField {
    type Value = Result<RoomRecording, Fault>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut fault, mut is_usable) = (RecordFields::default(), None, true);
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            if let Err(error) = fields.read(&name, value) {
                is_usable &= !ESSENTIAL.contains(&&*name);
                fault.get_or_insert_with(|| (name, reason(value.get(), &error)));
            }
        }

        let sid = fields.sid;
        Ok(match fault {
            Some((field, reason)) => {
                let recording = fields.into_record().ok().filter(|_| is_usable).map(Box::new);
                Err(Fault { sid, field: Some(field), reason, recording })
            }
            None => fields.into_record().map_err(|invalid| Fault::of_field(sid, invalid)),
        })
    }
}

/// The value, and the part of the error's message that describes a valid one.
fn reason(json: &str, error: &serde_json::Error) -> String {
    const MAX_CHARS: usize = 100;

    let message = error.to_string();
    // The position is one inside the value.
    let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
    if message == REPEATED {
        return message.to_owned();
    }
    let expectation = expectation(message);
    match json.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…: {expectation}", &json[..end]),
        None => format!("{json}: {expectation}"),
    }
}
