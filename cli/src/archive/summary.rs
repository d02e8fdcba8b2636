//! The outcome of `archive`.

use std::time::Instant;

use serde_json::json;

use super::options::Archive;
use crate::failure::Failure;
use crate::messages::{Level, Messages};
use crate::output::Output;
use crate::size::Size;

/// The number of recordings by their outcome.
pub struct Summary {
    pub archived: u64,
    pub already_there: u64,
    pub processing: u64,
    pub no_media: u64,
    /// Those whose media was never recorded, each of which is an error.
    pub failed: u64,
    pub acknowledged: u64,
    pub deleted: u64,
    /// Those that a run which ended early has not come to.
    pub left: u64,
    /// Bytes that this run has transferred.
    pub bytes: u64,
    start: Instant,
}

impl Summary {
    /// The summary of a run that began at this instant.
    pub fn new(start: Instant) -> Self {
        Self {
            archived: 0,
            already_there: 0,
            processing: 0,
            no_media: 0,
            failed: 0,
            acknowledged: 0,
            deleted: 0,
            left: 0,
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
        let acknowledged = match self.acknowledged {
            0 => String::new(),
            acknowledged => format!("{acknowledged} acknowledged, "),
        };
        let left = match self.left {
            0 => String::new(),
            left => format!("{left} left for the next run, "),
        };
        let errors = if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") };
        let bytes = Size(self.bytes);
        let seconds = self.start.elapsed().as_secs_f64();
        format!(
            "{archived} {would_be}archived, {already_there} already there, \
             {processing} still processing, {no_media} no media, {failed} failed at Twilio, \
             {acknowledged}{deleted}{left}{errors}; {bytes} in {seconds:.1} s"
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
            "acknowledged": self.acknowledged,
            "deleted": self.deleted,
            "left": self.left,
            "errors": errors,
            "bytes": self.bytes,
            "seconds": milliseconds / 1000.0,
        });
        outcome.to_string()
    }
}
