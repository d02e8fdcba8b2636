//! The progress bar of a run.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use twilio_room_recordings::{Downloaded, Progress, RoomRecording};

use crate::bar;
use crate::messages::Level;
use crate::size::Size;

const TEMPLATE: &str = "{wide_bar} {recordings} {sizes} {speed} {left}";

/// One bar for all recordings, on standard error if that is a terminal.
pub struct Bar {
    bar: ProgressBar,
    counts: Arc<Counts>,
}

struct Counts {
    listed: AtomicU64,
    done: AtomicU64,
    /// Bytes that this run has transferred. A resumed file adds only its rest, so that the speed
    /// is that of the network.
    transferred: AtomicU64,
    start: Instant,
}

impl Counts {
    fn bytes_per_second(&self) -> f64 {
        let seconds = self.start.elapsed().as_secs_f64().max(0.001);
        self.transferred.load(Ordering::Relaxed) as f64 / seconds
    }
}

impl Bar {
    pub fn new(level: Level) -> Self {
        let counts = Arc::new(Counts {
            listed: AtomicU64::new(0),
            done: AtomicU64::new(0),
            transferred: AtomicU64::new(0),
            start: Instant::now(),
        });
        let bar = match level {
            Level::Quiet => ProgressBar::hidden(),
            _ => bar::on_terminal(Some(0), style(&counts)),
        };
        Self { bar, counts }
    }

    /// The bar, for messages that are printed above it.
    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Counts a recording that will be downloaded.
    pub fn expect(&self, recording: &RoomRecording) {
        self.counts.listed.fetch_add(1, Ordering::Relaxed);
        self.bar.inc_length(recording.size.unwrap_or(0));
    }

    pub fn transfer(&self, recording: &RoomRecording) -> Transfer<'_> {
        Transfer { bar: self, total: recording.size, shown: 0, transferred: None }
    }

    /// Removes the bar from the terminal.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(counts: &Arc<Counts>) -> ProgressStyle {
    let of = |counts: &Arc<Counts>| Arc::clone(counts);
    let (recordings, speed, left) = (of(counts), of(counts), of(counts));

    bar::style(TEMPLATE)
        .with_key("recordings", move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let done = recordings.done.load(Ordering::Relaxed);
            let listed = recordings.listed.load(Ordering::Relaxed);
            // A bar that cannot be drawn is no failure.
            let _ = write!(out, "{done}/{listed}");
        })
        .with_key("speed", move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let bytes = speed.bytes_per_second() as u64;
            let _ = write!(out, "{}/s", Size(bytes));
        })
        .with_key("left", move |state: &ProgressState, out: &mut dyn fmt::Write| {
            let bytes = state.len().unwrap_or(0).saturating_sub(state.pos());
            let seconds = bytes as f64 / left.bytes_per_second();
            let duration = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
            let _ = write!(out, "{:#}", HumanDuration(duration));
        })
}

/// The part of the bar that belongs to one recording.
pub struct Transfer<'a> {
    bar: &'a Bar,
    /// The part of the bar's length.
    total: Option<u64>,
    /// The part of the bar's position.
    shown: u64,
    /// The bytes counted as transferred, from the second progress report on. The first one
    /// includes the bytes of an earlier run.
    transferred: Option<u64>,
}

impl Transfer<'_> {
    pub fn update(&mut self, progress: Progress) {
        if self.total.is_none()
            && let Some(total) = progress.total
        {
            self.bar.bar.inc_length(total);
            self.total = Some(total);
        }

        let more = progress.received.saturating_sub(self.shown);
        self.shown += more;
        match &mut self.transferred {
            None => self.transferred = Some(0),
            Some(transferred) => {
                *transferred += more;
                self.bar.counts.transferred.fetch_add(more, Ordering::Relaxed);
            }
        }
        self.bar.bar.inc(more);
    }

    /// Shows the recording as complete.
    pub fn finish(self, downloaded: &Downloaded) {
        let counted = self.transferred.unwrap_or(0);
        let rest = downloaded.transferred.saturating_sub(counted);
        self.bar.counts.transferred.fetch_add(rest, Ordering::Relaxed);
        self.end(downloaded.size);
    }

    /// Shows the recording as done, because its file was already there or its download failed.
    pub fn skip(self) {
        let size = self.total.unwrap_or(0);
        self.end(size);
    }

    fn end(self, size: u64) {
        self.bar.counts.done.fetch_add(1, Ordering::Relaxed);
        self.bar.bar.inc(size.saturating_sub(self.shown));
    }
}
