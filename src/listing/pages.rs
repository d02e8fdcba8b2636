//! A listing, page by page.

use std::fmt;
use std::iter::FusedIterator;
use std::mem;
use std::sync::Arc;

use super::history::History;
use super::page::{NextPage, Page, PageResponse, parse_page};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::http::{ApiRequest, Http, Method, Subject};
use crate::model::{Position, ResumePoint};

/// The maximum number of empty pages in a row. An API that sends more makes no progress.
const MAX_EMPTY_PAGES: u32 = 100;

/// An iterator over the pages of a listing, made by
/// [`ListRecordings::pages`](crate::ListRecordings::pages).
///
/// `next` fetches one page. If a page cannot be fetched, the iterator yields one `Err` and then
/// ends.
///
/// The iteration always ends: it yields a [`PaginationLoop`](ErrorKind::PaginationLoop) error if
/// the API links to a page already fetched, or returns three pages in a row with the records of
/// earlier pages, and an [`InvalidResponse`](ErrorKind::InvalidResponse) error after more than 100
/// empty pages in a row.
///
/// If recordings begin during the listing, the API may return the records of an earlier page again.
/// Such a page is yielded without its records.
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
pub struct Pages {
    http: Arc<Http>,
    step: Step,
    remaining_limit: Option<u64>,
    deadline: Deadline,
    history: History,
    body: Vec<u8>,
}

/// The next step of a listing.
enum Step {
    /// Fetch the page at this point.
    Fetch(ResumePoint),
    /// Report that no page can follow. The listing can be resumed at the point, if there is one.
    Fail(Error, Option<ResumePoint>),
    /// None. The listing can be resumed at the point, if there is one.
    Over(Option<ResumePoint>),
}

impl Pages {
    /// A listing from this point on, or one that only reports why it is refused.
    pub(super) fn new(
        http: Arc<Http>,
        start: Result<ResumePoint, Error>,
        limit: Option<u64>,
        deadline: Deadline,
    ) -> Self {
        let step = match start {
            Ok(point) if limit == Some(0) => Step::Over(Some(point)),
            Ok(point) => Step::Fetch(point),
            Err(error) => Step::Fail(error, None),
        };
        Self {
            http,
            step,
            remaining_limit: limit,
            deadline,
            history: History::default(),
            body: Vec::new(),
        }
    }

    /// Returns the resume point after the pages yielded so far.
    ///
    /// Returns `None` at the end of the list, after a pagination loop or a resume point beyond its
    /// page, and if a parameter is invalid.
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
        match &self.step {
            Step::Fetch(point) => Some(point.clone()),
            Step::Fail(_, point) | Step::Over(point) => point.clone(),
        }
    }

    /// The number of items that are known to follow, and `true` if more may.
    pub(super) fn pending(&self) -> (usize, bool) {
        match &self.step {
            Step::Fetch(_) => (0, true),
            Step::Fail(..) => (1, false),
            Step::Over(_) => (0, false),
        }
    }

    fn fetch_and_advance(&mut self, point: ResumePoint) -> (Result<Page, Error>, Step) {
        let response = match self.fetch(&point) {
            Ok(response) => response,
            Err(error) => return (Err(error), Step::Over(Some(point))),
        };

        match self.advance(point, response) {
            Ok((page, step)) => (Ok(page), step),
            Err(error) => (Err(error), Step::Over(None)),
        }
    }

    fn fetch(&mut self, point: &ResumePoint) -> Result<PageResponse, Error> {
        let ResumePoint { query, position } = point;
        let token = position.token.as_ref();
        self.history.add_token(token);

        let path = query.path(token);
        let subject = Subject { room: query.list.room(), recording: None };
        let request =
            ApiRequest { method: Method::GET, path: &path, subject, deadline: self.deadline };
        let response = self.http.request(&request, &mut self.body, |head, body| {
            head.expect(200)?;
            parse_page(body, query, position.page)
        });
        let mut response = response
            .map_err(|error| if token.is_some() { error.with_page_token() } else { error })?;
        response.errors().for_each(|error| self.http.complete_api_error(error));
        Ok(response)
    }

    /// Drops the records of a page before the point and after the limit, and decides the next step.
    fn advance(
        &mut self,
        mut point: ResumePoint,
        response: PageResponse,
    ) -> Result<(Page, Step), Error> {
        let PageResponse { mut page, next } = response;
        let index = &mut point.position.index;
        if *index > page.recordings.len() {
            return Err(Error::invalid_response(format!(
                "page {} has {} records, and the resume point is after {index}: start the listing \
                 over",
                page.number,
                page.recordings.len(),
            )));
        }

        if self.history.add_records(page.number, &page.recordings)? {
            *index = page.recordings.len();
        }
        page.recordings.drain(..*index);
        let kept = self.use_up_limit(&page);
        *index += kept;
        let is_cut = kept < page.recordings.len();
        page.recordings.truncate(kept);

        let step = match next {
            Ok(Some(next)) => self.step_to(next, &point),
            Ok(None) => Step::Over(None),
            Err(error) => Step::Fail(error, Some(point.clone())),
        };
        page.next = match &step {
            _ if is_cut => Some(point.clone()),
            Step::Fetch(next) => Some(next.clone()),
            Step::Fail(..) | Step::Over(_) => None,
        };
        if self.remaining_limit != Some(0) {
            return Ok((page, step));
        }

        let rest = if let Step::Fail(..) = step { Some(point) } else { page.next.clone() };
        Ok((page, Step::Over(rest)))
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

    /// The step to the page after this point, if the listing may go there.
    fn step_to(&self, next: NextPage, point: &ResumePoint) -> Step {
        let ResumePoint { query, position: Position { page, .. } } = point;
        if self.history.contains_token(&next.token) {
            return Step::Fail(Error::new(ErrorKind::PaginationLoop { page: *page }), None);
        }
        if self.history.empty_pages > MAX_EMPTY_PAGES {
            let reason = format!("more than {MAX_EMPTY_PAGES} empty pages in a row");
            return Step::Fail(Error::invalid_response(reason), Some(point.clone()));
        }

        let position = Position { token: Some(next.token), page: page.saturating_add(1), index: 0 };
        Step::Fetch(ResumePoint { query: query.clone(), position })
    }
}

impl Iterator for Pages {
    type Item = Result<Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (outcome, step) = match mem::replace(&mut self.step, Step::Over(None)) {
            Step::Fetch(point) => self.fetch_and_advance(point),
            Step::Fail(error, point) => (Err(error), Step::Over(point)),
            over @ Step::Over(_) => {
                self.step = over;
                return None;
            }
        };

        self.step = step;
        Some(outcome.map_err(|error| match self.resume_point() {
            Some(point) => error.resumable_at(point),
            None => error,
        }))
    }
}

impl FusedIterator for Pages {}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("resume_point", &self.resume_point()).finish_non_exhaustive()
    }
}
