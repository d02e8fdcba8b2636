//! Lines for people, on standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::ProgressBar;

use crate::output::Waiting;

/// The amount of what is printed.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Quiet,
    #[default]
    Normal,
    Verbose,
}

/// Prints lines between the redraws of a progress bar, and counts the errors.
#[derive(Clone)]
pub struct Messages {
    level: Level,
    bar: ProgressBar,
    errors: Arc<AtomicU64>,
}

impl Default for Messages {
    fn default() -> Self {
        Self { level: Level::default(), bar: ProgressBar::hidden(), errors: Arc::default() }
    }
}

impl Messages {
    /// The same messages, with another level.
    pub fn with_level(&self, level: Level) -> Self {
        Self { level, ..self.clone() }
    }

    /// The same messages, with a progress bar below them.
    pub fn above(&self, bar: ProgressBar) -> Self {
        Self { bar, ..self.clone() }
    }

    pub fn level(&self) -> Level {
        self.level
    }

    /// The number of errors so far.
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    pub fn error(&self, text: impl Display) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        self.print(Level::Quiet, format_args!("error: {text}"));
    }

    pub fn warning(&self, text: impl Display) {
        self.print(Level::Quiet, format_args!("warning: {text}"));
    }

    pub fn note(&self, level: Level, text: impl Display) {
        self.print(level, text);
    }

    fn print(&self, level: Level, text: impl Display) {
        if level > self.level {
            return;
        }
        let line = format!("{text}\n");
        self.bar.suspend(|| {
            // If nobody can read it, the work continues.
            let _ = Waiting(io::stderr()).write_all(line.as_bytes());
        });
    }
}
