//! The entry of an archived recording: its record, and what is kept of its media.

use std::path::{Component, Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use twilio_room_recordings::time::OffsetDateTime;
use twilio_room_recordings::time::serde::rfc3339;
use twilio_room_recordings::{Encryption, RecordingSid, RoomRecording, RoomSid};

use super::hash::Sha256;
use crate::json;

/// The member of an entry that the service does not send.
const MEMBER: &str = "archive";

/// The name of a field that the service sends under that name.
const RENAMED: &str = "archive_as_received";

/// The reason why nobody can decrypt the media of a recording.
pub const NO_ENCRYPTION_DATA: &str =
    "its record names an encryption key, and the storage sent no encryption data";

/// One entry of a record file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    #[serde(flatten)]
    pub recording: RoomRecording,
    pub archive: Archived,
}

/// The media file of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Archived {
    pub file: MediaPath,
    /// The size of the file in bytes.
    pub size: u64,
    pub sha256: Sha256,
    /// The time when the entry was written.
    #[serde(with = "rfc3339")]
    pub date: OffsetDateTime,
    /// The encryption data, if the media is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
}

/// The part of an entry that is checked for each line of a record file.
#[derive(Deserialize)]
pub struct EntryHead {
    pub sid: RecordingSid,
    pub archive: Archived,
}

impl EntryHead {
    /// Reads a line. The reason of a failure can be shown.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        parse(line)
    }
}

impl Entry {
    pub fn new(mut recording: RoomRecording, archive: Archived) -> Self {
        if let Some(theirs) = recording.additional_fields.remove(MEMBER) {
            recording.additional_fields.insert(RENAMED.to_owned(), theirs);
        }
        Self { recording, archive }
    }

    /// Reads a line. The reason of a failure can be shown.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        let archive = EntryHead::read(line)?.archive;
        let mut recording: RoomRecording = parse(line)?;
        recording.additional_fields.remove(MEMBER);
        Ok(Self { recording, archive })
    }

    /// The line of the entry, with its end.
    pub fn line(&self) -> Result<String, serde_json::Error> {
        Ok(json::line(self)? + "\n")
    }

    /// Returns `true` if both entries are equal, except for the time when they were written.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let date = self.archive.date;
        *self == Self { archive: Archived { date, ..other.archive.clone() }, ..other.clone() }
    }

    /// Returns `true` if nobody can decrypt the media, as far as the record says that it is encrypted.
    pub fn lacks_encryption_data(&self) -> bool {
        self.recording.encryption_key.is_some() && self.archive.encryption.is_none()
    }

    /// Returns `true` if the media of the entry is that of a recording as it is listed now.
    pub fn is_media_of(&self, listed: &RoomRecording) -> bool {
        let Self { recording, archive } = self;
        let is_same_size = listed.size.is_none()
            || listed.size == recording.size
            || listed.size == Some(archive.size);
        let (key, earlier) = (&listed.encryption_key, &recording.encryption_key);
        is_same_size && (key.is_none() || earlier.is_none() || key == earlier)
    }

    /// The entry with the record of the same media as it is listed now.
    pub fn updated(self, listed: &RoomRecording) -> Self {
        Self::new(self.record_now(listed), self.archive)
    }

    /// The record of the same media as it is listed now. It names the encryption key of the entry's
    /// record if it names none, because the service leaves that field out at times.
    pub fn record_now(&self, listed: &RoomRecording) -> RoomRecording {
        let mut recording = listed.clone();
        if recording.encryption_key.is_none() {
            recording.encryption_key.clone_from(&self.recording.encryption_key);
        }
        recording
    }
}

/// The path of a media file in the folder of the archive. It cannot lead out of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct MediaPath(String);

impl MediaPath {
    /// The path of a file in a folder, which has the name of a room, or in the archive itself.
    pub fn new(room: Option<&str>, name: &str) -> Self {
        Self(room.map_or_else(|| name.to_owned(), |room| format!("{room}/{name}")))
    }

    /// The path in that folder.
    pub fn within(&self, folder: &Path) -> PathBuf {
        // Each part by itself, for systems with another separator.
        folder.join(self.0.split('/').collect::<PathBuf>())
    }
}

impl TryFrom<String> for MediaPath {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        let is_plain = |part| matches!(part, Component::Normal(_));
        if !path.is_empty() && Path::new(&path).components().all(is_plain) {
            return Ok(Self(path));
        }
        let path = path.escape_debug();
        Err(format!("invalid file \"{path}\": expected a relative path without \"..\""))
    }
}

/// Returns `false` if a line is certainly of another room.
pub fn may_be_of_room(line: &[u8], room: RoomSid) -> bool {
    #[derive(Deserialize)]
    struct Head {
        room_sid: RoomSid,
    }

    parse::<Head>(line).map_or(true, |head| head.room_sid == room)
}

/// Decodes a line, which may begin with the byte-order mark that an editor has put in front of the file.
/// The reason of a failure can be shown.
fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    serde_json::from_slice(line).map_err(|error| {
        // The position is one inside the line.
        let text = error.to_string();
        let reason = text.rsplit_once(" at line ").map_or(&*text, |(reason, _)| reason);
        format!("expected the entry of a recording: {}", reason.escape_debug())
    })
}
