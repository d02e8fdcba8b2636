//! The archive's entries of a room.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use twilio_room_recordings::{RecordingSid, RecordingType, RoomRecording, RoomSid};

use crate::entries::{RECORD_FILE, read_lines};
use crate::failure::Failure;
use crate::messages::{Level, Messages};

/// A recording and its file.
pub struct Archived {
    pub recording: RoomRecording,
    pub file: PathBuf,
}

/// The recordings of a room that have audio or video. Those that can't be used are reported as
/// errors.
pub fn of_room(
    folder: &Path,
    room: &RoomSid,
    messages: &Messages,
) -> Result<Vec<Archived>, Failure> {
    let entries = read(folder, room, messages)?;
    if entries.is_empty() {
        let path = folder.join(RECORD_FILE);
        return Err(Failure::Other(format!("{}: no recording of {room}", path.display())));
    }

    let mut archived = Vec::new();
    for entry in entries.into_values() {
        let sid = entry.recording.sid;
        if entry.recording.recording_type == Some(RecordingType::Data) {
            messages.note(Level::Normal, format_args!("{sid}: left out: a data track"));
            continue;
        }
        match entry.file(folder) {
            Ok(file) => archived.push(Archived { recording: entry.recording, file }),
            Err(reason) => messages.error(format_args!("{sid}: {reason}")),
        }
    }
    Ok(archived)
}

struct Entry {
    recording: RoomRecording,
    archive: Value,
}

/// The last entry of each recording.
fn read(
    folder: &Path,
    room: &RoomSid,
    messages: &Messages,
) -> Result<BTreeMap<RecordingSid, Entry>, Failure> {
    let mut entries = BTreeMap::new();
    let report = |reason| messages.warning(reason);
    let read = read_lines(folder, report, |line| {
        let entry = parse(line).map_err(|error| error.to_string().escape_debug().to_string())?;
        if entry.recording.room_sid == *room {
            entries.insert(entry.recording.sid, entry);
        }
        Ok(())
    });
    read.map_err(Failure::Other)?;
    Ok(entries)
}

fn parse(line: &[u8]) -> Result<Entry, serde_json::Error> {
    let mut record: Value = serde_json::from_slice(line)?;
    let archive = record.as_object_mut().and_then(|it| it.remove("archive")).unwrap_or_default();
    Ok(Entry { recording: serde_json::from_value(record)?, archive })
}

impl Entry {
    /// The file, if it is the one that was archived and can be played.
    fn file(&self, folder: &Path) -> Result<PathBuf, String> {
        if self.archive["encryption"].is_object() {
            return Err("encrypted: decrypt it as the section \"Encrypted recordings\" of the \
                        cookbook says"
                .to_owned());
        }
        let (Some(file), Some(size)) =
            (self.archive["file"].as_str(), self.archive["size"].as_u64())
        else {
            return Err("not archived: run twilio-recordings archive first".to_owned());
        };
        let file = Path::new(file);
        if !file.components().all(|it| matches!(it, Component::Normal(_))) {
            return Err(format!("file {file:?}: expected a path in the folder of the archive"));
        }

        let file = folder.join(file);
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
}
