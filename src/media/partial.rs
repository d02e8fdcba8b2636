//! A file that is not whole yet: beside the one that it will be, taken up by the next run, and by
//! one run at a time.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Seek};
use std::path::{Path, PathBuf, is_separator};

/// A partial file, locked for as long as this lives.
///
/// It is named `NAME.TAG-UNIQUE.part`. `TAG` is the hash of the media's entity tag, or `none` (as
/// long as a tag) where that is not known or there is none, and the file can't be taken up.
/// `UNIQUE` is never given twice: so a partial file that somebody renamed or removed while another
/// was about to lock it is found out by its name being gone.
pub(crate) struct Partial {
    pub file: File,
    whole: PathBuf,
    path: PathBuf,
    name: Name,
}

const NO_TAG: &str = "none------------";

/// What a partial file's name says after the name of the whole.
#[derive(Clone, Copy)]
struct Name {
    tag: Option<u64>,
    unique: u64,
}

impl Name {
    fn beside(self, whole: &Path) -> PathBuf {
        let tag = self.tag.map_or(NO_TAG.to_owned(), |tag| format!("{tag:016x}"));
        let mut name = whole.file_name().map(OsString::from).unwrap_or_default();
        name.push(format!(".{tag}-{:016x}.part", self.unique));
        whole.with_file_name(name)
    }

    /// Reads the name of a partial file of the one named so; `None` for any other name.
    fn read(whole: &OsStr, name: &OsStr) -> Option<Self> {
        let rest = name.as_encoded_bytes().strip_prefix(whole.as_encoded_bytes())?;
        let rest = std::str::from_utf8(rest).ok()?.strip_prefix('.')?.strip_suffix(".part")?;
        let hash = |digits: &str| {
            let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            let number = u64::from_str_radix(digits, 16).ok();
            number.filter(|_| digits.len() == 16 && digits.bytes().all(is_digit))
        };
        let (tag, unique) = rest.rsplit_once('-')?;
        let tag = if tag == NO_TAG { None } else { Some(hash(tag)?) };
        Some(Self { tag, unique: hash(unique)? })
    }
}

impl Partial {
    /// A new, empty one for what will be at this path.
    pub(crate) fn create(whole: &Path) -> io::Result<Self> {
        check(whole)?;
        loop {
            let name = Name { tag: None, unique: RandomState::new().hash_one(()) };
            let path = name.beside(whole);
            let file = match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let lock = file.try_lock();
            let partial = Self { file, whole: whole.to_owned(), path, name };
            match lock {
                Ok(()) if partial.path.try_exists()? => return Ok(partial),
                // Somebody who was looking for partial files was faster, and has it or had it.
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                // Where the file system has no locks, nobody takes up what another is writing.
                Err(TryLockError::Error(_)) => return Ok(partial),
            }
        }
    }

    /// The last of those that earlier runs have left of what will be at this path, where it can be
    /// taken up. The others are removed, but for those that somebody is writing.
    pub(crate) fn take_up(whole: &Path) -> io::Result<Option<Self>> {
        check(whole)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(directory(whole))? {
            let entry = entry?;
            let whole_name = whole.file_name().unwrap_or_default();
            let Some(name) = Name::read(whole_name, &entry.file_name()) else { continue };
            // One that has gone in between, or is not this program's to write, is left alone.
            if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
                continue;
            }
            let path = entry.path();
            let Ok(file) = OpenOptions::new().write(true).open(&path) else { continue };
            if file.try_lock().is_ok() && path.try_exists()? {
                let metadata = file.metadata()?;
                let is_of_use = name.tag.is_some() && metadata.len() > 0;
                let partial = Self { file, whole: whole.to_owned(), path, name };
                found.push((is_of_use, metadata.modified().ok(), partial));
            }
        }
        found.sort_by_key(|&(is_of_use, modified, _)| (is_of_use, modified));
        let last = found.pop_if(|(is_of_use, ..)| *is_of_use);
        found.into_iter().for_each(|(.., other)| other.remove());
        Ok(last.map(|(.., partial)| partial))
    }

    /// Removes those that earlier runs have left of what is whole at this path now.
    pub(crate) fn remove_left(whole: &Path) {
        // Those that can't be removed are left for a later run.
        if let Ok(Some(partial)) = Self::take_up(whole) {
            partial.remove();
        }
    }

    /// The hash of the entity tag of the media that it is a part of.
    pub(crate) fn tag(&self) -> Option<u64> {
        self.name.tag
    }

    /// Says of which media it is a part.
    pub(crate) fn mark(&mut self, tag: Option<u64>) -> io::Result<()> {
        let name = Name { tag, ..self.name };
        let path = name.beside(&self.whole);
        fs::rename(&self.path, &path)?;
        (self.path, self.name) = (path, name);
        Ok(())
    }

    /// Makes it one of no media, and of no bytes.
    pub(crate) fn empty(&mut self) -> io::Result<()> {
        self.mark(None)?;
        self.file.set_len(0)?;
        self.file.rewind()
    }

    /// Puts the file, whole, under its name, once it is on the disk.
    pub(crate) fn finish(self) -> io::Result<()> {
        if let Err(error) = self.file.sync_all() {
            // Nobody knows what of it is on the disk.
            self.remove();
            return Err(error);
        }
        fs::rename(&self.path, &self.whole)?;
        sync_directory(&self.whole)
    }

    pub(crate) fn remove(self) {
        // One that can't be removed is taken up or removed by a later run.
        let _ = fs::remove_file(&self.path);
    }
}

/// Waits until the name of a file is on the disk.
pub(crate) fn sync_directory(whole: &Path) -> io::Result<()> {
    // Not every platform can do this with a directory; a rename stands all the same.
    let Ok(directory) = File::open(directory(whole)) else { return Ok(()) };
    directory.sync_all().or_else(|error| match error.kind() {
        io::ErrorKind::InvalidInput
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    })
}

/// Whether there can be a file at this path.
fn check(whole: &Path) -> io::Result<()> {
    let ends_in_separator = whole.to_string_lossy().ends_with(is_separator);
    let is_no_file = fs::metadata(whole).is_ok_and(|there| !there.is_file());
    if whole.file_name().is_none() || ends_in_separator || is_no_file {
        let reason = "it is a directory, or what else is no file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    Ok(())
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
