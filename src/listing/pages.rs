//! A listing, page by page.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::Duration;

use super::page::{NextPage, Page, PageResponse, parse_page};
use crate::error::{Error, ErrorKind};
use crate::http::{ApiRequest, Deadline, Http, Method};
use crate::model::{PageToken, Position, ResumePoint, RoomRecording};

/// The maximum number of empty pages in a row. An API that sends more makes no progress.
const MAX_EMPTY_PAGES: u32 = 100;

/// An iterator over the pages of a listing, made by
/// [`ListRecordings::pages`](crate::ListRecordings::pages).
///
/// `next` fetches one page. If a page cannot be fetched, the iterator yields one `Err` and then
/// ends.
///
/// The iteration always ends: it yields a [`PaginationLoop`](ErrorKind::PaginationLoop) error if
/// the API links to a page already fetched, or returns the records of an earlier page again, and
/// an [`InvalidResponse`](ErrorKind::InvalidResponse) error after more than 100 empty pages in a
/// row.
///
/// ```no_run
/// use twilio_room_recordings::{Client, Error, Pages};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let pages: Pages = client.recordings(room).page_size(20).pages();
/// for page in pages {
///     let page = page?;
///     println!("page {}: {} recordings", page.number, page.recordings.len());
/// }
/// # Ok::<(), Error>(())
/// ```
#[must_use = "a listing sends nothing until it is iterated over"]
pub struct Pages(
    /// The error of a listing that was refused, until it is yielded.
    Result<Box<Listing>, Option<Error>>,
);

impl Pages {
    pub(super) fn new(listing: Result<Listing, Error>) -> Self {
        Self(listing.map(Box::new).map_err(Some))
    }

    /// Returns the resume point after the pages yielded so far.
    ///
    /// Returns `None` at the end of the list, after a pagination loop, and if a parameter is
    /// invalid.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let mut pages = client.recordings(room).page_size(20).pages();
    /// let first_page = pages.next().transpose()?;
    /// if let Some(point) = pages.resume_point() {
    ///     println!("continue at {point}");
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn resume_point(&self) -> Option<ResumePoint> {
        self.listing()?.resume_point()
    }

    pub(super) fn listing(&self) -> Option<&Listing> {
        self.0.as_deref().ok()
    }

    /// The number of items that are known to follow, and `true` if more may.
    pub(super) fn pending(&self) -> (usize, bool) {
        match &self.0 {
            Ok(listing) => match listing.step {
                Step::Fetch => (0, true),
                Step::Fail(_) => (1, false),
                Step::Stop | Step::End => (0, false),
            },
            Err(error) => (error.iter().count(), false),
        }
    }
}

impl Iterator for Pages {
    type Item = Result<Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Ok(listing) => listing.next(),
            Err(error) => error.take().map(Err),
        }
    }
}

impl FusedIterator for Pages {}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(listing) => f
                .debug_struct("Pages")
                .field("resume_point", &listing.resume_point())
                .field("remaining_limit", &listing.remaining_limit)
                .finish_non_exhaustive(),
            Err(error) => f.debug_struct("Pages").field("refused", error).finish_non_exhaustive(),
        }
    }
}

/// A listing in progress.
pub(super) struct Listing {
    http: Arc<Http>,
    position: ResumePoint,
    step: Step,
    remaining_limit: Option<u64>,
    time_limit: Option<Duration>,
    deadline: Option<Deadline>,
    /// One hash of the token and one of the records of each page fetched: sixteen bytes a page,
    /// however long they are.
    fetched: HashSet<u64>,
    hasher: RandomState,
    empty_pages: u32,
    body: Vec<u8>,
}

/// The next step of a listing.
enum Step {
    /// Fetch the page at the current position.
    Fetch,
    /// Report that no page can follow.
    Fail(Error),
    /// None: the limit is reached, or a page failed. The current position can be resumed.
    Stop,
    /// None, and nothing can be resumed: the list is at its end, or it loops.
    End,
}

impl Listing {
    pub(super) fn new(
        http: Arc<Http>,
        position: ResumePoint,
        limit: Option<u64>,
        time_limit: Option<Duration>,
    ) -> Self {
        Self {
            http,
            position,
            step: if limit == Some(0) { Step::Stop } else { Step::Fetch },
            remaining_limit: limit,
            time_limit,
            deadline: None,
            fetched: HashSet::new(),
            hasher: RandomState::new(),
            empty_pages: 0,
            body: Vec::new(),
        }
    }

    pub(super) fn position(&self) -> &ResumePoint {
        &self.position
    }

    fn resume_point(&self) -> Option<ResumePoint> {
        match &self.step {
            Step::Fetch | Step::Stop => Some(self.position.clone()),
            Step::Fail(error) => error.resume_point().cloned(),
            Step::End => None,
        }
    }

    fn next(&mut self) -> Option<Result<Page, Error>> {
        let outcome = match std::mem::replace(&mut self.step, Step::Stop) {
            Step::Fetch => self.fetch().and_then(|response| self.advance(response)),
            Step::Fail(error) => Err(error),
            over @ (Step::Stop | Step::End) => {
                self.step = over;
                return None;
            }
        };

        if outcome.as_ref().is_err_and(|error| error.resume_point().is_none()) {
            self.step = Step::End;
        }
        Some(outcome)
    }

    fn fetch(&mut self) -> Result<PageResponse, Error> {
        let deadline = *self.deadline.get_or_insert_with(|| Deadline::after(self.time_limit));
        let ResumePoint { query, position } = &self.position;
        let token = position.token.as_ref();
        self.fetched.insert(self.hash_of_token(token));

        let path = query.path(token);
        let request = ApiRequest { method: Method::GET, path: &path, recording: None, deadline };
        let response = self.http.request(&request, &mut self.body, |head, body| {
            head.expect(200)?;
            parse_page(body, query, position.page)
        });
        let mut response = response.map_err(|error| {
            let error = if token.is_some() { error.with_page_token() } else { error };
            error.resumable_at(self.position.clone())
        })?;
        response.errors().for_each(|error| self.http.complete_api_error(error));
        Ok(response)
    }

    /// Moves past a page: drops the records before the position and after the limit, and decides
    /// the next step.
    fn advance(&mut self, response: PageResponse) -> Result<Page, Error> {
        let PageResponse { mut page, next } = response;
        self.check_records(&page)?;

        let skipped = self.position.position.index;
        if skipped > page.recordings.len() {
            return Err(Error::invalid_response(format!(
                "page {} has {} records, and the resume point is after {skipped}: start the \
                 listing over",
                page.number,
                page.recordings.len(),
            )));
        }
        page.recordings.drain(..skipped);
        let kept = self.use_up_limit(&page);
        self.position.position.index = skipped + kept;
        let is_cut = kept < page.recordings.len();
        page.recordings.truncate(kept);

        let next = next
            .map_err(|error| error.resumable_at(self.position.clone()))
            .and_then(|next| next.map(|next| self.check_next(next, page.number)).transpose());
        page.next = match &next {
            _ if is_cut => Some(self.position.clone()),
            Ok(point) => point.clone(),
            Err(_) => None,
        };
        self.step = match next {
            _ if self.remaining_limit == Some(0) => Step::Stop,
            Ok(Some(point)) => {
                self.position = point;
                Step::Fetch
            }
            Ok(None) => Step::End,
            Err(error) => Step::Fail(error),
        };
        Ok(page)
    }

    /// The number of the page's records, from the first, that the limit permits.
    fn use_up_limit(&mut self, page: &Page) -> usize {
        let Some(remaining) = &mut self.remaining_limit else { return page.recordings.len() };

        for (index, record) in page.recordings.iter().enumerate() {
            if record.is_ok() {
                *remaining -= 1;
            }
            if *remaining == 0 {
                return index + 1;
            }
        }
        page.recordings.len()
    }

    /// Checks that the records are not those of an earlier page, which an API that ignores the
    /// page token sends again and again.
    fn check_records(&mut self, page: &Page) -> Result<(), Error> {
        if page.recordings.is_empty() {
            self.empty_pages += 1;
            return Ok(());
        }

        self.empty_pages = 0;
        if self.fetched.insert(self.hash_of_records(page)) {
            return Ok(());
        }
        let page = page.number.saturating_sub(1);
        Err(Error::new(ErrorKind::PaginationLoop { page }))
    }

    /// The resume point of the next page, if the listing may go there.
    fn check_next(&self, next: NextPage, page: u64) -> Result<ResumePoint, Error> {
        let NextPage { token, .. } = next;
        if self.fetched.contains(&self.hash_of_token(Some(&token))) {
            return Err(Error::new(ErrorKind::PaginationLoop { page }));
        }
        if self.empty_pages > MAX_EMPTY_PAGES {
            let reason = format!("more than {MAX_EMPTY_PAGES} empty pages in a row");
            return Err(Error::invalid_response(reason).resumable_at(self.position.clone()));
        }
        let position = Position { token: Some(token), page: page.saturating_add(1), index: 0 };
        Ok(ResumePoint { query: self.position.query.clone(), position })
    }

    fn hash_of_token(&self, token: Option<&PageToken>) -> u64 {
        let (token, number) = match token {
            None => (None, Some("0")),
            Some(token) => (token.token(), token.page().filter(|_| token.token().is_none())),
        };
        self.hasher.hash_one((token, number))
    }

    fn hash_of_records(&self, page: &Page) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        page.recordings.iter().for_each(|record| identity(record).hash(&mut hasher));
        hasher.finish()
    }
}

/// The text that identifies a record: its SID, or if the record is invalid, all of it.
fn identity(record: &Result<RoomRecording, Error>) -> &str {
    match record {
        Ok(record) => record.sid.as_str(),
        Err(error) => match error.kind() {
            ErrorKind::InvalidRecord(record) => &record.json,
            _ => "",
        },
    }
}
