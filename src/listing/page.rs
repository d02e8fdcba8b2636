//! The body of a list response, decoded into a page.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::body::{not_json, text_of};
use super::record::decode_record;
use crate::error::Error;
use crate::model::{
    Filters, List, MAX_PAGE_SIZE, PageToken, Query, ResumePoint, RoomRecording, RoomSid,
};

/// One page of a listing, as [`Pages`](crate::Pages) yields them.
///
/// ```no_run
/// use twilio_room_recordings::{Client, Error};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// if let Some(page) = client.recordings(room).page_size(20).pages().next().transpose()? {
///     println!("{} recordings", page.recordings.len());
///     if let Some(next) = page.next {
///         println!("the next page: /recordings?from={next}");
///     }
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Page {
    /// The number of the page in the listing, counted from 0.
    pub number: u64,
    /// The number of records that the API puts on a page: its own value, or the requested one if
    /// the response has none.
    pub page_size: u32,
    /// The page's records in the API's order. An invalid record is an
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) error in its place.
    pub recordings: Vec<Result<RoomRecording, Error>>,
    /// The resume point of the next page; `None` on the last page. If a limit cut this page short,
    /// it is the resume point of the rest of this page.
    ///
    /// It is also `None` if the API's link to the next page is invalid, or leads to a page already
    /// fetched. [`Pages`](crate::Pages) then yields an error as its next item.
    pub next: Option<ResumePoint>,
}

impl Page {
    /// Reads the body of a response of a room's list that was fetched or stored elsewhere, as a
    /// listing reads it.
    ///
    /// The page counts as page 0. The filters and the page size of [`next`](Self::next) are those
    /// of the body's own `next_page_url`.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the body or its
    /// `next_page_url` violates the API contract.
    ///
    /// ```
    /// use twilio_room_recordings::Page;
    ///
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let body = br#"{"meta": {"page_size": 50, "next_page_url": null}, "recordings": []}"#;
    /// let page = Page::from_json(body, room)?;
    /// assert!(page.recordings.is_empty() && page.next.is_none());
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn from_json(body: &[u8], room: RoomSid) -> Result<Self, Error> {
        Self::of_list(body, List::Room(room))
    }

    /// Reads the body of a response of the account-wide list, as [`from_json`](Self::from_json)
    /// reads that of a room's list.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the body or its
    /// `next_page_url` violates the API contract.
    ///
    /// ```
    /// use twilio_room_recordings::Page;
    ///
    /// let body = br#"{"meta": {"next_page_url":
    ///     "https://video.twilio.com/v1/Recordings?PageSize=100&Page=1&PageToken=PT1"},
    ///     "recordings": []}"#;
    /// let next = Page::from_account_json(body)?.next;
    /// assert_eq!(next, Some("account.PageSize-100.Page-1.PageToken-PT1.1.0".parse()?));
    /// # Ok::<(), twilio_room_recordings::Error>(())
    /// ```
    pub fn from_account_json(body: &[u8]) -> Result<Self, Error> {
        Self::of_list(body, List::Account)
    }

    fn of_list(body: &[u8], list: List) -> Result<Self, Error> {
        let query = Query { list, filters: Filters::default(), page_size: list.max_page_size() };
        let PageResponse { page, next } = parse_page(body, &query, 0)?;
        let Some(NextPage { url, token }) = next? else { return Ok(page) };

        let next = ResumePoint::from_url(list, &url, token, 1)
            .map_err(|reason| Error::invalid_response(format!("next_page_url has {reason}")))?;
        Ok(Self { next: Some(next), ..page })
    }
}

/// A list response.
pub(super) struct PageResponse {
    /// The page, without the resume point of the next one.
    pub page: Page,
    /// The next page, or the reason why its URL is invalid.
    pub next: Result<Option<NextPage>, Error>,
}

/// The page that follows another.
pub(super) struct NextPage {
    url: String,
    pub token: PageToken,
}

impl PageResponse {
    /// The errors that quote the response.
    pub(super) fn errors(&mut self) -> impl Iterator<Item = &mut Error> {
        let records = self.page.recordings.iter_mut().filter_map(|record| record.as_mut().err());
        records.chain(self.next.as_mut().err())
    }
}

/// Decodes the body of a list response.
pub(super) fn parse_page(body: &[u8], query: &Query, number: u64) -> Result<PageResponse, Error> {
    let text = text_of(body)?;
    let is_valid = |body: &Body<RoomRecording>| {
        body.recordings.len() <= MAX_PAGE_SIZE as usize
            && body.recordings.iter().all(|record| query.check(record).is_ok())
    };
    let valid = serde_json::from_str(text).ok().filter(is_valid);
    let (meta, recordings) = match valid {
        Some(body) => (body.meta, body.recordings.into_iter().map(Ok).collect()),
        None => decode_one_by_one(text, query, number)?,
    };

    let page_size = meta.page_size.unwrap_or(query.page_size);
    let page = Page { number, page_size, recordings, next: None };
    Ok(PageResponse { page, next: next_page(meta) })
}

fn next_page(meta: Meta) -> Result<Option<NextPage>, Error> {
    let Some(url) = meta.next_page_url.filter(|url| !url.is_empty()) else { return Ok(None) };

    match PageToken::from_url(&url) {
        Some(token) => Ok(Some(NextPage { url, token })),
        None => Err(Error::invalid_response(format!(
            "next_page_url has neither Page nor PageToken: {url}"
        ))),
    }
}

/// Decodes a page record by record, because something in it is invalid.
fn decode_one_by_one(
    text: &str,
    query: &Query,
    page: u64,
) -> Result<(Meta, Vec<Result<RoomRecording, Error>>), Error> {
    let body: Body<&RawValue> =
        serde_json::from_str(text).map_err(|error| not_json(text, error))?;
    if body.recordings.len() > MAX_PAGE_SIZE as usize {
        let reason = format!("a page of more than {MAX_PAGE_SIZE} records");
        return Err(Error::invalid_response(reason));
    }

    let records =
        body.recordings.into_iter().enumerate().map(|(index, raw)| {
            decode_record(raw.get(), page, index, |record| query.check(record))
        });
    Ok((body.meta, records.collect()))
}

/// The body of a list response. Unknown fields are ignored. A missing field is an error, and so is
/// one that appears twice.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Body<T> {
    meta: Meta,
    recordings: Vec<T>,
}

/// The part of `meta` that is used.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Meta {
    /// The page size, if the API names a valid one. It is for information, so no value is an error.
    #[serde(default, deserialize_with = "valid_or_none")]
    page_size: Option<u32>,
    /// Null on the last page. Without the field, nobody knows if there are more pages.
    #[serde(deserialize_with = "Option::deserialize")]
    next_page_url: Option<String>,
}

fn valid_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let json = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(json.get()).ok())
}
