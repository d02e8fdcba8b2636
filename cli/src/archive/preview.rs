//! `--dry-run`: what would be done for one recording.

use twilio_room_recordings::RoomRecording;

use super::archiver::Archiver;
use super::save::Found;
use crate::messages::Level;

impl Archiver<'_> {
    /// Prints and counts what would be done for a completed recording, and changes nothing.
    pub fn preview(&self, recording: &RoomRecording) {
        let sid = recording.sid;
        let entry = match self.records.last(&sid) {
            Ok(entry) => entry,
            Err(reason) => return self.stop_at_recording(&reason),
        };

        let found = self.find(entry, recording);
        let (is_missing, may_be_deleted) = match &found {
            Found::Kept(entry) => (false, !entry.lacks_encryption_data()),
            Found::Moved(_) => (false, false),
            Found::Missing(_) => (true, true),
        };
        let is_deleted = self.options.delete && may_be_deleted;
        self.count(|summary| {
            summary.deleted += u64::from(is_deleted);
            if is_missing {
                summary.archived += 1;
                summary.bytes = summary.bytes.saturating_add(recording.size.unwrap_or(0));
            } else {
                summary.already_there += 1;
            }
        });

        let outcome = match (is_missing, is_deleted) {
            (true, false) => "would be downloaded",
            (true, true) => "would be downloaded and deleted",
            (false, true) => "would be deleted",
            (false, false) => return,
        };
        self.messages.note(Level::Normal, format_args!("{sid}: {outcome}"));
    }
}
