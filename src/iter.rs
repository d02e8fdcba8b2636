//! When to ask: a listing, page by page and record by record.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::iter::FusedIterator;
use std::time::{Duration, Instant};
use std::vec;

use ureq::http::Method;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::list::{MAX_PAGE_SIZE, Query};
use crate::page::{self, Answer, Page, PageToken};
use crate::recording::RoomRecording;
use crate::resume::{Position, ResumePoint};
use crate::sid::RoomSid;

/// How many empty pages in a row are followed: a service that has more of them is not going
/// anywhere.
const MAX_EMPTY_PAGES: u32 = 100;

/// The pages of a listing, fetched as they are asked for; made by
/// [`ListRecordings::pages`](crate::ListRecordings::pages).
///
/// A page that can't be had is one `Err`, which ends the listing: `None` follows for ever.
#[derive(Debug)]
#[must_use = "a listing sends nothing until it is iterated over"]
pub struct Pages {
    client: Client,
    at: ResumePoint,
    state: State,
    left: Option<u64>,
    time_limit: Option<Duration>,
    deadline: Option<Instant>,
    /// A hash of each page that was asked for: eight bytes, however long a token is.
    asked_for: HashSet<u64>,
    hasher: RandomState,
    empty_pages: u32,
    body: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// What was asked is not possible.
    Refused(Error),
    /// The page at the current position is the next to fetch.
    Open,
    /// The page at the current position is delivered, and can't be followed by another.
    Failing(Error),
    /// The limit is reached, or a page failed: the current position can be taken up again.
    Ended,
    /// The list is at its end.
    Finished,
}

impl Pages {
    pub(crate) fn new(
        client: Client,
        at: ResumePoint,
        limit: Option<u64>,
        time_limit: Option<Duration>,
    ) -> Self {
        Self {
            client,
            at,
            state: if limit == Some(0) { State::Ended } else { State::Open },
            left: limit,
            time_limit,
            deadline: None,
            asked_for: HashSet::new(),
            hasher: RandomState::new(),
            empty_pages: 0,
            body: Vec::new(),
        }
    }

    pub(crate) fn refused(client: Client, room: RoomSid, error: Error) -> Self {
        let query = Query { room, filters: String::new(), page_size: MAX_PAGE_SIZE };
        let at = ResumePoint { query, position: Position::default() };
        Self { state: State::Refused(error), ..Self::new(client, at, None, None) }
    }

    /// Where the listing stands, after all that it has yielded; `None` once there is nothing
    /// left, or where nothing could be asked.
    pub fn resume_point(&self) -> Option<ResumePoint> {
        match self.state {
            State::Open | State::Failing(_) | State::Ended => Some(self.at.clone()),
            State::Refused(_) | State::Finished => None,
        }
    }

    fn fetch(&mut self) -> Result<Answer, Error> {
        let time_limit = self.time_limit;
        let from_now = || time_limit.and_then(|time| Instant::now().checked_add(time));
        self.deadline = self.deadline.or_else(from_now);
        let ResumePoint { query, position } = &self.at;
        let token = position.token.as_ref();
        self.asked_for.insert(self.hasher.hash_one(identity(token)));
        self.client
            .http()
            .request(
                &Method::GET,
                &query.path(token),
                self.deadline,
                &mut self.body,
                |head, body| {
                    head.expect(200)?;
                    page::parse(body, &query.room, position.page, query.page_size)
                },
            )
            .map_err(|error| error.resumable_at(self.at.clone()))
    }

    /// Moves on past a page: cuts it to what is still wanted and decides what comes after it.
    fn take(&mut self, answer: Answer) -> Page {
        let Answer { mut page, next } = answer;
        self.empty_pages = if page.records.is_empty() { self.empty_pages + 1 } else { 0 };
        let done = self.at.position.index.min(page.records.len());
        page.records.drain(..done);
        let wanted = self.use_up_limit(&page);
        page.records.truncate(wanted);
        self.at.position.index = done + wanted;
        self.state = match next {
            _ if self.left == Some(0) => State::Ended,
            Ok(None) => State::Finished,
            Ok(Some(token)) => match self.check_next(&token, page.number) {
                Ok(()) => {
                    let page = page.number.saturating_add(1);
                    self.at.position = Position { token: Some(token), page, index: 0 };
                    State::Open
                }
                Err(error) => State::Failing(error.resumable_at(self.at.clone())),
            },
            Err(error) => State::Failing(error.resumable_at(self.at.clone())),
        };
        page
    }

    /// How many of a page's records, from the first, the limit leaves.
    fn use_up_limit(&mut self, page: &Page) -> usize {
        let Some(left) = &mut self.left else { return page.records.len() };
        for (index, record) in page.records.iter().enumerate() {
            if record.is_ok() {
                *left -= 1;
            }
            if *left == 0 {
                return index + 1;
            }
        }
        page.records.len()
    }

    fn check_next(&self, token: &PageToken, page: u64) -> Result<(), Error> {
        if self.asked_for.contains(&self.hasher.hash_one(identity(Some(token)))) {
            return Err(Error::new(ErrorKind::Cycle { page }));
        }
        if self.empty_pages >= MAX_EMPTY_PAGES {
            let reason = format!("{MAX_EMPTY_PAGES} empty pages in a row name yet another one");
            return Err(Error::invalid_answer(reason));
        }
        Ok(())
    }
}

/// What makes a page itself: its token, or its number where it has none.
fn identity(token: Option<&PageToken>) -> (Option<&str>, Option<&str>) {
    match token {
        None => (None, Some("0")),
        Some(named) => match named.page_token() {
            Some(token) => (Some(token), None),
            None => (None, named.page()),
        },
    }
}

impl Iterator for Pages {
    type Item = Result<Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Open => Some(self.fetch().map(|answer| self.take(answer))),
            State::Failing(error) => Some(Err(error)),
            State::Refused(error) => {
                self.state = State::Finished;
                Some(Err(error))
            }
            ended @ (State::Ended | State::Finished) => {
                self.state = ended;
                None
            }
        }
    }
}

impl FusedIterator for Pages {}

/// The recordings of a listing, in the service's order; made by iterating over a
/// [`ListRecordings`](crate::ListRecordings).
///
/// It holds one page and fetches the next when that is used up. A record that is not valid is one
/// `Err` of the kind [`BadRecord`](ErrorKind::BadRecord), and the iteration goes on. A page that
/// can't be had is one `Err`, which ends it: `None` follows for ever, so a loop that only logs
/// errors ends.
///
/// ```no_run
/// use twilio_room_recordings::Client;
///
/// let client = Client::from_env()?;
/// let mut recordings =
///     client.recordings("RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?).into_iter();
/// while let Some(recording) = recordings.next() {
///     println!("{}", recording?.sid);
///     match recordings.resume_point() {
///         Some(point) => std::fs::write("listing.resume", point.to_string())?,
///         // It is done; where it was short, there is no file.
///         None => drop(std::fs::remove_file("listing.resume")),
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a listing sends nothing until it is iterated over"]
pub struct RecordingsIter {
    pages: Pages,
    current: vec::IntoIter<Result<RoomRecording, Error>>,
    /// Where the current page begins, or began to be wanted.
    current_at: Position,
    yielded: usize,
}

impl RecordingsIter {
    pub(crate) fn new(pages: Pages) -> Self {
        let current = Vec::new().into_iter();
        Self { pages, current, current_at: Position::default(), yielded: 0 }
    }

    /// Where the listing stands, after the item that was yielded last: before the first item and
    /// after a limit too. `None` once there is nothing left, or where nothing could be asked.
    pub fn resume_point(&self) -> Option<ResumePoint> {
        if self.current.len() == 0 {
            return self.pages.resume_point();
        }
        let index = self.current_at.index + self.yielded;
        let position = Position { index, ..self.current_at.clone() };
        Some(ResumePoint { query: self.pages.at.query.clone(), position })
    }
}

impl Iterator for RecordingsIter {
    type Item = Result<RoomRecording, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.current.next() {
                self.yielded += 1;
                return Some(item);
            }
            // Given back before the next page is fetched, so that one page is in memory.
            self.current = Vec::new().into_iter();
            self.current_at = self.pages.at.position.clone();
            self.yielded = 0;
            match self.pages.next()? {
                Ok(page) => self.current = page.records.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// At least what is left of the page in hand; exactly that once no page will follow.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let in_hand = self.current.len();
        match self.pages.state {
            State::Open => (in_hand, None),
            State::Refused(_) | State::Failing(_) => (in_hand + 1, Some(in_hand + 1)),
            State::Ended | State::Finished => (in_hand, Some(in_hand)),
        }
    }
}

impl FusedIterator for RecordingsIter {}
