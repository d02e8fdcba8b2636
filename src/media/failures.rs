//! The failures of one transfer, as the retry policy counts them.

use std::{fmt, io};

use crate::error::{Error, ErrorKind};

/// After this many bytes over one connection, the failures before it no longer count.
const PROGRESS: u64 = 64 * 1024;

/// An attempt that failed, and what can come next.
#[derive(Debug)]
pub(super) enum Interrupted {
    /// The transfer can continue at the same position if the error is transient.
    Failed(Error),
    /// The bytes received so far are of no use, because they may not belong to what the storage
    /// has now.
    StartOver(Error),
}

impl Interrupted {
    /// A failure of what the media is written to.
    pub(super) fn unwritten(target: impl fmt::Display, error: io::Error) -> Self {
        Self::Failed(Error::write(target, error))
    }

    /// Returns `true` if a later download can resume after the bytes that were written.
    pub(super) fn can_resume(&self) -> bool {
        matches!(self, Self::Failed(error) if !matches!(error.kind(), ErrorKind::Write { .. }))
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Failed(error) | Self::StartOver(error) => error,
        }
    }
}

/// Counts failed attempts. Without an end to the transfers that start over, media that is replaced
/// again and again would be downloaded for ever, so these are not forgotten after progress.
#[derive(Debug, Default)]
pub(super) struct Failures {
    since_progress: u32,
    restarts: u32,
    received_since: u64,
}

impl Failures {
    pub(super) fn received(&mut self, count: u64) {
        self.received_since = self.received_since.saturating_add(count);
        if self.received_since >= PROGRESS {
            self.since_progress = 0;
        }
    }

    /// Counts a failed attempt, and returns its number for the retry policy.
    pub(super) fn failed(&mut self) -> u32 {
        self.received_since = 0;
        self.since_progress = self.since_progress.saturating_add(1);
        self.attempt()
    }

    /// Counts a transfer that starts over, and returns its number for the retry policy.
    pub(super) fn started_over(&mut self) -> u32 {
        self.received_since = 0;
        self.restarts = self.restarts.saturating_add(1);
        self.attempt()
    }

    /// The number of the attempt that is being made.
    pub(super) fn current(&self) -> u32 {
        self.attempt().saturating_add(1)
    }

    fn attempt(&self) -> u32 {
        self.since_progress.saturating_add(self.restarts)
    }
}
