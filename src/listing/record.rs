//! One record, decoded, or the field that is invalid.

use std::fmt;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde_json::value::RawValue;

use super::body::{not_json, text_of};
use crate::error::Error;
use crate::model::{RecordingSid, RoomRecording, RoomSid, field_names};

/// Decodes a body that is one record.
pub(crate) fn parse_record(body: &[u8], room: &RoomSid) -> Result<RoomRecording, Error> {
    let text = text_of(body)?;
    decode_record(text, Some(room)).map_err(|fault| {
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Error::invalid_response(fault.to_string()),
            Err(error) => not_json(text, error),
        }
    })
}

/// The reason why a record is invalid.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    /// The SID of the record, if it is valid.
    pub sid: Option<RecordingSid>,
    /// The first invalid field; `None` if the record is not an object.
    pub field: Option<&'static str>,
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{field} {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// Decodes a record; of this room, if one is given.
pub(super) fn decode_record(json: &str, room: Option<&RoomSid>) -> Result<RoomRecording, Fault> {
    let record: RoomRecording =
        serde_json::from_str(json).map_err(|error| find_fault(json, &error))?;

    match room {
        Some(room) if !record.room_sid.eq_ignore_ascii_case(room) => {
            let reason = format!("\"{}\": expected {room}, the requested room", record.room_sid);
            Err(Fault { sid: Some(record.sid), field: Some("room_sid"), reason })
        }
        _ => Ok(record),
    }
}

/// Finds the field that an error of serde_json is about, by the error's position: the first field
/// whose value ends there or later. An error after all values is about a missing field, or about
/// the one rule that involves two fields: the room.
fn find_fault(json: &str, error: &serde_json::Error) -> Fault {
    let message = message_of(error);
    let search = FieldSearch { json, position: position_of(json, error) };
    let Ok(found) = serde_json::Deserializer::from_str(json).deserialize_any(search) else {
        let reason = format!("{}: {}", shortened(json.trim()), expectation(&message));
        return Fault { sid: None, field: None, reason };
    };

    let names = field_names::<RoomRecording>();
    let (field, reason) = match found.field {
        Some((name, value)) => {
            let field = names.iter().find(|known| **known == name).copied();
            let reason = if message.starts_with("duplicate field") {
                "appears twice".to_owned()
            } else {
                format!("{}: {}", shortened(value), expectation(&message))
            };
            (field, reason)
        }
        None => match names.iter().find(|name| message == format!("missing field `{name}`")) {
            Some(&missing) => (Some(missing), "is missing".to_owned()),
            None => (Some("room_sid"), message.trim_start_matches("room_sid ").to_owned()),
        },
    };
    Fault { sid: found.sid, field, reason }
}

/// The offset of an error in the text that was decoded; past its end if the error is about no
/// value.
fn position_of(json: &str, error: &serde_json::Error) -> usize {
    let Some(lines_before) = error.line().checked_sub(1) else { return usize::MAX };
    let start_of_line: usize = json.split_inclusive('\n').take(lines_before).map(str::len).sum();
    start_of_line + error.column()
}

/// The message of an error without its position, which is one inside the record.
fn message_of(error: &serde_json::Error) -> String {
    let mut message = error.to_string();
    message.truncate(message.rfind(" at line ").unwrap_or(message.len()));
    message
}

/// The part of a message that describes a valid value, if there is one.
fn expectation(message: &str) -> &str {
    message.rfind("expected ").map_or(message, |start| &message[start..])
}

fn shortened(json: &str) -> String {
    const MAX_CHARS: usize = 100;
    match json.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json.to_owned(),
    }
}

/// Reads the fields of a record one by one. Keeping none of them limits the memory that a record of
/// millions of fields takes.
struct FieldSearch<'de> {
    json: &'de str,
    position: usize,
}

#[derive(Default)]
struct Found<'de> {
    /// The first field whose value ends at the position or later, and the value.
    field: Option<(String, &'de str)>,
    sid: Option<RecordingSid>,
}

impl<'de> Visitor<'de> for FieldSearch<'de> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<'de>, A::Error> {
        let start = self.json.as_ptr().addr();
        let mut found = Found::default();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            let value = value.get();
            if name == "sid" {
                found.sid = found.sid.or_else(|| serde_json::from_str(value).ok());
            }
            let end = value.as_ptr().addr() - start + value.len();
            if found.field.is_none() && end >= self.position {
                found.field = Some((name, value));
            }
        }
        Ok(found)
    }

    /// Rejects a text without quoting it, because it may be long.
    fn visit_str<E: de::Error>(self, _: &str) -> Result<Found<'de>, E> {
        Err(E::invalid_type(Unexpected::Other("string"), &self))
    }
}
