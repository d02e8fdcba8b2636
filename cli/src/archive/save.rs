//! The archiving of one recording: its media, then its entry.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use twilio_room_recordings::time::OffsetDateTime;
use twilio_room_recordings::{Downloaded, Error, ErrorKind, RecordingSid, RoomRecording};

use super::archiver::Archiver;
use super::deletions::Proven;
use super::failures::{Outcome, bucket_of, io_cause};
use super::folder;
use super::progress::Transfer;
use crate::entries::{Archived, Entry, MediaPath, NO_ENCRYPTION_DATA, Stamp, hash_file};
use crate::messages::Level;
use crate::terminal::shown;

/// What the archive has of a recording.
pub enum Found {
    /// The file of its entry, which has the record as it is now.
    Kept(Entry),
    /// Such an entry, whose file was moved elsewhere, with `--skip-recorded`.
    Moved(Entry),
    /// Nothing of use, and its last entry if there is one.
    Missing(Option<Entry>),
}

impl Archiver<'_> {
    /// Archives a recording: its entry is on disk afterwards, and its file is what the entry says.
    /// Returns the proof of that, if the recording is to be deleted. Failures are reported.
    pub fn save(&self, recording: &RoomRecording) -> Option<Proven> {
        let transfer = self.bar.transfer(recording);
        // The record file must be usable before anything is downloaded.
        let last = match self.records.newest(&recording.sid) {
            Ok(last) => last,
            Err(reason) => {
                transfer.skip();
                self.stop_at_recording(&reason);
                return None;
            }
        };

        let found = self.find(last, recording);
        let needs_time = match &found {
            Found::Kept(entry) => self.options.delete || entry.lacks_encryption_data(),
            Found::Moved(entry) => entry.lacks_encryption_data(),
            Found::Missing(_) => true,
        };
        if needs_time && self.is_late() {
            transfer.skip();
            self.be_late();
            return None;
        }

        match found {
            Found::Kept(entry) | Found::Moved(entry)
                if entry.lacks_encryption_data() && self.has_encryption_data_now(recording) =>
            {
                self.fetch(recording, Some(entry), transfer)
            }
            Found::Kept(entry) => self.keep(recording, entry, transfer),
            Found::Moved(_) => {
                transfer.skip();
                self.count(|summary| summary.already_there += 1);
                let sid = recording.sid;
                if self.options.delete {
                    self.messages
                        .warning(format_args!("{sid}: has an entry and no file: not deleted"));
                } else {
                    self.messages.note(Level::Verbose, format_args!("{sid}: has an entry"));
                }
                None
            }
            Found::Missing(last) => self.fetch(recording, last, transfer),
        }
    }

    /// Looks for the file of a recording's last entry.
    pub fn find(&self, last: Option<Entry>, recording: &RoomRecording) -> Found {
        let Some(entry) = last else { return Found::Missing(None) };
        let path = entry.archive.file.within(self.folder.path());
        let is_kept =
            |stamp: Stamp| stamp.size() == entry.archive.size && entry.is_media_of(recording);
        let is_absent =
            |there: io::Result<_>| there.is_err_and(|it| it.kind() == io::ErrorKind::NotFound);

        if Stamp::of(&path).is_some_and(is_kept) {
            Found::Kept(entry.updated(recording))
        } else if self.options.skip_recorded && is_absent(fs::symlink_metadata(&path)) {
            Found::Moved(entry.updated(recording))
        } else {
            Found::Missing(Some(entry))
        }
    }

    /// Returns `true` if the storage by now sends the encryption data that the entry lacks. Otherwise
    /// that is reported.
    fn has_encryption_data_now(&self, recording: &RoomRecording) -> bool {
        match self.connection.media(recording).reader() {
            Ok(media) if media.encryption().is_some() => return true,
            Ok(_) => self.report_missing_encryption_data(recording.sid),
            Err(error) => self.report_failure(recording.sid, &error),
        }
        false
    }

    fn report_missing_encryption_data(&self, sid: RecordingSid) {
        self.messages
            .error(format_args!("{sid}: {NO_ENCRYPTION_DATA}: it is archived, and never deleted"));
    }

    /// Leaves the file of an entry as it is, and writes the entry again if its record has changed.
    fn keep(
        &self,
        recording: &RoomRecording,
        entry: Entry,
        transfer: Transfer<'_>,
    ) -> Option<Proven> {
        let sid = recording.sid;
        let path = entry.archive.file.within(self.folder.path());
        let stamp = if self.options.delete {
            match hash_file(&path, |_| {}) {
                Ok((hash, stamp)) if hash == entry.archive.sha256 => Some(stamp),
                Ok(_) => {
                    let path = path.display();
                    self.messages
                        .warning(format_args!("{sid}: {path} has changed: downloaded again"));
                    return self.fetch(recording, Some(entry), transfer);
                }
                Err(error) => {
                    transfer.skip();
                    let path = path.display();
                    self.messages.error(format_args!("{sid}: could not read {path}: {error}"));
                    return None;
                }
            }
        } else {
            None
        };

        transfer.skip();
        let entry = Entry { archive: Archived { date: now(), ..entry.archive }, ..entry };
        // What the program has not seen is not deleted.
        let proven = match stamp {
            Some(stamp) => Some(self.hand_over(&entry, &path, stamp, "not deleted")?),
            None => None,
        };
        self.append(&entry)?;
        self.ledger().archived(sid);
        self.count(|summary| summary.already_there += 1);
        let path = path.display();
        self.messages.note(Level::Verbose, format_args!("{sid}: already there, {path}"));
        proven
    }

    /// Downloads a recording, replaces the file of its last entry, and writes its entry.
    fn fetch(
        &self,
        recording: &RoomRecording,
        last: Option<Entry>,
        transfer: Transfer<'_>,
    ) -> Option<Proven> {
        let sid = recording.sid;
        let earlier = last.as_ref().map(|entry| entry.archive.file.clone());
        let file = earlier.filter(|file| self.has_file(file));
        let file = file.unwrap_or_else(|| self.folder.new_media(recording));
        if self.disk().skips(recording.size) {
            transfer.skip();
            return None;
        }
        let path = file.within(self.folder.path());
        if let Some(folder) = path.parent()
            && let Err(error) = folder::create(folder)
        {
            transfer.skip();
            if !self.disk().count_if_full(&error.cause, None) {
                self.messages.error(format_args!("{sid}: {error}"));
            }
            return None;
        }

        let known = last.as_ref().map(|entry| entry.record_now(recording));
        let downloaded = self.download(known.as_ref().unwrap_or(recording), &path, transfer)?;
        let (sha256, stamp) = match hash_file(&path, |_| {}) {
            Ok(read) => read,
            Err(error) => {
                let path = path.display();
                self.messages.error(format_args!("{sid}: could not read {path}: {error}"));
                return None;
            }
        };

        // What an earlier entry says of the encryption holds for the same bytes.
        let (recording, encryption) = match last.filter(|entry| entry.archive.sha256 == sha256) {
            Some(earlier) => (
                earlier.record_now(recording),
                downloaded.encryption.or(earlier.archive.encryption),
            ),
            None => (recording.clone(), downloaded.encryption),
        };
        let archive = Archived { file, size: stamp.size(), sha256, date: now(), encryption };
        let entry = Entry::new(recording, archive);
        if entry.lacks_encryption_data() {
            self.report_missing_encryption_data(sid);
        }
        let proven = self.hand_over(&entry, &path, stamp, "not archived")?;
        self.append(&entry)?;
        self.ledger().archived(sid);
        self.count(|summary| {
            summary.archived += 1;
            summary.bytes += downloaded.transferred;
        });
        let (path, size) = (path.display(), stamp.size());
        self.messages.note(Level::Verbose, format_args!("{sid}: archived, {path}, {size} bytes"));
        Some(proven)
    }

    fn download(
        &self,
        recording: &RoomRecording,
        path: &Path,
        mut transfer: Transfer<'_>,
    ) -> Option<Downloaded> {
        let place = recording.media_external_location.as_deref().map(bucket_of);
        if !self.outage.wait_for_turn(place) {
            transfer.skip();
            self.leave();
            return None;
        }
        let media = self.connection.media(recording).replace_existing().on_progress(|progress| {
            transfer.update(progress);
            if self.has_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let downloaded = media.download_to(path);
        if let Some(failures) = self.outage.end_turn(place, outcome_of(&downloaded)) {
            let of_place = place.map(|bucket| format!(" in {}", shown(bucket)));
            let of_place = of_place.unwrap_or_default();
            self.messages.error(format_args!(
                "{failures} downloads in a row failed: until one succeeds, most recordings{of_place} \
                 are left for the next run"
            ));
        }
        match downloaded {
            Ok(downloaded) => {
                transfer.finish(&downloaded);
                Some(downloaded)
            }
            Err(_) if self.is_archived_by_another_run(recording) => {
                transfer.skip();
                self.ledger().archived(recording.sid);
                self.count(|summary| summary.already_there += 1);
                None
            }
            // Published for a track that was muted all the time.
            Err(error) if error.is_not_found() => {
                transfer.skip();
                self.count(|summary| summary.no_media += 1);
                let text = format_args!("{}: no media at Twilio", recording.sid);
                self.messages.note(Level::Verbose, text);
                None
            }
            Err(error) => {
                transfer.skip();
                let cause = io_cause(&error);
                if !cause.is_some_and(|cause| self.disk().count_if_full(cause, recording.size))
                    && !self.buckets().count_if_rejected(recording, &error)
                {
                    self.report_failure(recording.sid, &error);
                }
                None
            }
        }
    }

    /// Runs the program of `--exec`, if there is one, for a file that its entry describes.
    ///
    /// Returns the proof that the recording may be deleted. A failure is reported, with what is not done
    /// because of it.
    fn hand_over(
        &self,
        entry: &Entry,
        path: &Path,
        stamp: Stamp,
        otherwise: &str,
    ) -> Option<Proven> {
        let sid = entry.recording.sid;
        match self.run_program(entry, path, stamp) {
            Ok(file) => Some(Proven { sid, file }),
            Err(reason) => {
                self.messages.error(format_args!("{sid}: {otherwise}: {reason}"));
                None
            }
        }
    }

    /// Returns the file's stamp; `None` if the program has moved or removed the file. The file must not
    /// change, because its entry says what it holds.
    fn run_program(
        &self,
        entry: &Entry,
        path: &Path,
        stamp: Stamp,
    ) -> Result<Option<Stamp>, String> {
        let Some(program) = &self.program else { return Ok(Some(stamp)) };
        let line = entry.line().map_err(|error| error.to_string())?;
        let run = program.run(entry.recording.sid, path, line, self.messages);
        run.map_err(|error| error.to_string())?;

        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ if Stamp::of(path) == Some(stamp) => Ok(Some(stamp)),
            _ => match hash_file(path, |_| {}) {
                Ok((hash, stamp)) if hash == entry.archive.sha256 => Ok(Some(stamp)),
                _ => Err(format!("the program changed {}", path.display())),
            },
        }
    }

    /// Another run may have replaced the file, removed its partial file as a leftover, or deleted the
    /// recording.
    fn is_archived_by_another_run(&self, recording: &RoomRecording) -> bool {
        let Ok(Some(entry)) = self.records.newest(&recording.sid) else { return false };
        let path = entry.archive.file.within(self.folder.path());
        entry.is_media_of(recording)
            && hash_file(&path, |_| {}).is_ok_and(|(hash, _)| hash == entry.archive.sha256)
            && !entry.updated(recording).lacks_encryption_data()
    }

    /// Appends an entry, unless the last one of the recording says the same.
    fn append(&self, entry: &Entry) -> Option<()> {
        self.records.append(entry).map_err(|reason| self.stop_at_recording(&reason)).ok()
    }

    fn has_file(&self, file: &MediaPath) -> bool {
        Stamp::of(&file.within(self.folder.path())).is_some()
    }
}

fn outcome_of(downloaded: &Result<Downloaded, Error>) -> Outcome {
    match downloaded {
        Ok(_) => Outcome::Success,
        Err(error) if error.is_not_found() => Outcome::Other,
        Err(error) if error.is_transient() || matches!(error.kind(), ErrorKind::NotFound(_)) => {
            Outcome::Failure
        }
        Err(_) => Outcome::Other,
    }
}

/// The time that is written into an entry.
fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}
