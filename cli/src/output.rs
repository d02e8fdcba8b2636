//! Standard output and standard error.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::thread;
use std::time::Duration;

use crate::failure::Failure;

/// Standard output, buffered until it is flushed.
pub struct Output(BufWriter<Waiting<StdoutLock<'static>>>);

impl Output {
    pub fn new() -> Self {
        Self(BufWriter::new(Waiting(io::stdout().lock())))
    }

    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.0, "{text}").map_err(Failure::Output)
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.write_all(bytes).map_err(Failure::Output)
    }

    pub fn flush(&mut self) -> Result<(), Failure> {
        self.0.flush().map_err(Failure::Output)
    }
}

/// A stream that waits for its reader, even if another program has set it to non-blocking mode.
pub struct Waiting<W>(pub W);

impl<W: Write> Write for Waiting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        retry(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        retry(|| self.0.flush())
    }
}

fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    const PAUSE: Duration = Duration::from_millis(5);
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
}
