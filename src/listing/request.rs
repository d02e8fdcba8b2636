//! What to ask: the filters, and how they become a query.

use std::sync::Arc;
use std::time::Duration;

use time::{OffsetDateTime, UtcOffset};

use super::pages::{Listing, Pages};
use super::recordings::RecordingsIter;
use crate::error::Error;
use crate::http::Http;
use crate::model::{
    Filters, MAX_PAGE_SIZE, Position, Query, ResumePoint, RoomSid, SourceSid, Status,
};

/// A listing of a room's recordings that is being put together; made by
/// [`Client::recordings`](crate::Client::recordings). It is an [`IntoIterator`], so a `for` loop runs it.
///
/// Nothing is sent before the first item is asked for. What the API does not allow is then told
/// as the only item, an error of the kind
/// [`InvalidInput`](crate::ErrorKind::InvalidInput), and nothing is sent at all.
///
/// ```no_run
/// use twilio_room_recordings::time::{Duration, OffsetDateTime};
/// use twilio_room_recordings::{Client, Error, Status};
///
/// let client = Client::from_env()?;
/// let yesterday = OffsetDateTime::now_utc() - Duration::days(1);
/// let recent = client
///     .recordings("RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?)
///     .status(Status::Completed)
///     .created_after(yesterday)
///     .limit(20);
/// for recording in recent {
///     println!("{}", recording?.sid);
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a listing sends nothing until it is iterated over"]
pub struct ListRecordings {
    http: Arc<Http>,
    room: RoomSid,
    status: Option<Status>,
    source_sid: Option<SourceSid>,
    created_after: Option<OffsetDateTime>,
    created_before: Option<OffsetDateTime>,
    page_size: Option<u32>,
    limit: Option<u64>,
    deadline: Option<Duration>,
    resume: Option<ResumePoint>,
}

impl ListRecordings {
    pub(crate) fn new(http: Arc<Http>, room: RoomSid) -> Self {
        Self {
            http,
            room,
            status: None,
            source_sid: None,
            created_after: None,
            created_before: None,
            page_size: None,
            limit: None,
            deadline: None,
            resume: None,
        }
    }

    /// Only recordings with this status; one of the four that have a name.
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Only the recordings of this source, such as a track.
    pub fn source_sid(mut self, source: SourceSid) -> Self {
        self.source_sid = Some(source);
        self
    }

    /// Only recordings that started at this instant or later. It is sent in UTC and in whole
    /// seconds, rounded down, so that rounding leaves nothing out.
    pub fn created_after(mut self, instant: OffsetDateTime) -> Self {
        self.created_after = Some(instant);
        self
    }

    /// Only recordings that started before this instant. It is sent in UTC and in whole seconds,
    /// rounded up, so that rounding leaves nothing out.
    pub fn created_before(mut self, instant: OffsetDateTime) -> Self {
        self.created_before = Some(instant);
        self
    }

    /// How many records to ask for in one request: 1 to 1000. Without it, as few requests as
    /// possible are made: 1000, or the limit where that is less.
    pub fn page_size(mut self, records: u32) -> Self {
        self.page_size = Some(records);
        self
    }

    /// Stop after this many good records; a bad one does not count. No page is fetched that the
    /// limit does not need.
    pub fn limit(mut self, records: u64) -> Self {
        self.limit = Some(records);
        self
    }

    /// How long the listing as a whole may take, from its first request on, retries and their
    /// waits included. When it has passed and another page is needed, the listing ends with an
    /// error of the kind [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded), which tells
    /// where to [`resume`](Self::resume).
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = Some(time);
        self
    }

    /// Go on from where an earlier listing stood. The point must be of the same room and the same
    /// filters, so a date that is computed from the current time has to be kept with it. Its page
    /// size is kept, so one that is set too must be the same; a listing with a limit asks for small
    /// pages, so set a page size where one is to be resumed without it.
    pub fn resume(mut self, point: ResumePoint) -> Self {
        self.resume = Some(point);
        self
    }

    /// The listing page by page, for programs that show pages.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// for page in client.recordings(room).page_size(20).pages() {
    ///     let page = page?;
    ///     println!("page {}: {} records", page.number, page.recordings.len());
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn pages(self) -> Pages {
        let listing = self.start().map(|position| {
            Listing::new(Arc::clone(&self.http), position, self.limit, self.deadline)
        });
        Pages::new(listing)
    }

    fn start(&self) -> Result<ResumePoint, Error> {
        let filters = self.filters()?;
        let page_size = match (self.page_size, &self.resume, self.limit) {
            (Some(size @ (0 | 1001..)), _, _) => {
                return Err(Error::invalid_input("page size", size, "1 to 1000"));
            }
            (Some(size), _, _) => size,
            (None, Some(point), _) => point.query.page_size,
            (None, None, Some(limit)) => {
                u32::try_from(limit).unwrap_or(MAX_PAGE_SIZE).clamp(1, MAX_PAGE_SIZE)
            }
            (None, None, None) => MAX_PAGE_SIZE,
        };

        let query = Query { room: self.room, filters, page_size };
        match &self.resume {
            None => Ok(ResumePoint { query, position: Position::default() }),
            Some(point) if point.query == query => Ok(point.clone()),
            Some(point) => {
                let expected = format!("a point of this listing, {}", query.path(None));
                Err(Error::invalid_input("resume point", point, expected))
            }
        }
    }

    fn filters(&self) -> Result<Filters, Error> {
        let mut filters = Filters::default();
        if let Some(status) = &self.status {
            if let Status::Other(value) = status {
                let expected = "processing, completed, deleted or failed";
                return Err(Error::invalid_input("status filter", value, expected));
            }
            filters.push("Status", status.as_str());
        }
        if let Some(source) = &self.source_sid {
            filters.push("SourceSid", source.as_str());
        }

        if let (Some(after), Some(before)) = (self.created_after, self.created_before)
            && after > before
        {
            let expected = format!("an instant not after the window's end, {before}");
            return Err(Error::invalid_input("created-after date", after, expected));
        }
        if let Some(after) = self.created_after {
            let text = whole_seconds(after, "created-after date", Rounding::Down)?;
            filters.push("DateCreatedAfter", &text);
        }
        if let Some(before) = self.created_before {
            let text = whole_seconds(before, "created-before date", Rounding::Up)?;
            filters.push("DateCreatedBefore", &text);
        }
        Ok(filters)
    }
}

impl IntoIterator for ListRecordings {
    type Item = Result<crate::RoomRecording, Error>;
    type IntoIter = RecordingsIter;

    fn into_iter(self) -> RecordingsIter {
        RecordingsIter::new(self.pages())
    }
}

#[derive(PartialEq)]
enum Rounding {
    Down,
    Up,
}

/// `YYYY-MM-DDThh:mm:ssZ`, the one form that the API documents for every year from 0 to 9999.
fn whole_seconds(
    instant: OffsetDateTime,
    what: &'static str,
    rounding: Rounding,
) -> Result<String, Error> {
    let round_up = rounding == Rounding::Up && instant.nanosecond() > 0;
    let rounded = instant
        .checked_to_offset(UtcOffset::UTC)
        .and_then(|utc| utc.replace_nanosecond(0).ok())
        .and_then(|utc| utc.checked_add(time::Duration::seconds(round_up.into())))
        .filter(|utc| (0..=9999).contains(&utc.year()));
    let Some(utc) = rounded else {
        return Err(Error::invalid_input(what, instant, "a date in the years 0 to 9999, in UTC"));
    };
    let (year, month, day) = utc.to_calendar_date();
    let (hour, minute, second) = utc.to_hms();
    Ok(format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month)))
}
