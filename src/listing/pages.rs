//! When to ask: a listing, page by page and record by record.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::Duration;

use super::page::{Page, PageResponse, parse_page};
use crate::error::{Error, ErrorKind};
use crate::http::{ApiRequest, Deadline, Http, Method};
use crate::model::{PageToken, ResumePoint};

/// How many empty pages in a row are followed: a service that has more of them is not going
/// anywhere.
const MAX_EMPTY_PAGES: u32 = 100;

/// The pages of a listing, fetched as they are asked for; made by
/// [`ListRecordings::pages`](crate::ListRecordings::pages).
///
/// A page that can't be had is one `Err`, which ends the listing: `None` follows for ever.
#[derive(Debug)]
#[must_use = "a listing sends nothing until it is iterated over"]
pub struct Pages(
    /// The error of a listing that was refused, until it is yielded.
    Result<Box<Listing>, Option<Error>>,
);

impl Pages {
    pub(super) fn new(listing: Result<Listing, Error>) -> Self {
        Self(listing.map(Box::new).map_err(Some))
    }

    /// Where the listing stands, after all that it has yielded; `None` once there is nothing
    /// left, or where nothing could be asked.
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

/// A listing in progress.
#[derive(Debug)]
pub(super) struct Listing {
    http: Arc<Http>,
    position: ResumePoint,
    step: Step,
    remaining_limit: Option<u64>,
    time_limit: Option<Duration>,
    deadline: Option<Deadline>,
    /// A hash of each page that was requested: eight bytes, however long a token is.
    requested: HashSet<u64>,
    hasher: RandomState,
    empty_pages: u32,
    body: Vec<u8>,
}

/// The next step of a listing.
#[derive(Debug)]
enum Step {
    /// Fetch the page at the current position.
    Fetch,
    /// Report that no page can follow.
    Fail(Error),
    /// None: the limit is reached, or a page failed. The current position can be resumed.
    Stop,
    /// None: the list is at its end.
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
            requested: HashSet::new(),
            hasher: RandomState::new(),
            empty_pages: 0,
            body: Vec::new(),
        }
    }

    pub(super) fn position(&self) -> &ResumePoint {
        &self.position
    }

    fn resume_point(&self) -> Option<ResumePoint> {
        match self.step {
            Step::Fetch | Step::Fail(_) | Step::Stop => Some(self.position.clone()),
            Step::End => None,
        }
    }

    fn next(&mut self) -> Option<Result<Page, Error>> {
        match std::mem::replace(&mut self.step, Step::Stop) {
            Step::Fetch => Some(self.fetch().map(|response| self.advance(response))),
            Step::Fail(error) => Some(Err(error)),
            over @ (Step::Stop | Step::End) => {
                self.step = over;
                None
            }
        }
    }

    fn fetch(&mut self) -> Result<PageResponse, Error> {
        let deadline = *self.deadline.get_or_insert_with(|| Deadline::after(self.time_limit));
        let ResumePoint { query, position } = &self.position;
        let token = position.token.as_ref();
        self.requested.insert(self.hasher.hash_one(identity(token)));

        let path = query.path(token);
        let request = ApiRequest { method: Method::GET, path: &path, recording: None, deadline };
        let response = self.http.request(&request, &mut self.body, |head, body| {
            head.expect(200)?;
            parse_page(body, query, position.page)
        });
        response.map_err(|error| {
            let error = if token.is_some() { error.with_page_token() } else { error };
            error.resumable_at(self.position.clone())
        })
    }

    /// Moves past a page: drops the records before the position and after the limit, and decides
    /// the next step.
    fn advance(&mut self, response: PageResponse) -> Page {
        let PageResponse { mut page, next } = response;
        self.empty_pages = if page.recordings.is_empty() { self.empty_pages + 1 } else { 0 };

        let skipped = self.position.position.index.min(page.recordings.len());
        page.recordings.drain(..skipped);
        let kept = self.use_up_limit(&page);
        page.recordings.truncate(kept);
        self.position.position.index = skipped + kept;

        self.step = match next {
            _ if self.remaining_limit == Some(0) => Step::Stop,
            Ok(None) => Step::End,
            Ok(Some(point)) => match self.check_next(&point, page.number) {
                Ok(()) => {
                    self.position = point;
                    Step::Fetch
                }
                Err(error) => Step::Fail(error.resumable_at(self.position.clone())),
            },
            Err(error) => Step::Fail(error.resumable_at(self.position.clone())),
        };
        page
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

    fn check_next(&self, next: &ResumePoint, page: u64) -> Result<(), Error> {
        if self.requested.contains(&self.hasher.hash_one(identity(next.position.token.as_ref()))) {
            return Err(Error::new(ErrorKind::PaginationLoop { page }));
        }
        if self.empty_pages >= MAX_EMPTY_PAGES {
            let reason = format!("{MAX_EMPTY_PAGES} empty pages in a row");
            return Err(Error::invalid_response(reason));
        }
        Ok(())
    }
}

/// The identity of a page: its token, or its number if it has none.
fn identity(token: Option<&PageToken>) -> (Option<&str>, Option<&str>) {
    match token {
        None => (None, Some("0")),
        Some(named) => match named.token() {
            Some(token) => (Some(token), None),
            None => (None, named.page()),
        },
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
