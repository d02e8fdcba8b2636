//! The progress bar of `merge`.

use indicatif::ProgressBar;

use crate::bar;

const TRACKS: &str = "reading track {pos}/{len} {wide_bar}";
const TIME: &str = "{wide_bar} {percent}% {eta} left";

/// A bar on standard error if that is a terminal.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar that counts the tracks that are read.
    pub fn of_tracks(count: usize) -> Self {
        Self(bar::on_terminal(Some(count as u64), bar::style(TRACKS)))
    }

    /// The bar, for messages that are printed above it.
    pub fn bar(&self) -> ProgressBar {
        self.0.clone()
    }

    pub fn next_track(&self) {
        self.0.inc(1);
    }

    /// Starts over with the time line, whose length is in microseconds.
    pub fn begin_timeline(&self, microseconds: u64) {
        self.0.reset();
        self.0.set_style(bar::style(TIME));
        self.0.set_length(microseconds);
    }

    /// Shows that this much of the time line is done.
    pub fn show(&self, microseconds: u64) {
        self.0.set_position(microseconds);
    }
}

impl Drop for Bar {
    /// Removes the bar from the terminal.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
