//! The body of a list response, decoded into a page.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::body::{not_json, text_of};
use super::record::{Fault, decode_record};
use crate::error::{Error, ErrorKind, InvalidRecord};
use crate::model::{
    Filters, MAX_PAGE_SIZE, PageToken, Position, Query, ResumePoint, RoomRecording, RoomSid,
};

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
    /// kind [`InvalidRecord`](ErrorKind::InvalidRecord) in its place.
    pub recordings: Vec<Result<RoomRecording, Error>>,
    /// What the service calls the next page; `None` on the last one.
    pub next: Option<ResumePoint>,
}

impl Page {
    /// Reads the body of a list answer that was fetched or kept elsewhere, as a listing reads it.
    /// It counts as page 0.
    ///
    /// # Errors
    ///
    /// [`InvalidResponse`](ErrorKind::InvalidResponse) where the body is not what the API promises.
    ///
    /// ```
    /// use twilio_room_recordings::Page;
    ///
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let body = br#"{"meta": {"page_size": 50, "next_page_url": null}, "recordings": []}"#;
    /// let page = Page::from_json(body, &room)?;
    /// assert!(page.recordings.is_empty() && page.next.is_none());
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn from_json(body: &[u8], room: &RoomSid) -> Result<Self, Error> {
        let query = Query { room: *room, filters: Filters::default(), page_size: MAX_PAGE_SIZE };
        let PageResponse { page, next } = parse_page(body, &query, 0)?;
        next.map(|next| Self { next, ..page })
    }
}

/// A list response.
pub(super) struct PageResponse {
    pub page: Page,
    /// The next page, or the reason why its URL is invalid.
    pub next: Result<Option<ResumePoint>, Error>,
}

/// Decodes the body of a list response.
pub(super) fn parse_page(body: &[u8], query: &Query, number: u64) -> Result<PageResponse, Error> {
    let text = text_of(body)?;
    let room = &query.room;
    let is_of_room = |record: &RoomRecording| record.room_sid.eq_ignore_ascii_case(room);
    let valid = serde_json::from_str::<Body<RoomRecording>>(text)
        .ok()
        .filter(|body| body.recordings.0.iter().all(is_of_room));
    let (meta, recordings) = match valid {
        Some(Body { meta, recordings }) => (meta, recordings.0.into_iter().map(Ok).collect()),
        None => decode_one_by_one(text, room, number)?,
    };

    let next = next_page(&meta, query, number);
    let page_size = meta.page_size.unwrap_or(query.page_size);
    Ok(PageResponse { page: Page { number, page_size, recordings, next: None }, next })
}

fn next_page(meta: &Meta, query: &Query, number: u64) -> Result<Option<ResumePoint>, Error> {
    let Some(url) = &meta.next_page_url else { return Ok(None) };

    match PageToken::from_url(url) {
        Ok(Some(token)) => {
            let position =
                Position { token: Some(token), page: number.saturating_add(1), index: 0 };
            Ok(Some(ResumePoint { query: query.clone(), position }))
        }
        Ok(None) => Err(Error::invalid_response(format!(
            "next_page_url has neither Page nor PageToken: {url}"
        ))),
        Err(reason) => Err(Error::invalid_response(format!("next_page_url has {reason}"))),
    }
}

type Records = Vec<Result<RoomRecording, Error>>;

/// Decodes a page record by record, because at least one is invalid.
fn decode_one_by_one(text: &str, room: &RoomSid, page: u64) -> Result<(Meta, Records), Error> {
    let body: Body<&RawValue> =
        serde_json::from_str(text).map_err(|error| not_json(text, error))?;
    let records = body.recordings.0.into_iter().enumerate();
    let read = records.map(|(index, raw)| {
        decode_record(raw.get(), Some(room)).map_err(|Fault { sid, field, reason }| {
            let json = raw.get().into();
            let record = InvalidRecord { page, index, sid, field, reason, json };
            Error::new(ErrorKind::InvalidRecord(record))
        })
    });
    Ok((body.meta, read.collect()))
}

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
