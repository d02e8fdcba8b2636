//! The recordings of a listing.

use std::iter::FusedIterator;
use std::vec;

use super::pages::Pages;
use crate::error::Error;
use crate::model::{Position, ResumePoint, RoomRecording};

/// The recordings of a listing, in the service's order; made by iterating over a
/// [`ListRecordings`](crate::ListRecordings).
///
/// It holds one page and fetches the next when that is used up. A record that is not valid is one
/// `Err` of the kind [`InvalidRecord`](crate::ErrorKind::InvalidRecord), and the iteration goes on. A page that
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
    /// The position of the current page's first item.
    start: Position,
    yielded: usize,
}

impl RecordingsIter {
    pub(crate) fn new(pages: Pages) -> Self {
        let current = Vec::new().into_iter();
        Self { pages, current, start: Position::default(), yielded: 0 }
    }

    /// Where the listing stands, after the item that was yielded last: before the first item and
    /// after a limit too. `None` once there is nothing left, or where nothing could be asked.
    pub fn resume_point(&self) -> Option<ResumePoint> {
        if self.current.len() == 0 {
            return self.pages.resume_point();
        }
        let index = self.start.index + self.yielded;
        let position = Position { index, ..self.start.clone() };
        let query = self.pages.listing()?.position().query.clone();
        Some(ResumePoint { query, position })
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

            // The page is freed before the next one is fetched: one page is in memory at a time.
            self.current = Vec::new().into_iter();
            if let Some(listing) = self.pages.listing() {
                self.start = listing.position().position.clone();
            }
            self.yielded = 0;
            match self.pages.next()? {
                Ok(page) => self.current = page.recordings.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// At least what is left of the page in hand; exactly that once no page will follow.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let (known, more) = self.pages.pending();
        let known = self.current.len() + known;
        (known, (!more).then_some(known))
    }
}

impl FusedIterator for RecordingsIter {}
