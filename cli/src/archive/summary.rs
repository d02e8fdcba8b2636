//! The closing line of `archive`.

use std::time::Instant;

use indicatif::DecimalBytes;

/// The number of recordings by their outcome.
pub struct Summary {
    pub archived: u64,
    pub already_there: u64,
    pub processing: u64,
    pub no_media: u64,
    pub failed: u64,
    pub deleted: u64,
    /// Bytes that this run has transferred.
    pub bytes: u64,
    start: Instant,
}

impl Summary {
    pub fn new() -> Self {
        let start = Instant::now();
        Self {
            archived: 0,
            already_there: 0,
            processing: 0,
            no_media: 0,
            failed: 0,
            deleted: 0,
            bytes: 0,
            start,
        }
    }

    /// The closing line. The number of deletions is `None` if nothing is to be deleted.
    pub fn line(&self, errors: u64, with_deletions: bool) -> String {
        let Self { archived, already_there, processing, no_media, failed, deleted, .. } = self;
        let deleted = if with_deletions { format!("{deleted} deleted, ") } else { String::new() };
        let errors = if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") };
        let bytes = DecimalBytes(self.bytes);
        let seconds = self.start.elapsed().as_secs_f64();
        format!(
            "{archived} archived, {already_there} already there, {processing} still processing, \
             {no_media} no media, {failed} failed, {deleted}{errors}; {bytes} in {seconds:.1} s"
        )
    }
}
