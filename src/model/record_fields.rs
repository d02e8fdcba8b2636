//! The fields of a record, read one by one.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Number, Value};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, SignedDuration};

use super::recording::{
    Codec, ContainerFormat, GroupingSids, Links, RecordingType, RoomRecording, Status,
};
use super::sid::{AccountSid, RecordingSid, RoomSid, SourceSid};
use super::text::Text;

/// The fields of a record that were read so far. An optional field that is null is absent.
#[derive(Default)]
pub(crate) struct RecordFields {
    pub sid: Option<RecordingSid>,
    status: Option<Status>,
    account_sid: Option<AccountSid>,
    room_sid: Option<RoomSid>,
    date_created: Option<OffsetDateTime>,
    date_updated: Option<OffsetDateTime>,
    date_deleted: Option<OffsetDateTime>,
    source_sid: Option<SourceSid>,
    track_name: Option<String>,
    recording_type: Option<RecordingType>,
    codec: Option<Codec>,
    container_format: Option<ContainerFormat>,
    size: Option<u64>,
    duration: Option<u64>,
    offset: Option<i64>,
    grouping_sids: Option<GroupingSids>,
    url: Option<String>,
    links: Option<Links>,
    media_external_location: Option<String>,
    encryption_key: Option<String>,
    status_callback: Option<String>,
    status_callback_method: Option<String>,
    additional_fields: Map<String, Value>,
}

/// The reason why the fields are not a record.
pub(crate) struct InvalidField {
    pub name: &'static str,
    pub reason: String,
}

impl InvalidField {
    /// A valid field with another value than expected.
    pub(crate) fn unexpected(name: &'static str, value: &str, expected: String) -> Self {
        Self { name, reason: format!("\"{value}\": expected {expected}") }
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.reason)
    }
}

impl RecordFields {
    /// Reads the value of a field.
    #[inline(always)]
    pub(crate) fn read<'de, D: Deserializer<'de>>(
        &mut self,
        name: &str,
        value: D,
    ) -> Result<(), D::Error> {
        match name {
            "sid" => set(&mut self.sid, Some(Deserialize::deserialize(value)?)),
            "status" => set(&mut self.status, Some(Deserialize::deserialize(value)?)),
            "account_sid" => set(&mut self.account_sid, Some(Deserialize::deserialize(value)?)),
            "room_sid" => set(&mut self.room_sid, Option::deserialize(value)?),
            "date_created" => set(&mut self.date_created, Some(date(value)?)),
            "date_updated" => set(&mut self.date_updated, optional_date(value)?),
            "date_deleted" => set(&mut self.date_deleted, optional_date(value)?),
            "source_sid" => set(&mut self.source_sid, Option::deserialize(value)?),
            "track_name" => set(&mut self.track_name, Option::deserialize(value)?),
            "type" => set(&mut self.recording_type, Option::deserialize(value)?),
            "codec" => set(&mut self.codec, Option::deserialize(value)?),
            "container_format" => set(&mut self.container_format, Option::deserialize(value)?),
            "size" => set(&mut self.size, unsigned(value)?),
            "duration" => set(&mut self.duration, unsigned(value)?),
            "offset" => set(&mut self.offset, integer(value, "expected a 64-bit integer")?),
            "grouping_sids" => set(&mut self.grouping_sids, Option::deserialize(value)?),
            "url" => set(&mut self.url, Option::deserialize(value)?),
            "links" => set(&mut self.links, Option::deserialize(value)?),
            "media_external_location" => {
                set(&mut self.media_external_location, Option::deserialize(value)?)
            }
            "encryption_key" => set(&mut self.encryption_key, Option::deserialize(value)?),
            "status_callback" => set(&mut self.status_callback, Option::deserialize(value)?),
            "status_callback_method" => {
                set(&mut self.status_callback_method, Option::deserialize(value)?)
            }
            _ => match self.additional_fields.insert(name.to_owned(), Value::deserialize(value)?) {
                None => Ok(()),
                Some(_) => Err(D::Error::custom(REPEATED)),
            },
        }
    }

    #[inline(always)]
    pub(crate) fn into_record(self) -> Result<RoomRecording, InvalidField> {
        let room = self.room()?;
        let sid = required("sid", self.sid)?;
        let status = required("status", self.status)?;
        let account_sid = required("account_sid", self.account_sid)?;
        let room_sid = required("room_sid", room)?;
        let date_created = required("date_created", self.date_created)?;

        Ok(RoomRecording {
            sid,
            status,
            account_sid,
            room_sid,
            date_created,
            date_updated: self.date_updated,
            date_deleted: self.date_deleted,
            source_sid: self.source_sid,
            track_name: self.track_name,
            recording_type: self.recording_type,
            codec: self.codec,
            container_format: self.container_format,
            size: self.size,
            duration: self.duration.map(Duration::from_secs),
            offset: self.offset.map(SignedDuration::milliseconds),
            grouping_sids: self.grouping_sids,
            url: self.url,
            links: self.links,
            media_external_location: self.media_external_location,
            encryption_key: self.encryption_key,
            status_callback: self.status_callback,
            status_callback_method: self.status_callback_method,
            additional_fields: self.additional_fields,
        })
    }

    /// The room, which a record may name twice.
    #[inline(always)]
    fn room(&self) -> Result<Option<RoomSid>, InvalidField> {
        let grouping_room = self.grouping_sids.as_ref().and_then(|grouping| grouping.room_sid);
        match (self.room_sid, grouping_room) {
            (Some(room), Some(other)) if room != other => {
                let expected = format!("{other}, the room in grouping_sids");
                Err(InvalidField::unexpected("room_sid", room.as_str(), expected))
            }
            (room, other) => Ok(room.or(other)),
        }
    }
}

pub(crate) const REPEATED: &str = "appears twice";

#[inline(always)]
fn set<T, E: Error>(field: &mut Option<T>, value: Option<T>) -> Result<(), E> {
    if field.is_some() {
        return Err(E::custom(REPEATED));
    }
    *field = value;
    Ok(())
}

fn required<T>(name: &'static str, value: Option<T>) -> Result<T, InvalidField> {
    value.ok_or_else(|| InvalidField { name, reason: "is missing".to_owned() })
}

fn date<'de, D: Deserializer<'de>>(value: D) -> Result<OffsetDateTime, D::Error> {
    to_date(&Text::deserialize(value)?)
}

fn optional_date<'de, D: Deserializer<'de>>(value: D) -> Result<Option<OffsetDateTime>, D::Error> {
    Option::<Text>::deserialize(value)?.map(|text| to_date(&text)).transpose()
}

fn to_date<E: Error>(text: &Text<'_>) -> Result<OffsetDateTime, E> {
    OffsetDateTime::parse(&text.0, &Rfc3339)
        .map_err(|_| E::custom("expected an RFC 3339 date-time"))
}

fn unsigned<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    integer(value, "expected an unsigned 64-bit integer")
}

/// Reads an integer, also in a form with a fraction or an exponent, such as `12.0`.
fn integer<'de, T: TryFrom<i128>, D: Deserializer<'de>>(
    value: D,
    expected: &str,
) -> Result<Option<T>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(value)? else { return Ok(None) };

    let whole = number.as_i128().or_else(|| number.as_f64()?.to_string().parse().ok());
    let integer = whole.and_then(|whole| T::try_from(whole).ok());
    integer.map(Some).ok_or_else(|| D::Error::custom(expected))
}

impl<'de> Deserialize<'de> for RoomRecording {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = RoomRecording;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    #[inline(always)]
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RoomRecording, A::Error> {
        let mut fields = RecordFields::default();
        while let Some(Text(name)) = map.next_key()? {
            map.next_value_seed(Field { name: &name, record: &mut fields })?;
        }
        fields.into_record().map_err(A::Error::custom)
    }
}

/// The place of a field's value.
struct Field<'a> {
    name: &'a str,
    record: &'a mut RecordFields,
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = ();

    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        self.record.read(self.name, value)
    }
}
