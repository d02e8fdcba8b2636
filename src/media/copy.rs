//! Copies the media into a writer.

use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;

use super::failures::Interrupted;
use super::progress::Progress;
use super::reader::MediaReader;
use crate::error::{Error, ErrorKind};

const BUFFER_BYTES: usize = 64 * 1024;

/// The reason why not all of the media was copied.
#[derive(Debug)]
pub(super) enum CopyError {
    Interrupted(Interrupted),
    Write(io::Error),
    Cancelled,
}

impl CopyError {
    /// Returns `true` if a later download can resume after the bytes that were written.
    pub(super) fn can_resume(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Interrupted(Interrupted::Failed(_)))
    }

    /// The error for the caller; `target` is what was written to.
    pub(super) fn into_error(self, target: impl fmt::Display) -> Error {
        match self {
            Self::Interrupted(interrupted) => interrupted.into_error(),
            Self::Write(error) => Error::write(target, error),
            Self::Cancelled => Error::new(ErrorKind::Cancelled),
        }
    }
}

impl From<Interrupted> for CopyError {
    fn from(interrupted: Interrupted) -> Self {
        Self::Interrupted(interrupted)
    }
}

impl From<io::Error> for CopyError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Copies the rest of the media.
pub(super) fn copy(
    reader: &mut MediaReader,
    out: &mut (impl Write + ?Sized),
    on_progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), CopyError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = reader.receive(&mut buffer)?;
        if count == 0 {
            out.flush()?;
            return Ok(());
        }

        out.write_all(&buffer[..count])?;
        let progress = Progress { received: reader.position(), total: reader.total() };
        if on_progress(progress).is_break() {
            return Err(CopyError::Cancelled);
        }
    }
}
