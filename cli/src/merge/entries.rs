//! The archive's entries of a room.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use twilio_room_recordings::{RecordingSid, RecordingType, RoomRecording, RoomSid};

use crate::Failure;
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
    let path = folder.join("recordings.ndjson");
    let entries = read(&path, room, messages)?;
    if entries.is_empty() {
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
    path: &Path,
    room: &RoomSid,
    messages: &Messages,
) -> Result<BTreeMap<RecordingSid, Entry>, Failure> {
    let shown = path.display();
    let unreadable = |error| Failure::Other(format!("could not read {shown}: {error}"));
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let (mut entries, mut line, mut number) = (BTreeMap::new(), Vec::new(), 0);

    while file.read_until(b'\n', &mut line).map_err(unreadable)? > 0 {
        number += 1;
        match parse(&line) {
            Ok(Some(entry)) if entry.recording.room_sid == *room => {
                entries.insert(entry.recording.sid, entry);
            }
            Ok(_) => {}
            Err(error) => {
                let error = error.to_string();
                messages.warning(format_args!("{shown}, line {number}: {}", error.escape_debug()));
            }
        }
        line.clear();
    }
    Ok(entries)
}

fn parse(line: &[u8]) -> Result<Option<Entry>, serde_json::Error> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    let mut record: Value = serde_json::from_slice(line)?;
    let archive = record.as_object_mut().and_then(|it| it.remove("archive")).unwrap_or_default();
    Ok(Some(Entry { recording: serde_json::from_value(record)?, archive }))
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
