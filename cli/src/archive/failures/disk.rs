//! A full disk, and the recordings that do not fit.

use std::fmt;
use std::io;

use twilio_room_recordings::Error;

/// Recordings that did not fit. One message reports all of them.
#[derive(Default)]
pub struct FullDisk {
    /// The first message of the operating system.
    reason: Option<String>,
    /// The size of the smallest recording that did not fit.
    smallest: Option<u64>,
    failed: u64,
    skipped: u64,
}

impl FullDisk {
    /// Counts a recording that this error keeps from being archived, if it means that the disk is
    /// full. The size is `None` if the error has nothing to do with it.
    pub fn count_if_full(&mut self, error: &io::Error, size: Option<u64>) -> bool {
        if !is_full(error) {
            return false;
        }

        self.reason.get_or_insert_with(|| error.to_string());
        self.failed += 1;
        self.smallest = self.smallest.into_iter().chain(size).min();
        true
    }

    /// Counts a recording that will not fit, because a smaller one did not.
    pub fn skips(&mut self, size: Option<u64>) -> bool {
        let skips = self.smallest.is_some_and(|smallest| size.is_some_and(|size| size >= smallest));
        self.skipped += u64::from(skips);
        skips
    }

    pub fn recordings(&self) -> u64 {
        self.failed + self.skipped
    }
}

impl fmt::Display for FullDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, smallest, failed, skipped } = self;
        let reason = reason.as_deref().unwrap_or("no space left");
        write!(f, "{reason}; recordings that did not fit: {failed}")?;
        match smallest {
            Some(smallest) if *skipped > 0 => {
                write!(f, ", and {skipped} of at least {smallest} bytes were skipped")
            }
            _ => Ok(()),
        }
    }
}

/// The failure of the operating system that caused an error.
pub fn io_cause(error: &Error) -> Option<&io::Error> {
    error.get_ref()?.downcast_ref()
}

/// Returns `true` if an error means that the disk, the quota or the largest file is full.
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
