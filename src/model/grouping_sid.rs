//! The SID of what recordings are grouped by.

use std::fmt;
use std::str::FromStr;

use super::sid::{ParticipantSid, RoomSid};
use super::sid_rule::{ParseSidError, Rule};

/// The rule of a text that begins as neither kind.
const RULE: Rule = Rule { name: "grouping SID", prefix: Some(*b"RM"), letters: Some("RM or PA") };

/// The SID of a room or of a participant, as a filter of the account-wide list: see
/// [`ListRecordings::grouping_sid`](crate::ListRecordings::grouping_sid).
///
/// ```
/// use twilio_room_recordings::{GroupingSid, RoomSid};
///
/// let room: RoomSid = "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// assert_eq!(GroupingSid::from(room), "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?);
/// assert!("MTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse::<GroupingSid>().is_err());
/// # Ok::<(), twilio_room_recordings::ParseSidError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GroupingSid {
    /// The recordings of a room.
    Room(RoomSid),
    /// The recordings of a participant's tracks.
    Participant(ParticipantSid),
}

impl GroupingSid {
    /// Returns the SID as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Room(room) => room.as_str(),
            Self::Participant(participant) => participant.as_str(),
        }
    }
}

impl From<RoomSid> for GroupingSid {
    fn from(room: RoomSid) -> Self {
        Self::Room(room)
    }
}

impl From<ParticipantSid> for GroupingSid {
    fn from(participant: ParticipantSid) -> Self {
        Self::Participant(participant)
    }
}

impl FromStr for GroupingSid {
    type Err = ParseSidError;

    fn from_str(text: &str) -> Result<Self, ParseSidError> {
        match text.get(..2) {
            Some("RM") => text.parse().map(Self::Room),
            Some("PA") => text.parse().map(Self::Participant),
            _ => Err(RULE.error(text)),
        }
    }
}

impl fmt::Display for GroupingSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
