//! The archive's entries of a room.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use twilio_room_recordings::{RecordingSid, RecordingType, RoomRecording, RoomSid};

use crate::entries::{Entry, EntryHead, RECORD_FILE, may_be_of_room, read_lines};
use crate::failure::Failure;
use crate::messages::{Level, Messages};

/// A recording and its file.
pub struct ArchivedTrack {
    pub recording: RoomRecording,
    pub file: PathBuf,
}

/// The recordings of a room that have audio or video. Those that can't be used are reported as
/// errors.
pub fn of_room(
    folder: &Path,
    room: RoomSid,
    messages: &Messages,
) -> Result<Vec<ArchivedTrack>, Failure> {
    let entries = read(folder, room, messages)?;
    if entries.is_empty() {
        let path = folder.join(RECORD_FILE);
        return Err(Failure::Other(format!("{}: no recording of {room}", path.display())));
    }

    let mut tracks = Vec::new();
    for (sid, entry) in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(reason) => {
                messages.error(format_args!("{sid}: {reason}"));
                continue;
            }
        };
        if entry.recording.recording_type == Some(RecordingType::Data) {
            messages.note(Level::Normal, format_args!("{sid}: left out: a data track"));
            continue;
        }
        match file_of(&entry, folder) {
            Ok(file) => tracks.push(ArchivedTrack { recording: entry.recording, file }),
            Err(reason) => messages.error(format_args!("{sid}: {reason}")),
        }
    }
    Ok(tracks)
}

/// The last entry of each recording of the room, or the reason why it cannot be read.
fn read(
    folder: &Path,
    room: RoomSid,
    messages: &Messages,
) -> Result<BTreeMap<RecordingSid, Result<Entry, String>>, Failure> {
    let mut entries = BTreeMap::new();
    let report = |reason| messages.error(reason);
    let read = read_lines(folder, report, |line| {
        let reason = match Entry::read(line.bytes) {
            Ok(entry) if entry.recording.room_sid == room => {
                entries.insert(entry.recording.sid, Ok(entry));
                return Ok(());
            }
            Ok(_) => return Ok(()),
            Err(reason) => reason,
        };
        match EntryHead::read(line.bytes) {
            Ok(head) if may_be_of_room(line.bytes, room) => {
                entries.insert(head.sid, Err(reason));
                Ok(())
            }
            Ok(_) => Ok(()),
            // A run that was killed has left it, or one that goes on is writing it.
            Err(_) if !line.has_end => {
                messages.warning("left out: an incomplete entry at the end of the record file");
                Ok(())
            }
            Err(reason) => Err(reason),
        }
    });
    read.map_err(Failure::Other)?;
    Ok(entries)
}

/// The file of an entry, if it is the one that was archived and can be played.
fn file_of(entry: &Entry, folder: &Path) -> Result<PathBuf, String> {
    if entry.lacks_encryption_data() {
        return Err("encrypted, and its encryption data is not archived".to_owned());
    }
    if entry.archive.encryption.is_some() {
        return Err(
            "encrypted: merge cannot use it; the cookbook has the commands that decrypt it"
                .to_owned(),
        );
    }

    let (file, size) = (entry.archive.file.within(folder), entry.archive.size);
    let shown = file.display();
    match fs::metadata(&file) {
        Ok(there) if !there.is_file() => Err(format!("{shown}: expected a regular file")),
        Ok(there) if there.len() != size => {
            Err(format!("{shown}: {} bytes, expected {size}: archive it again", there.len()))
        }
        Ok(_) => Ok(file),
        Err(error) => Err(format!("could not read {shown}: {error}")),
    }
}
