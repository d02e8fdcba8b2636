//! One record, decoded, or the field that is invalid.

use std::fmt::{self, Write as _};
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::body::{not_json, text_of};
use crate::error::Error;
use crate::model::{
    AccountSid, Codec, ContainerFormat, GroupingSids, Links, RecordingSid, RecordingType,
    RoomRecording, RoomSid, SourceSid, Status,
};

/// Reads a body that is one record.
pub(crate) fn parse_record(body: &[u8], room: &RoomSid) -> Result<RoomRecording, Error> {
    let text = text_of(body)?;
    decode_record(text, Some(room)).map_err(|Fault { field, reason, .. }| {
        if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
            return not_json(text, error);
        }
        let of_field = field.map_or(String::new(), |field| format!("{field}: "));
        Error::invalid_response(format!("{of_field}{reason}"))
    })
}

pub(super) struct Fault {
    pub sid: Option<RecordingSid>,
    pub field: Option<&'static str>,
    pub reason: String,
}

/// Decodes a record; of this room, if one is given.
pub(super) fn decode_record(json: &str, room: Option<&RoomSid>) -> Result<RoomRecording, Fault> {
    let record: RoomRecording = serde_json::from_str(json).map_err(|error| {
        find_fault(json).unwrap_or_else(|| {
            let is_object = json.starts_with('{');
            Fault { sid: None, field: is_object.then_some("room_sid"), reason: told(&error) }
        })
    })?;
    if let Some(room) = room.filter(|room| !record.room_sid.eq_ignore_ascii_case(room)) {
        let reason = format!("it is of room {}, not of {room}", record.room_sid);
        return Err(Fault { sid: Some(record.sid), field: Some("room_sid"), reason });
    }
    Ok(record)
}

/// The message without the position, which is one inside the record's own text; bounded, for it
/// may quote a value of any length.
fn told(error: &serde_json::Error) -> String {
    struct Short(String);

    impl fmt::Write for Short {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            const LONGEST: usize = 1000;
            for char in text.chars() {
                if self.0.len() >= LONGEST {
                    self.0.push('…');
                    return Err(fmt::Error);
                }
                self.0.push(char);
            }
            Ok(())
        }
    }

    let mut message = Short(String::new());
    // What does not fit is left out on purpose.
    let _ = write!(message, "{error}");
    match message.0.rfind(" at line ") {
        Some(end) => message.0[..end].to_owned(),
        None => message.0,
    }
}

/// The first field of a record that does not hold what it should.
fn find_fault(json: &str) -> Option<Fault> {
    let Fields(fields) = serde_json::from_str(json).ok()?;
    let mut seen = Vec::new();
    for (name, value) in &fields {
        let Some(&(field, fits)) = FIELDS.iter().find(|(field, _)| field == name) else {
            continue;
        };
        if seen.contains(&field) {
            return Some(Fault {
                sid: None,
                field: Some(field),
                reason: "it is there twice".to_owned(),
            });
        }
        seen.push(field);
        if let Err(error) = fits(value.get()) {
            return Some(Fault { sid: None, field: Some(field), reason: told(&error) });
        }
    }
    let missing = FIELDS[..REQUIRED].iter().find(|(field, _)| !seen.contains(field));
    missing.map(|&(field, _)| Fault {
        sid: None,
        field: Some(field),
        reason: "it is missing".to_owned(),
    })
}

type Fits = fn(&str) -> serde_json::Result<()>;

fn fits<T: DeserializeOwned>(json: &str) -> serde_json::Result<()> {
    serde_json::from_str::<T>(json).map(drop)
}

fn is_date(json: &str) -> serde_json::Result<()> {
    time::serde::rfc3339::deserialize(&mut serde_json::Deserializer::from_str(json)).map(drop)
}

fn is_optional_date(json: &str) -> serde_json::Result<()> {
    time::serde::rfc3339::option::deserialize(&mut serde_json::Deserializer::from_str(json))
        .map(drop)
}

/// How many of [`FIELDS`], from the first, a record can't be without.
const REQUIRED: usize = 4;

const FIELDS: [(&str, Fits); 22] = [
    ("sid", fits::<RecordingSid>),
    ("status", fits::<Status>),
    ("account_sid", fits::<AccountSid>),
    ("date_created", is_date),
    ("room_sid", fits::<Option<RoomSid>>),
    ("date_updated", is_optional_date),
    ("date_deleted", is_optional_date),
    ("source_sid", fits::<Option<SourceSid>>),
    ("track_name", fits::<Option<String>>),
    ("type", fits::<Option<RecordingType>>),
    ("codec", fits::<Option<Codec>>),
    ("container_format", fits::<Option<ContainerFormat>>),
    ("size", fits::<Option<u64>>),
    ("duration", fits::<Option<u64>>),
    ("offset", fits::<Option<i64>>),
    ("grouping_sids", fits::<Option<GroupingSids>>),
    ("url", fits::<Option<String>>),
    ("links", fits::<Option<Links>>),
    ("media_external_location", fits::<Option<String>>),
    ("encryption_key", fits::<Option<String>>),
    ("status_callback", fits::<Option<String>>),
    ("status_callback_method", fits::<Option<String>>),
];

/// An object as its names and values, in order, with nothing read into them.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for FieldsVisitor<'a> {
            type Value = Fields<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor(PhantomData))
    }
}
