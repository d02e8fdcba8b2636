//! A body of bytes into a page: its records, and the token of the next one.

use std::fmt::{self, Write as _};
use std::marker::PhantomData;

use serde::de::{
    self, Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use crate::error::{BadRecord, Error, ErrorKind};
use crate::list::MAX_PAGE_SIZE;
use crate::recording::{
    Codec, ContainerFormat, GroupingSids, Links, RecordingType, RoomRecording, Status,
};
use crate::sid::{AccountSid, RecordingSid, RoomSid, SourceSid};

/// One page of a listing, as [`Pages`](crate::Pages) yields them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page {
    /// Which page of the listing it is, counted from 0.
    pub number: u64,
    /// How many records the service puts on a page, as it says itself; what it was asked for
    /// where it says nothing.
    pub page_size: u32,
    /// The page's records in the service's order. A record that is not valid is an error of the
    /// kind [`BadRecord`](ErrorKind::BadRecord) in its place.
    pub records: Vec<Result<RoomRecording, Error>>,
    /// What the service calls the next page; `None` on the last one.
    pub next: Option<PageToken>,
}

impl Page {
    /// Reads the body of a list answer that was fetched or kept elsewhere, as a listing reads it.
    /// It counts as page 0.
    ///
    /// # Errors
    ///
    /// [`InvalidAnswer`](ErrorKind::InvalidAnswer) where the body is not what the API promises.
    ///
    /// ```
    /// use twilio_room_recordings::Page;
    ///
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let body = br#"{"meta": {"page_size": 50, "next_page_url": null}, "recordings": []}"#;
    /// let page = Page::from_json(body, &room)?;
    /// assert!(page.records.is_empty() && page.next.is_none());
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn from_json(body: &[u8], room: &RoomSid) -> Result<Self, Error> {
        let Answer { page, next } = parse(body, room, 0, MAX_PAGE_SIZE)?;
        next.map(|_| page)
    }
}

/// What the service calls a page: the `Page` and `PageToken` of the URL that leads there.
///
/// Nothing else is taken from that URL. Both are opaque, and are sent back percent-encoded as
/// they came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageToken {
    page: Option<Box<str>>,
    token: Option<Box<str>>,
}

const MAX_TOKEN_BYTES: usize = 4096;

impl PageToken {
    /// The `PageToken` as it stands in a URL, percent-encoded; `None` where the service gave none.
    pub fn page_token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The `Page` as it stands in a URL, percent-encoded; `None` where the service gave none.
    pub fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }

    /// What a URL calls its page: `None` where it names neither `Page` nor `PageToken`.
    pub(crate) fn from_url(url: &str) -> Result<Option<Self>, Error> {
        let url = url.split('#').next().unwrap_or_default();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let mut found = Self { page: None, token: None };
        for (name, value) in pairs(query) {
            let slot = match name {
                "Page" => &mut found.page,
                "PageToken" => &mut found.token,
                _ => continue,
            };
            if value.is_empty() {
                continue;
            }
            let value = query_safe(value);
            if value.len() > MAX_TOKEN_BYTES {
                let reason = format!("a {name} of more than {MAX_TOKEN_BYTES} bytes");
                return Err(Error::invalid_answer(reason));
            }
            if slot.replace(value.into()).is_some() {
                return Err(Error::invalid_answer(format!("a URL with two {name} parameters")));
            }
        }
        Ok((found.page.is_some() || found.token.is_some()).then_some(found))
    }
}

/// The parameters of a query, names and values as they stand in it.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A value taken from a query, made safe to stand in another one: what is percent-encoded stays
/// so, and so does what needs no encoding, to the letter.
fn query_safe(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut safe = String::with_capacity(value.len());
    for (at, &byte) in bytes.iter().enumerate() {
        let hex = |offset| bytes.get(at + offset).is_some_and(u8::is_ascii_hexdigit);
        match byte {
            b'%' if hex(1) && hex(2) => safe.push('%'),
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'(' | b')' | b'*' | b'+' | b',' | b';'
            | b'=' | b':' | b'@' | b'/' | b'?' => safe.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => safe.push(byte.into()),
            _ => percent_encode(byte, &mut safe),
        }
    }
    safe
}

pub(crate) fn percent_encode(byte: u8, into: &mut String) {
    let _ = write!(into, "%{byte:02X}");
}

/// What a list answer says.
pub(crate) struct Answer {
    pub page: Page,
    /// The next page, or why what the answer calls so can't be asked for.
    pub next: Result<Option<PageToken>, Error>,
}

/// Reads the body of a list answer.
pub(crate) fn parse(
    body: &[u8],
    room: &RoomSid,
    number: u64,
    asked_page_size: u32,
) -> Result<Answer, Error> {
    let text = text_of(body)?;
    let of_the_room = |record: &RoomRecording| record.room_sid.eq_ignore_ascii_case(room);
    let all_good = serde_json::from_str::<Body<RoomRecording>>(text)
        .ok()
        .filter(|body| body.recordings.0.iter().all(of_the_room));
    let (meta, records) = match all_good {
        Some(Body { meta, recordings }) => (meta, recordings.0.into_iter().map(Ok).collect()),
        None => one_by_one(text, room, number)?,
    };
    let next = match &meta.next_page_url {
        None => Ok(None),
        Some(url) => match PageToken::from_url(url) {
            Ok(None) => Err(Error::invalid_answer(format!(
                "its next_page_url names neither Page nor PageToken: {url}"
            ))),
            token => token,
        },
    };
    let page_size = meta.page_size.unwrap_or(asked_page_size);
    let named = next.as_ref().ok().cloned().flatten();
    Ok(Answer { page: Page { number, page_size, records, next: named }, next })
}

/// A body as text, without a byte-order mark.
fn text_of(body: &[u8]) -> Result<&str, Error> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let reason = format!("its body is not UTF-8 from byte {} on", error.valid_up_to());
        Error::invalid_answer(reason).caused_by(error)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads a body that is one record.
pub(crate) fn parse_record(body: &[u8], room: &RoomSid) -> Result<RoomRecording, Error> {
    let text = text_of(body)?;
    record(text, room).map_err(|Fault { field, reason }| {
        if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
            return no_json(text, error);
        }
        let of_field = field.map_or(String::new(), |field| format!("{field}: "));
        Error::invalid_answer(format!("{of_field}{reason}"))
    })
}

/// The error of a body that does not parse.
fn no_json(text: &str, error: serde_json::Error) -> Error {
    let cut_short = error.is_eof();
    let reason = match error.classify() {
        serde_json::error::Category::Data => error.to_string(),
        _ => format!("{error}, in a body that begins with \"{}\"", beginning(text)),
    };
    Error::invalid_answer(reason).transient(cut_short).caused_by(error)
}

type Records = Vec<Result<RoomRecording, Error>>;

/// Reads a page in which something is wrong, record by record, to find out what.
fn one_by_one(text: &str, room: &RoomSid, page: u64) -> Result<(Meta, Records), Error> {
    let body: Body<&RawValue> = serde_json::from_str(text).map_err(|error| no_json(text, error))?;
    let records = body.recordings.0.into_iter().enumerate();
    let read = records.map(|(index, raw)| {
        record(raw.get(), room).map_err(|Fault { field, reason }| {
            let json = raw.get().into();
            Error::new(ErrorKind::BadRecord(BadRecord { page, index, field, reason, json }))
        })
    });
    Ok((body.meta, read.collect()))
}

fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}

struct Fault {
    field: Option<&'static str>,
    reason: String,
}

fn record(json: &str, room: &RoomSid) -> Result<RoomRecording, Fault> {
    let record: RoomRecording = serde_json::from_str(json).map_err(|error| {
        find_fault(json).unwrap_or_else(|| Fault { field: None, reason: told(&error) })
    })?;
    if !record.room_sid.eq_ignore_ascii_case(room) {
        let reason = format!("it is of room {}, not of {room}", record.room_sid);
        return Err(Fault { field: Some("room_sid"), reason });
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
            return Some(Fault { field: Some(field), reason: "it is there twice".to_owned() });
        }
        seen.push(field);
        if let Err(error) = fits(value.get()) {
            return Some(Fault { field: Some(field), reason: told(&error) });
        }
    }
    let missing = FIELDS[..REQUIRED].iter().find(|(field, _)| !seen.contains(field));
    missing.map(|&(field, _)| Fault { field: Some(field), reason: "it is missing".to_owned() })
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
const REQUIRED: usize = 5;

const FIELDS: [(&str, Fits); 20] = [
    ("sid", fits::<RecordingSid>),
    ("status", fits::<Status>),
    ("account_sid", fits::<AccountSid>),
    ("room_sid", fits::<RoomSid>),
    ("date_created", is_date),
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
];

/// The body of a list answer. An unknown field is no error; a missing one of these is, and so is
/// one that is there twice.
#[derive(serde::Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Body<T> {
    meta: Meta,
    recordings: Bounded<T>,
}

#[derive(serde::Deserialize)]
struct Meta {
    page_size: Option<u32>,
    /// Null on the last page. Where it is missing, nobody knows whether there are more.
    #[serde(deserialize_with = "Option::deserialize")]
    next_page_url: Option<String>,
}

/// A list of no more records than a page may have, so that an answer can't fill the memory.
struct Bounded<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoundedVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for BoundedVisitor<T> {
            type Value = Bounded<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut records = Vec::new();
                while let Some(record) = seq.next_element()? {
                    if records.len() == MAX_PAGE_SIZE as usize {
                        let reason = format!("a page of more than {MAX_PAGE_SIZE} records");
                        return Err(de::Error::custom(reason));
                    }
                    records.push(record);
                }
                Ok(Bounded(records))
            }
        }

        deserializer.deserialize_seq(BoundedVisitor(PhantomData))
    }
}

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
