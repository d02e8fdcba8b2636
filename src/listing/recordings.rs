//! The recordings of a listing.

use std::fmt;
use std::iter::FusedIterator;
use std::vec;

use super::pages::Pages;
use crate::error::Error;
use crate::model::{ResumePoint, RoomRecording};

/// An iterator over the recordings of a listing, in the API's order; made by iterating over a
/// [`ListRecordings`](crate::ListRecordings).
///
/// It holds one page in memory and fetches the next page when that one is used up. An invalid
/// record is one `Err` of the kind [`InvalidRecord`](crate::ErrorKind::InvalidRecord), and the
/// iteration continues after it. If a page cannot be fetched, the iterator yields one `Err` and
/// then ends, so a loop that only logs errors ends too.
///
/// ```no_run
/// use twilio_room_recordings::{Client, Error, RecordingsIter};
///
/// let client = Client::from_env()?;
/// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let recordings: RecordingsIter = client.recordings(room).into_iter();
/// for recording in recordings {
///     println!("{}", recording?.sid);
/// }
/// # Ok::<(), Error>(())
/// ```
#[must_use = "a listing sends nothing until it is iterated over"]
pub struct RecordingsIter {
    pages: Pages,
    current: vec::IntoIter<Result<RoomRecording, Error>>,
    /// The point of the current page's first item.
    start: Option<ResumePoint>,
    yielded: usize,
}

impl RecordingsIter {
    pub(crate) fn new(pages: Pages) -> Self {
        let current = Vec::new().into_iter();
        Self { pages, current, start: None, yielded: 0 }
    }

    /// Returns the resume point after the items yielded so far.
    ///
    /// Returns `None` at the end of the list, after a pagination loop or a resume point beyond its
    /// page, and if a parameter is invalid. After a [`limit`](crate::ListRecordings::limit) it is the
    /// point of the next item.
    ///
    /// ```no_run
    /// use twilio_room_recordings::Client;
    ///
    /// let client = Client::from_env()?;
    /// let room = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
    /// let mut recordings = client.recordings(room).into_iter();
    /// while let Some(recording) = recordings.next() {
    ///     println!("{}", recording?.sid);
    ///     match recordings.resume_point() {
    ///         Some(point) => std::fs::write("listing.resume", point.to_string())?,
    ///         // The listing is complete. If it had one record, there is no file.
    ///         None => drop(std::fs::remove_file("listing.resume")),
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume_point(&self) -> Option<ResumePoint> {
        if self.current.len() == 0 {
            return self.pages.resume_point();
        }
        let mut point = self.start.clone()?;
        point.position.index += self.yielded;
        Some(point)
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
            self.start = self.pages.resume_point();
            self.yielded = 0;
            match self.pages.next()? {
                Ok(page) => self.current = page.recordings.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Returns at least the number of items left of the current page; exactly that number if no
    /// page follows.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let (pending, more) = self.pages.pending();
        let known_items = self.current.len() + pending;
        (known_items, (!more).then_some(known_items))
    }
}

impl FusedIterator for RecordingsIter {}

impl fmt::Debug for RecordingsIter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingsIter")
            .field("resume_point", &self.resume_point())
            .finish_non_exhaustive()
    }
}
