//! The deletion of one recording from the service, after everything that is left of it is on disk.

use std::fs::File;
use std::io;
use std::path::Path;

use twilio_room_recordings::{Deletion, ErrorKind};

use super::archiver::Archiver;
use super::deletions::Proven;
use crate::entries::{Entry, Stamp, hash_file, sync};
use crate::messages::Level;

impl Archiver<'_> {
    /// Deletes a recording whose file has not changed since it was read.
    pub fn delete(&self, proven: &Proven) {
        let sid = proven.sid;
        let entry = match self.records.last(&sid) {
            Ok(Some(entry)) => entry,
            Ok(None) => return self.keep_at_service(proven, "its entry has disappeared"),
            Err(reason) => return self.stop_at_recording(&reason),
        };
        if entry.lacks_encryption_data() {
            return self.keep_at_service(proven, "its encryption data is not archived");
        }
        let path = entry.archive.file.within(self.folder.path());
        let is_changed = |stamp| Stamp::of(&path) != Some(stamp) && !is_proven_again(&entry, &path);
        if proven.file.is_some_and(is_changed) {
            return self.keep_at_service(proven, "its file has changed");
        }
        if let Err(reason) = self.records.sync() {
            return self.stop_at_recording(&reason);
        }
        let file = proven.file.map(|_| path.as_path());
        if let Err(error) = self.sync(file) {
            let path = path.display();
            return self.keep_at_service(proven, &format!("{path} could not be synced: {error}"));
        }

        self.send_deletion(&entry);
    }

    fn send_deletion(&self, entry: &Entry) {
        let (room, sid) = (entry.recording.room_sid, entry.recording.sid);
        match self.connection.recording(room, sid).delete() {
            Ok(Deletion::Deleted) => {
                self.count(|summary| summary.deleted += 1);
                self.messages.note(Level::Normal, format_args!("{sid}: deleted"));
            }
            Ok(Deletion::AlreadyGone) => {
                self.messages.note(Level::Verbose, format_args!("{sid}: already gone"));
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::DeadlineExceeded | ErrorKind::Unauthorized(_)
                ) =>
            {
                self.report_failure(sid, &error);
            }
            Err(error) => self.messages.error(format_args!("{sid}: not deleted: {error}")),
        }
    }

    /// Waits until the folder of the archive and those above it are on disk, and the media file and its
    /// folder if there is one, whoever has written or created them.
    fn sync(&self, file: Option<&Path>) -> io::Result<()> {
        if let Some(path) = file {
            sync::file(&File::open(path)?)?;
            path.parent().map_or(Ok(()), sync::folder)?;
        }
        self.folder.sync()
    }

    fn keep_at_service(&self, proven: &Proven, reason: &str) {
        self.messages.error(format_args!("{}: not deleted: {reason}", proven.sid));
    }
}

/// Another run may have replaced the file by the same.
fn is_proven_again(entry: &Entry, path: &Path) -> bool {
    hash_file(path, |_| {}).is_ok_and(|(hash, _)| hash == entry.archive.sha256)
}
