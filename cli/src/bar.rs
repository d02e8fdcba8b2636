//! Progress bars on standard error.

use std::fmt::Write;
use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::size::Size;

/// A bar on standard error if that is a terminal. Without a length, it is of unknown length.
pub fn on_terminal(length: Option<u64>, style: ProgressStyle) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr()).with_style(style)
}

/// A style that also knows `{sizes}`, the position and the length in bytes, and `{rate}`, the bytes
/// per second.
pub fn style(template: &str) -> ProgressStyle {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());

    // A bar that cannot be drawn is no failure.
    style
        .with_key("sizes", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}/{}", Size(state.pos()), Size(state.len().unwrap_or(0)));
        })
        .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}/s", Size(state.per_sec() as u64));
        })
}
