//! The builder of a listing: the list, its filters and its limits.

use std::sync::Arc;
use std::time::Instant;

use time::{OffsetDateTime, SignedDuration, UtcOffset};

use super::pages::Pages;
use super::recordings::RecordingsIter;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::http::Http;
use crate::model::{
    Filters, GroupingSid, List, Position, Query, RecordingType, ResumePoint, RoomRecording,
    SourceSid, Status,
};

/// A listing of recordings, made by [`Client::recordings`](crate::Client::recordings),
/// [`Client::account_recordings`](crate::Client::account_recordings) or
/// [`Client::resume`](crate::Client::resume).
///
/// It is an [`IntoIterator`], so a `for` loop runs it. Nothing is sent before the first item is
/// requested from the iterator. Invalid parameters are reported as the only item, an
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) error, and then nothing is sent at all.
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
    list: List,
    filters: Filters,
    page_size: Option<u32>,
    limit: Option<u64>,
    deadline: Deadline,
    resume: Option<ResumePoint>,
}

impl ListRecordings {
    pub(crate) fn new(http: Arc<Http>, list: List) -> Self {
        Self {
            http,
            list,
            filters: Filters::default(),
            page_size: None,
            limit: None,
            deadline: Deadline::default(),
            resume: None,
        }
    }

    /// The rest of the listing that the point belongs to.
    pub(crate) fn after(http: Arc<Http>, point: ResumePoint) -> Self {
        let Query { list, filters, .. } = point.query.clone();
        Self { filters, resume: Some(point), ..Self::new(http, list) }
    }

    /// Lists only recordings with this status: processing, completed, deleted or failed.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error, Status};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let failed = client.recordings(room).status(Status::Failed).into_iter().count();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn status(mut self, status: Status) -> Self {
        self.filters.status = Some(status);
        self
    }

    /// Lists only the recordings of this source, such as a track.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let track = "MTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let listing = client.recordings(room).source_sid(track);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn source_sid(mut self, source: SourceSid) -> Self {
        self.filters.source_sid = Some(source);
        self
    }

    /// Lists only recordings that started at this instant or later.
    ///
    /// The instant is sent in UTC and in whole seconds. It is rounded down, so that rounding leaves
    /// nothing out.
    ///
    /// ```no_run
    /// use twilio_room_recordings::time::{Duration, OffsetDateTime};
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let three_days_ago = OffsetDateTime::now_utc() - Duration::days(3);
    /// let listing = client.account_recordings().created_after(three_days_ago);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn created_after(mut self, instant: OffsetDateTime) -> Self {
        self.filters.created_after = Some(instant);
        self
    }

    /// Lists only recordings that started before this instant.
    ///
    /// The instant is sent in UTC and in whole seconds. It is rounded up, so that rounding leaves
    /// nothing out. An instant before [`created_after`](Self::created_after) is an error. If the
    /// two are the same whole second, the list is empty, as the API defines it.
    ///
    /// ```no_run
    /// use twilio_room_recordings::time::{Duration, OffsetDateTime, Time};
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let today = OffsetDateTime::now_utc().replace_time(Time::MIDNIGHT);
    /// let yesterday = client
    ///     .account_recordings()
    ///     .created_after(today - Duration::days(1))
    ///     .created_before(today);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn created_before(mut self, instant: OffsetDateTime) -> Self {
        self.filters.created_before = Some(instant);
        self
    }

    /// Lists only the recordings of this room or participant.
    ///
    /// Several calls add up: the API then lists the recordings of each of them. Only the
    /// account-wide list has this filter.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error, ParticipantSid, RoomSid};
    ///
    /// let client = Client::from_env()?;
    /// let first: RoomSid = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let second: RoomSid = "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb".parse()?;
    /// let of_both_rooms = client.account_recordings().grouping_sid(first).grouping_sid(second);
    ///
    /// let participant: ParticipantSid = "PAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let of_a_participant = client.account_recordings().grouping_sid(participant);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn grouping_sid(mut self, sid: impl Into<GroupingSid>) -> Self {
        self.filters.add_grouping_sid(sid.into());
        self
    }

    /// Lists only recordings of this type: audio, video or data. Only the account-wide list has
    /// this filter, which the API calls `MediaType`. A record has the type in
    /// [`recording_type`](RoomRecording::recording_type).
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error, RecordingType};
    ///
    /// let client = Client::from_env()?;
    /// let audio = client.account_recordings().media_type(RecordingType::Audio);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn media_type(mut self, media_type: RecordingType) -> Self {
        self.filters.media_type = Some(media_type);
        self
    }

    /// Sets the number of records that one request returns: 1 to 1000 in the list of a room, 1 to
    /// 100 in the account-wide list.
    ///
    /// The default is the maximum, or the [`limit`](Self::limit) if that is less, so that as few
    /// requests as possible are sent.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let pages = client.recordings(room).page_size(20).pages();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn page_size(mut self, records: u32) -> Self {
        self.page_size = Some(records);
        self
    }

    /// Ends the listing after this many valid records. An invalid record does not count, and no
    /// page is fetched that the limit does not need.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let first = client.recordings(room).limit(1).into_iter().next().transpose()?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn limit(mut self, records: u64) -> Self {
        self.limit = Some(records);
        self
    }

    /// Sets the instant by which each page must have arrived, retries and their delays included.
    /// By default only the retry policy and the attempt timeout limit the time.
    ///
    /// If another page is needed after that instant, the listing ends with a
    /// [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) error, which has a resume point. The
    /// same instant can be the deadline of all downloads of a listing.
    ///
    /// ```no_run
    /// use std::time::{Duration, Instant};
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let deadline = Instant::now() + Duration::from_secs(3600);
    /// for recording in client.recordings(room).deadline(deadline) {
    ///     let recording = recording?;
    ///     client.media(&recording).deadline(deadline).download_to(recording.file_name())?;
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Deadline::at(deadline);
        self
    }

    /// Continues this listing at one of its resume points.
    ///
    /// The point may come from a stranger, for instance from the link of a web page: any text
    /// selects a position in this listing or is refused. The list and the filters must be those of
    /// the point, and [`page_size`](Self::page_size) too if it is set; otherwise the only item is an
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) error. An edited page token is sent with
    /// this listing's own filters, and the API judges it. [`Client::resume`](crate::Client::resume)
    /// trusts the point and takes the listing from it.
    ///
    /// The page size is that of the point. A date that is computed from the current time must be
    /// stored with the point.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error, Page, ResumePoint};
    ///
    /// /// A page of the room's list, for a link that holds a resume point.
    /// fn show(client: &Client, link: Option<&str>) -> Result<Option<Page>, Error> {
    ///     let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    ///     let mut listing = client.recordings(room).page_size(20);
    ///     if let Some(link) = link {
    ///         listing = listing.continue_at(link.parse::<ResumePoint>()?);
    ///     }
    ///     listing.pages().next().transpose()
    /// }
    /// ```
    pub fn continue_at(mut self, point: ResumePoint) -> Self {
        self.resume = Some(point);
        self
    }

    /// Lists page by page, for programs that show pages.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// for page in client.recordings(room).page_size(20).pages() {
    ///     let page = page?;
    ///     println!("page {}: {} recordings", page.number, page.recordings.len());
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn pages(self) -> Pages {
        let start = self.start();
        Pages::new(self.http, start, self.limit, self.deadline)
    }

    fn start(&self) -> Result<ResumePoint, Error> {
        let (filters, page_size) = (self.checked_filters()?, self.checked_page_size()?);
        let query = Query { list: self.list, filters, page_size };
        let start = ResumePoint { query, position: Position::default() };

        match &self.resume {
            None => Ok(start),
            Some(point) if self.contains(point, &start) => Ok(point.clone()),
            Some(point) => {
                let expected = format!("a resume point of this listing, which starts at {start}");
                Err(Error::invalid_input("resume point", point, expected))
            }
        }
    }

    /// Returns `true` if a point is one of the listing that begins at `start`.
    fn contains(&self, point: &ResumePoint, start: &ResumePoint) -> bool {
        let (own, other) = (&start.query, &point.query);
        let has_page_size = self.page_size.is_none_or(|size| size == other.page_size);
        own.list == other.list && own.filters == other.filters && has_page_size
    }

    fn checked_page_size(&self) -> Result<u32, Error> {
        let max = self.list.max_page_size();
        match (self.page_size, self.limit) {
            (Some(size), _) if !(1..=max).contains(&size) => {
                Err(Error::invalid_input("page size", size, format!("1 to {max}")))
            }
            (Some(size), _) => Ok(size),
            (None, Some(limit)) => Ok(u32::try_from(limit).unwrap_or(max).clamp(1, max)),
            (None, None) => Ok(max),
        }
    }

    /// The filters as they are sent.
    fn checked_filters(&self) -> Result<Filters, Error> {
        let mut filters = self.filters.clone();
        if let Some(Status::Other(value)) = &filters.status {
            let expected = "processing, completed, deleted or failed";
            return Err(Error::invalid_input("status filter", value.as_str(), expected));
        }
        if let Some(RecordingType::Other(value)) = &filters.media_type {
            let expected = "audio, video or data";
            return Err(Error::invalid_input("media type filter", value.as_str(), expected));
        }
        if self.list != List::Account
            && let Some((filter, value)) = filters.account_only()
        {
            let expected = "none in the list of a room: only the account-wide list has it";
            return Err(Error::invalid_input(filter, value, expected));
        }

        if let (Some(after), Some(before)) = (filters.created_after, filters.created_before)
            && after > before
        {
            let expected = format!("an instant not after the window's end, {before}");
            return Err(Error::invalid_input("created-after date", after, expected));
        }
        if let Some(after) = &mut filters.created_after {
            *after = whole_seconds(*after, SignedDuration::ZERO, "created-after date")?;
        }
        if let Some(before) = &mut filters.created_before {
            let round_up = SignedDuration::nanoseconds(999_999_999);
            *before = whole_seconds(*before, round_up, "created-before date")?;
        }
        Ok(filters)
    }
}

impl IntoIterator for ListRecordings {
    type Item = Result<RoomRecording, Error>;
    type IntoIter = RecordingsIter;

    fn into_iter(self) -> RecordingsIter {
        RecordingsIter::new(self.pages())
    }
}

/// The instant in UTC, later by `round_up` and without its fraction of a second, if the API can
/// read it.
fn whole_seconds(
    instant: OffsetDateTime,
    round_up: SignedDuration,
    parameter: &'static str,
) -> Result<OffsetDateTime, Error> {
    let rounded = instant
        .checked_to_offset(UtcOffset::UTC)
        .and_then(|utc| utc.checked_add(round_up)?.replace_nanosecond(0).ok())
        .filter(|utc| (0..=9999).contains(&utc.year()));
    rounded.ok_or_else(|| {
        Error::invalid_input(parameter, instant, "a date in the years 0 to 9999, in UTC")
    })
}
