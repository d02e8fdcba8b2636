//! The grid of participants.

use twilio_room_recordings::{ParticipantSid, RecordingSid};

use super::timeline::{Kind, Placed, Timeline, Track};

/// The cells of the participants with video, in order of their first video.
pub struct Grid {
    owners: Vec<Owner>,
    columns: usize,
    /// The size of a cell in pixels.
    pub width: usize,
    pub height: usize,
}

/// A participant, or a track without one, which has a cell of its own.
type Owner = Result<ParticipantSid, RecordingSid>;

impl Grid {
    pub fn new(timeline: &Timeline) -> Self {
        let mut owners = Vec::new();
        for Placed { track, .. } in &timeline.tracks {
            if track.contents.kind == Kind::Video && !owners.contains(&owner(track)) {
                owners.push(owner(track));
            }
        }

        let columns = (1..).find(|n| n * n >= owners.len()).unwrap_or(1);
        // The picture is at most 1920 pixels wide. The encoders need even numbers.
        let (width, height) = match columns {
            0 | 1 => (1280, 720),
            2 | 3 => (640, 360),
            _ => (1920 / columns / 2 * 2, 1080 / columns / 2 * 2),
        };
        Self { owners, columns: columns.max(1), width, height }
    }

    /// The size of the whole picture.
    pub fn size(&self) -> (usize, usize) {
        (self.columns * self.width, self.owners.len().div_ceil(self.columns) * self.height)
    }

    /// The left and upper edge of a track's cell.
    pub fn position(&self, track: &Track) -> (usize, usize) {
        let owner = owner(track);
        let cell = self.owners.iter().position(|it| *it == owner).unwrap_or(0);
        (cell % self.columns * self.width, cell / self.columns * self.height)
    }
}

fn owner(track: &Track) -> Owner {
    track.participant.ok_or(track.sid)
}
