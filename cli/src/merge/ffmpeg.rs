//! A run of `ffmpeg`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use super::output::Output;
use super::plan::Plan;
use super::program;
use super::progress::Bar;
use crate::failure::Failure;
use crate::messages::{Level, Messages};
use crate::terminal;

/// Makes the file.
pub fn run(
    ffmpeg: &Path,
    plan: &Plan,
    output: &Output,
    bar: &Bar,
    messages: &Messages,
) -> Result<(), Failure> {
    let level = match messages.level() {
        Level::Verbose => "level+info",
        _ => "level+error",
    };
    let options = ["-y", "-nostdin", "-nostats", "-progress", "pipe:1", "-loglevel", level];
    let mut command = Command::new(ffmpeg);
    command.args(plan.arguments(&options, output.partial()));
    command.stdin(output.lock().map_or(Stdio::null(), Stdio::from));

    let mut log = Log::default();
    let progress = |line: &str| {
        if let Some(time) = line.strip_prefix("out_time_us=").and_then(|it| it.parse().ok()) {
            bar.show(time);
        }
    };
    let status = program::run(&mut command, progress, |line| {
        messages.note(Level::Verbose, terminal::shown(line));
        log.read(line, plan);
    })?;

    if !status.success() {
        let reason = log.last.unwrap_or_else(|| status.to_string());
        let file = output.path().display();
        return Err(Failure::Other(format!("{file}: ffmpeg failed: {reason}")));
    }
    for (input, Errors { count, first }) in log.errors {
        let file = plan.inputs[input].display();
        messages.warning(format_args!("{file}: not all was decoded ({count} errors): {first}"));
    }
    Ok(())
}

/// The errors that ffmpeg printed.
#[derive(Default)]
struct Log {
    /// The errors of each input.
    errors: BTreeMap<usize, Errors>,
    /// The last error, which is usually the one that ended it.
    last: Option<String>,
}

struct Errors {
    count: u64,
    first: String,
}

impl Log {
    fn read(&mut self, line: &str, plan: &Plan) {
        let Some(text) = error_text(line).map(terminal::shown) else { return };
        if let Some(input) = input_number(line).filter(|input| *input < plan.inputs.len()) {
            let errors = self.errors.entry(input);
            errors.or_insert_with(|| Errors { count: 0, first: text.clone() }).count += 1;
        }
        self.last = Some(text);
    }
}

/// The text of a line such as `[vp8 @ 0x55d0] [error] Invalid data`, if it is an error.
fn error_text(line: &str) -> Option<&str> {
    let levels = ["[error] ", "[fatal] ", "[panic] "];
    levels.iter().find_map(|level| Some(line.split_once(level)?.1))
}

/// The number of the input that a line is about, such as 3 in `[vist#3:0/vp8 @ 0x55d0]`. ffmpeg
/// before version 7 writes `Error while decoding stream #3:0`.
fn input_number(line: &str) -> Option<usize> {
    let marks = ["[in#", "ist#", "decoding stream #"];
    let rest = marks.iter().find_map(|mark| Some(line.split_once(mark)?.1))?;
    rest.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}
