//! One record, decoded, or the field that is invalid.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::body::{expectation, not_json, text_of};
use crate::error::{Error, ErrorKind, InvalidRecord};
use crate::model::{
    InvalidField, List, REPEATED, RecordFields, RecordingSid, RoomRecording, RoomSid,
};

/// The fields that name a recording, or decide about its media.
const ESSENTIAL: [&str; 7] =
    ["sid", "status", "account_sid", "room_sid", "date_created", "size", "encryption_key"];

/// Decodes a body that is the record of one recording.
pub(crate) fn parse_record(
    body: &[u8],
    room: RoomSid,
    sid: RecordingSid,
) -> Result<RoomRecording, Error> {
    let text = text_of(body)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| not_json(text, error))?;
    decode_record(text, 0, 0, |record| {
        if record.sid != sid {
            let expected = format!("{sid}, the requested recording");
            return Err(InvalidField::unexpected("sid", record.sid.as_str(), expected));
        }
        List::Room(room).check(record)
    })
}

/// Decodes a record field by field.
pub(super) fn decode_record(
    json: &str,
    page: u64,
    index: usize,
    check: impl Fn(&RoomRecording) -> Result<(), InvalidField>,
) -> Result<RoomRecording, Error> {
    let invalid = |sid, field, reason, recording| {
        let json = json.to_owned();
        let record = InvalidRecord { page, index, sid, field, reason, json, recording };
        Error::new(ErrorKind::InvalidRecord(record))
    };
    let Decoded { fields, fault, is_usable } = serde_json::Deserializer::from_str(json)
        .deserialize_map(FieldByField)
        .map_err(|error| invalid(None, None, reason(json.trim(), &error), None))?;

    let sid = fields.sid;
    let record = fields.into_record();
    if let Ok(record) = &record
        && let Err(InvalidField { name, reason }) = check(record)
    {
        return Err(invalid(sid, Some(name.to_owned()), reason, None));
    }
    match (fault, record) {
        (None, Ok(record)) => Ok(record),
        (None, Err(InvalidField { name, reason })) => {
            Err(invalid(sid, Some(name.to_owned()), reason, None))
        }
        (Some((field, reason)), record) => {
            let recording = record.ok().filter(|_| is_usable).map(Box::new);
            Err(invalid(sid, Some(field), reason, recording))
        }
    }
}

struct FieldByField;

struct Decoded {
    fields: RecordFields,
    /// The first invalid field, and the reason.
    fault: Option<(String, String)>,
    /// False if an essential field is invalid.
    is_usable: bool,
}

impl<'de> Visitor<'de> for FieldByField {
    type Value = Decoded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Decoded, A::Error> {
        let mut decoded = Decoded { fields: RecordFields::default(), fault: None, is_usable: true };
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            if let Err(error) = decoded.fields.read(&name, value) {
                decoded.is_usable &= !ESSENTIAL.contains(&&*name);
                decoded.fault.get_or_insert_with(|| (name, reason(value.get(), &error)));
            }
        }
        Ok(decoded)
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
