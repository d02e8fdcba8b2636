//! `verify`: whether the files of an archive are what their entries say.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use clap::Args;
use indicatif::ProgressBar;
use twilio_room_recordings::{RecordingSid, RoomSid};

use crate::bar;
use crate::entries::{Archived, hash_file, read_last_entries};
use crate::failure::Failure;
use crate::messages::{Level, Messages};
use crate::size::Size;

const FINDINGS: &str = "\
Reads every file, and prints one line for each that is missing, that has no
entry, or whose size or SHA-256 differs from its entry. The exit status is then
1. Neither the network nor credentials are needed.";

/// Compare the files of an archive with their entries, offline
#[derive(Args)]
#[command(after_help = FINDINGS)]
pub struct Verify {
    /// The folder of the archive
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

const TEMPLATE: &str = "{wide_bar} {sizes} {rate} {eta}";

/// The numbers of files by what was found.
#[derive(Default)]
struct Counts {
    unchanged: AtomicU64,
    changed: AtomicU64,
    missing: AtomicU64,
    bytes: AtomicU64,
}

enum State {
    Unchanged,
    Missing,
    Changed(String),
}

pub fn run(options: &Verify, messages: &Messages) -> Result<(), Failure> {
    let start = Instant::now();
    let folder = &options.folder;
    let entries = read_last_entries(folder, |reason| messages.error(reason));
    let entries: Vec<_> = entries.map_err(Failure::Other)?.into_values().collect();
    let bytes = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
    let bar = bar::on_terminal(Some(bytes), bar::style(TEMPLATE));
    let messages = &messages.above(bar.clone());

    let (counts, next) = (Counts::default(), AtomicUsize::new(0));
    let work = || {
        while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
            verify(folder, entry, &counts, messages, &bar);
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        for _ in 1..threads {
            // Without another thread, this one does the work.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });

    let unreadable =
        |error| Failure::Other(format!("could not read {}: {error}", folder.display()));
    let mut extra = media_files(folder).map_err(unreadable)?;
    // An archive that has run meanwhile has added entries.
    let entries = read_last_entries(folder, |_| {}).map_err(Failure::Other)?;
    let known: BTreeSet<_> = entries.values().map(|entry| entry.file.within(folder)).collect();
    extra.retain(|path| !known.contains(path));
    for path in &extra {
        messages.error(format_args!("{}: has no entry", path.display()));
    }
    bar.finish_and_clear();
    messages.note(Level::Normal, counts.summary(extra.len(), start));
    Ok(())
}

/// Compares one file with its entry, and prints a line if it differs.
fn verify(
    folder: &Path,
    entry: &Archived,
    counts: &Counts,
    messages: &Messages,
    bar: &ProgressBar,
) {
    let path = entry.file.within(folder);
    let count = match state_of(&path, entry, |bytes| bar.inc(bytes)) {
        State::Unchanged => {
            counts.bytes.fetch_add(entry.size, Ordering::Relaxed);
            &counts.unchanged
        }
        State::Missing => {
            messages.error(format_args!("{}: is missing", path.display()));
            &counts.missing
        }
        State::Changed(reason) => {
            messages.error(format_args!("{}: {reason}", path.display()));
            &counts.changed
        }
    };
    count.fetch_add(1, Ordering::Relaxed);
}

fn state_of(path: &Path, entry: &Archived, on_read: impl FnMut(u64)) -> State {
    match fs::metadata(path) {
        Ok(file) if !file.is_file() => return State::Changed("is no regular file".to_owned()),
        Ok(file) if file.len() != entry.size => {
            let (found, expected) = (file.len(), entry.size);
            return State::Changed(format!("has {found} bytes, expected {expected}"));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return State::Missing,
        _ => {}
    }
    match hash_file(path, on_read) {
        Ok((hash, _)) if hash == entry.sha256 => State::Unchanged,
        Ok(_) => State::Changed("its SHA-256 is not that of its entry".to_owned()),
        Err(error) => State::Changed(format!("could not be read: {error}")),
    }
}

/// The media files of the folder, and of the rooms' folders in it.
fn media_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();

    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_str().unwrap_or_default();
            if name.parse::<RoomSid>().is_ok() && path.is_dir() {
                folders.push(path);
            } else if is_media(name) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Returns `true` if a file has the name of media that is complete.
fn is_media(name: &str) -> bool {
    // A partial file has further parts behind the format.
    let is_plain = |format: &str| !format.contains('.');
    name.split_once('.')
        .is_some_and(|(sid, format)| sid.parse::<RecordingSid>().is_ok() && is_plain(format))
}

impl Counts {
    fn summary(&self, extra: usize, start: Instant) -> String {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (unchanged, changed) = (count(&self.unchanged), count(&self.changed));
        let (missing, bytes) = (count(&self.missing), Size(count(&self.bytes)));
        let seconds = start.elapsed().as_secs_f64();
        format!(
            "{unchanged} unchanged, {changed} changed, {missing} missing, {extra} without an entry; \
             {bytes} in {seconds:.1} s"
        )
    }
}
