//! `--dry-run`: what would be done for one recording.

use twilio_room_recordings::RoomRecording;

use super::archiver::Archiver;
use crate::messages::Level;

impl Archiver<'_> {
    /// Prints and counts what would be done for a completed recording, and changes nothing.
    pub fn preview(&self, recording: &RoomRecording) {
        let sid = recording.sid;
        let entry = match self.records.last(&sid) {
            Ok(entry) => entry,
            Err(reason) => return self.stop_at_recording(&reason),
        };

        let is_kept = entry.as_ref().is_some_and(|entry| self.is_kept(entry, recording));
        let is_skipped = !is_kept && entry.is_some() && self.options.skip_recorded;
        let lacks_key = is_kept && entry.is_some_and(|entry| entry.lacks_key());
        let is_deleted = self.options.delete && !is_skipped && !lacks_key;
        self.count(|summary| {
            summary.deleted += u64::from(is_deleted);
            if is_kept || is_skipped {
                summary.already_there += 1;
            } else {
                summary.archived += 1;
                summary.bytes += recording.size.unwrap_or(0);
            }
        });

        let outcome = match (is_kept || is_skipped, is_deleted) {
            (false, false) => "would be downloaded",
            (false, true) => "would be downloaded and deleted",
            (true, true) => "would be deleted",
            (true, false) => return,
        };
        self.messages.note(Level::Normal, format_args!("{sid}: {outcome}"));
    }
}
