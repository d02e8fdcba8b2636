//! A file that is not whole yet: beside the one that it will be, taken up by the next run, and by
//! one run at a time.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

/// A partial file, locked for as long as this lives.
///
/// Its name is `NAME.TAG-UNIQUE.part`: `TAG` is the hash of the media's entity tag (`none` where
/// it has none, so that it can't be taken up), and `UNIQUE` is never given twice. So a partial
/// file that was renamed or removed while somebody waited for its lock is found out by its name
/// being gone.
pub(crate) struct Partial {
    pub file: File,
    pub tag: Option<u64>,
    path: PathBuf,
}

impl Partial {
    /// A new partial file for what will be at this path.
    pub(crate) fn create(whole: &Path, tag: Option<u64>) -> io::Result<Self> {
        let shown = tag.map_or("none".to_owned(), |tag| format!("{tag:016x}"));
        loop {
            let unique = RandomState::new().hash_one(()) as u32;
            let mut name = file_name(whole)?;
            name.push(format!(".{shown}-{unique:08x}.part"));
            let partial = match Self::open(whole.with_file_name(name), tag, true) {
                Ok(partial) => partial,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            match partial.file.try_lock() {
                Ok(()) if partial.path.try_exists()? => return Ok(partial),
                // Somebody who was looking for partial files was faster, and has it or had it.
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                // Where the file system has no locks, nobody takes up what another is writing.
                Err(TryLockError::Error(_)) => return Ok(partial),
            }
        }
    }

    /// The longest of the partial files that an earlier run has left of what will be at this
    /// path, if there is one that can be taken up. The others that nobody is writing are removed.
    pub(crate) fn take_up(whole: &Path) -> io::Result<Option<Self>> {
        let mut found: Vec<(u64, Self)> = Vec::new();
        for (path, tag) in partials_of(whole)? {
            // One that has gone in between, or is not this program's to write, is left alone.
            let Ok(partial) = Self::open(path, tag, false) else { continue };
            if partial.file.try_lock().is_ok() && partial.path.try_exists()? {
                let length = if tag.is_some() { partial.file.metadata()?.len() } else { 0 };
                found.push((length, partial));
            }
        }
        found.sort_by_key(|(length, _)| *length);
        let longest = found.pop_if(|(length, _)| *length > 0);
        found.into_iter().for_each(|(_, other)| other.remove());
        Ok(longest.map(|(_, partial)| partial))
    }

    fn open(path: PathBuf, tag: Option<u64>, new: bool) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(new).open(&path)?;
        Ok(Self { file, tag, path })
    }

    /// Puts the file, whole, under its name, once it is on the disk.
    pub(crate) fn finish(self, whole: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, whole)?;
        // Not every platform can do this with a directory; the rename stands all the same.
        let _ = File::open(directory(whole)).and_then(|directory| directory.sync_all());
        Ok(())
    }

    pub(crate) fn remove(self) {
        // One that can't be removed is taken up or removed by a later run.
        let _ = fs::remove_file(&self.path);
    }
}

/// The partial files of what will be at this path, and the tags in their names.
fn partials_of(whole: &Path) -> io::Result<Vec<(PathBuf, Option<u64>)>> {
    let name = file_name(whole)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(directory(whole))? {
        let entry = entry?;
        if let Some(tag) = tag_of(&name, &entry.file_name()) {
            found.push((entry.path(), tag));
        }
    }
    Ok(found)
}

/// The tag in the name of a partial file of the one named so; `None` for any other name.
fn tag_of(whole: &OsString, name: &OsString) -> Option<Option<u64>> {
    let rest = name.to_str()?.strip_prefix(whole.to_str()?)?.strip_prefix('.')?;
    let (tag, unique) = rest.strip_suffix(".part")?.split_once('-')?;
    u32::from_str_radix(unique, 16).ok()?;
    match tag {
        "none" => Some(None),
        _ => u64::from_str_radix(tag, 16).ok().map(Some),
    }
}

fn file_name(path: &Path) -> io::Result<OsString> {
    path.file_name().map(OsString::from).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "the path does not end in a file's name")
    })
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
