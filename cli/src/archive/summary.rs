//! The outcome of `archive`.

use std::time::Instant;

use indicatif::DecimalBytes;
use serde_json::json;

use crate::Failure;
use crate::arguments::Archive;
use crate::messages::{Level, Messages};
use crate::output::Output;

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

    /// Prints the closing line, and with `--json` the outcome on standard output.
    pub fn print(
        &self,
        errors: u64,
        options: &Archive,
        messages: &Messages,
    ) -> Result<(), Failure> {
        messages.note(Level::Normal, self.line(errors, options));
        if !options.json {
            return Ok(());
        }

        let mut output = Output::new();
        output.line(&self.json(errors))?;
        output.flush()
    }

    fn line(&self, errors: u64, options: &Archive) -> String {
        let Self { archived, already_there, processing, no_media, failed, deleted, .. } = self;
        let would_be = if options.dry_run { "would be " } else { "" };
        let deleted = match options.delete {
            true => format!("{deleted} {would_be}deleted, "),
            false => String::new(),
        };
        let errors = if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") };
        let bytes = DecimalBytes(self.bytes);
        let seconds = self.start.elapsed().as_secs_f64();
        format!(
            "{archived} {would_be}archived, {already_there} already there, \
             {processing} still processing, {no_media} no media, {failed} failed, \
             {deleted}{errors}; {bytes} in {seconds:.1} s"
        )
    }

    fn json(&self, errors: u64) -> String {
        let milliseconds = self.start.elapsed().as_millis() as f64;
        let outcome = json!({
            "archived": self.archived,
            "already_there": self.already_there,
            "processing": self.processing,
            "no_media": self.no_media,
            "failed": self.failed,
            "deleted": self.deleted,
            "errors": errors,
            "bytes": self.bytes,
            "seconds": milliseconds / 1000.0,
        });
        outcome.to_string()
    }
}
