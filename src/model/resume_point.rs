//! The position at which a listing is resumed, as a value and as text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use serde::ser::{Serialize, Serializer};

use super::page_token::PageToken;
use super::percent::{from_word, query_of, to_word};
use super::query::{List, Query};

/// The position at which a listing can be resumed.
///
/// Resume points come from [`RecordingsIter::resume_point`], [`Pages::resume_point`],
/// [`Page::next`](crate::Page::next) and [`Error::resume_point`](crate::Error::resume_point).
/// [`Client::resume`] continues from a point alone, and [`ListRecordings::continue_at`] checks that a
/// point is one of that listing.
///
/// A point holds the list, the filters, the page size and the position: the page, and the number
/// of its items that were yielded. It holds neither a limit nor a credential.
///
/// # Text
///
/// A point is text to store between two runs of a program, or to put into a link: `Display`,
/// `FromStr`, and serde as a string. The text consists of ASCII letters, digits and `-._~`, so a
/// URL's query and a shell take it without escaping.
///
/// ```
/// use twilio_room_recordings::ResumePoint;
///
/// let stored = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.Status-completed.PageSize-50.Page-2\
///               .PageToken-PT2.2.17";
/// let point: ResumePoint = stored.parse()?;
/// assert_eq!(point.to_string(), stored);
/// # Ok::<(), twilio_room_recordings::Error>(())
/// ```
///
/// # Validity
///
/// Page tokens expire. The API then rejects the request, which is an
/// [`InvalidPageToken`](crate::ErrorKind::InvalidPageToken) error: start the listing over.
///
/// Resuming assumes that the page returns the same records as before, which the page of a
/// completed room does. If it returns others, records may be skipped or repeated. If it returns
/// fewer than were yielded before, the listing ends with an
/// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) error that says to start over.
///
/// [`Client::resume`]: crate::Client::resume
/// [`ListRecordings::continue_at`]: crate::ListRecordings::continue_at
/// [`RecordingsIter::resume_point`]: crate::RecordingsIter::resume_point
/// [`Pages::resume_point`]: crate::Pages::resume_point
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResumePoint {
    pub(crate) query: Query,
    pub(crate) position: Position,
}

/// A position in a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    /// The API's name for the page; `None` for the first one.
    pub token: Option<PageToken>,
    /// The page, counted from 0.
    pub page: u64,
    /// The number of the page's items, valid and invalid, that were yielded.
    pub index: usize,
}

impl ResumePoint {
    pub(crate) const EXPECTED: &str =
        "a resume point as this crate writes it, such as RM….PageSize-50.Page-2.PageToken-….2.17";

    /// Reads what `Display` writes. Whitespace around it is ignored.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (text_of_page, index) = text.rsplit_once('.')?;
        let (text_of_query, page) = text_of_page.rsplit_once('.')?;
        let (list, parameters) = text_of_query.split_once('.')?;
        let list = if list == ACCOUNT { List::Account } else { List::Room(list.parse().ok()?) };
        let (page, index) = (page.parse().ok()?, index.parse().ok()?);

        let parameters = from_word(parameters)?;
        let query = Query::from_parameters(list, &parameters).ok()?;
        let token = PageToken::from_parameters(&parameters);
        let point = Self { query, position: Position { token, page, index } };

        // Only the one text that the point itself makes, so that nothing in it is ignored.
        (point.to_string() == text).then_some(point)
    }

    /// The first item of the page that a URL leads to, in the listing that the URL describes.
    pub(crate) fn from_url(
        list: List,
        url: &str,
        token: PageToken,
        page: u64,
    ) -> Result<Self, String> {
        let query = Query::from_parameters(list, query_of(url))?;
        Ok(Self { query, position: Position { token: Some(token), page, index: 0 } })
    }
}

impl fmt::Display for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { token, page, index } = &self.position;
        let parameters = to_word(&self.query.parameters(token.as_ref()));
        match self.query.list {
            List::Room(room) => write!(f, "{room}.{parameters}.{page}.{index}"),
            List::Account => write!(f, "{ACCOUNT}.{parameters}.{page}.{index}"),
        }
    }
}

impl fmt::Debug for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResumePoint({self})")
    }
}

/// The account-wide list in the text of a resume point.
const ACCOUNT: &str = "account";

impl Serialize for ResumePoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResumePoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &Self::EXPECTED))
    }
}
