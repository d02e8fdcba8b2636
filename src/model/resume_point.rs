//! Where a listing stands, and how that is written down between two runs of a program.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::escaped::Escaped;
use super::page_token::PageToken;
use super::query::Query;

/// Where a listing can be taken up again: after every record that it has yielded.
///
/// It is text to store (`Display`, `FromStr`, and serde as a string), and carries the room, the
/// filters and the page size it belongs to; [`ListRecordings::resume`] refuses it for any other.
/// It holds neither the limit nor a credential.
///
/// The service forgets page tokens after a while and then answers with status 400: start the
/// listing anew. Within a page the place is counted, so a page must come back with the same
/// records for nothing to be left out; a completed room's does.
///
/// [`ListRecordings::resume`]: crate::ListRecordings::resume
///
/// ```
/// use twilio_room_recordings::ResumePoint;
///
/// let stored = "/v1/Rooms/RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Recordings?PageSize=50&Page=2&PageToken=PT2#2.17";
/// let point: ResumePoint = stored.parse()?;
/// assert_eq!(point.to_string(), stored);
/// # Ok::<(), twilio_room_recordings::ParseResumePointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResumePoint {
    pub(crate) query: Query,
    pub(crate) position: Position,
}

/// A place in a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    /// What the service calls the page; `None` for the first one.
    pub token: Option<PageToken>,
    /// The page, counted from 0.
    pub page: u64,
    /// How many of its items, good and bad, are done with.
    pub index: usize,
}

impl fmt::Display for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { token, page, index } = &self.position;
        write!(f, "{}#{page}.{index}", self.query.path(token.as_ref()))
    }
}

impl FromStr for ResumePoint {
    type Err = ParseResumePointError;

    fn from_str(text: &str) -> Result<Self, ParseResumePointError> {
        parse(text).ok_or_else(|| ParseResumePointError { input: text.to_owned() })
    }
}

/// The error of parsing a text that is not a resume point.
///
/// ```
/// use twilio_room_recordings::ResumePoint;
///
/// let error = "page 3".parse::<ResumePoint>().unwrap_err();
/// assert_eq!(error.input(), "page 3");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseResumePointError {
    input: String,
}

impl ParseResumePointError {
    pub(crate) const EXPECTED: &str =
        "a resume point as this crate wrote it: /v1/Rooms/RM…/Recordings?…#page.index";

    /// The text that is not a resume point.
    pub fn input(&self) -> &str {
        &self.input
    }
}

impl fmt::Display for ParseResumePointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input = Escaped(&self.input);
        write!(f, "invalid resume point \"{input}\": expected {}", Self::EXPECTED)
    }
}

impl std::error::Error for ParseResumePointError {}

fn parse(text: &str) -> Option<ResumePoint> {
    let (path, place) = text.trim().rsplit_once('#')?;
    let (page, index) = place.split_once('.')?;
    let (page, index) = (page.parse().ok()?, index.parse().ok()?);
    let query = Query::from_path(path)?;
    let token = PageToken::from_url(path).ok()?;

    let point = ResumePoint { query, position: Position { token, page, index } };
    (point.to_string() == text.trim()).then_some(point)
}

impl Serialize for ResumePoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResumePoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
