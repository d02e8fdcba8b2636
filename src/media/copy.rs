//! Copies the media into a writer.

use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;

use super::failures::Interrupted;
use super::progress::Progress;
use super::reader::MediaReader;
use crate::error::{Error, ErrorKind};

const BUFFER_BYTES: usize = 64 * 1024;

/// Copies the rest of the media. `target` is a name of the writer for messages.
pub(super) fn copy(
    reader: &mut MediaReader,
    out: &mut (impl Write + ?Sized),
    target: impl fmt::Display,
    on_progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), Interrupted> {
    let unwritten = |error: io::Error| Interrupted::unwritten(&target, error);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = reader.receive(&mut buffer)?;
        if count == 0 {
            return out.flush().map_err(unwritten);
        }

        out.write_all(&buffer[..count]).map_err(unwritten)?;
        let progress = Progress { received: reader.position(), total: reader.total() };
        if on_progress(progress).is_break() {
            return Err(Interrupted::Failed(Error::new(ErrorKind::Cancelled)));
        }
    }
}
