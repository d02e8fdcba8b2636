//! The place of each track on the time line of its room.

use std::path::PathBuf;

use twilio_room_recordings::time::Duration;
use twilio_room_recordings::{ParticipantSid, RecordingSid};

/// A participant stays in a room for at most a day. A track that is a week late has an offset or a
/// time stamp of something else.
const LONGEST: Duration = Duration::days(7);

/// A pause of audio that is filled in pieces. ffmpeg holds the silence of a shorter one in memory.
pub const LONG_PAUSE: Duration = Duration::minutes(1);

/// A track whose file was read.
pub struct Track {
    pub sid: RecordingSid,
    pub participant: Option<ParticipantSid>,
    pub file: PathBuf,
    /// The offset of the record.
    pub offset: Option<Duration>,
    pub contents: Contents,
}

/// The contents of a file.
pub struct Contents {
    pub kind: Kind,
    /// The first time stamp.
    pub start: Duration,
    /// The time from the first time stamp to the end.
    pub length: Duration,
    /// The long pauses of audio, in order.
    pub pauses: Vec<Pause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Audio,
    Video,
}

/// A time without audio, counted from the first time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub start: Duration,
    pub end: Duration,
}

/// The tracks of a room in order of their places.
pub struct Timeline {
    pub tracks: Vec<Placed>,
    /// The end of the last track.
    pub end: Duration,
}

/// A track and its place, the time from the start of the first track to its own.
pub struct Placed {
    pub track: Track,
    pub place: Duration,
}

impl Placed {
    pub fn end(&self) -> Duration {
        self.place.saturating_add(self.track.contents.length)
    }
}

impl Timeline {
    /// Places each track at its offset plus its first time stamp, minus the smallest such sum. A
    /// track without an offset has that of the room: the smallest.
    pub fn new(tracks: Vec<Track>) -> Result<Self, String> {
        let room_offset = tracks.iter().filter_map(|it| it.offset).min().unwrap_or_default();
        let moment = |track: &Track| {
            track.offset.unwrap_or(room_offset).saturating_add(track.contents.start)
        };
        let first = tracks.iter().map(moment).min().unwrap_or_default();

        let place = |track: Track| Placed { place: moment(&track).saturating_sub(first), track };
        let mut tracks: Vec<_> = tracks.into_iter().map(place).collect();
        tracks.sort_by_key(|it| (it.place, it.track.sid));

        if let Some(late) = tracks.iter().find(|it| it.end() > LONGEST) {
            return Err(format!(
                "{}: ends {} after the first track starts: expected at most {LONGEST}",
                late.track.file.display(),
                late.end()
            ));
        }
        let end = tracks.iter().map(Placed::end).max().unwrap_or_default();
        Ok(Self { tracks, end })
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.tracks.iter().any(|it| it.track.contents.kind == kind)
    }
}
