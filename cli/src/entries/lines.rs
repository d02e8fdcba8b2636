//! The lines of a record file, of which a crash may have left anything.

use std::io::{self, BufRead, Read};

/// Reads lines. A line of any length takes little memory.
pub struct Lines<R> {
    reader: R,
    bytes: Vec<u8>,
}

/// One line, with its end.
pub struct Line<'a> {
    /// The content; the beginning of it if the line is too long for an entry.
    pub bytes: &'a [u8],
    /// The number of bytes in the file, including the end of the line.
    pub length: u64,
    /// If false, the file ends within the line.
    pub has_end: bool,
}

/// The longest line in bytes that can be an entry.
const LONGEST: u64 = 16 * 1024 * 1024;

impl<R: BufRead> Lines<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, bytes: Vec::new() }
    }

    /// The next line, or `None` at the end of the file.
    pub fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.bytes.clear();
        let mut length = read_line(&mut self.reader, LONGEST, &mut self.bytes)?;
        if length == 0 {
            return Ok(None);
        }

        let mut has_end = self.bytes.ends_with(b"\n");
        let mut rest = Vec::new();
        while length >= LONGEST && !has_end {
            rest.clear();
            let more = read_line(&mut self.reader, LONGEST, &mut rest)?;
            if more == 0 {
                break;
            }
            length += more;
            has_end = rest.ends_with(b"\n");
        }
        Ok(Some(Line { bytes: &self.bytes, length, has_end }))
    }
}

/// Reads up to the end of a line, but not more than so many bytes.
fn read_line(reader: &mut impl BufRead, limit: u64, line: &mut Vec<u8>) -> io::Result<u64> {
    let length = reader.by_ref().take(limit).read_until(b'\n', line)?;
    Ok(length as u64)
}

impl Line<'_> {
    pub fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }

    /// Returns `true` if a crash has left a line that is no entry: an incomplete one, or one at the
    /// end of the file with zero bytes, which no text has.
    pub fn is_left_by_a_crash(&self, is_last: bool) -> bool {
        !self.has_end || (is_last && self.bytes.contains(&0))
    }
}
