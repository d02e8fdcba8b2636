//! The programs of ffmpeg.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::failure::Failure;

/// Runs a program, and hands over each line that it prints. The lines of standard error come from
/// another thread.
pub fn run(
    command: &mut Command,
    on_output: impl FnMut(&str),
    on_error: impl FnMut(&str) + Send,
) -> Result<ExitStatus, Failure> {
    let program = PathBuf::from(command.get_program());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| not_started(&program, &error))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    end_with_this_process(child);

    thread::scope(|scope| {
        scope.spawn(|| each_line(stderr, on_error));
        each_line(stdout, on_output);
    });
    let mut child = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).take();
    let status = child.as_mut().map_or(Err(io::ErrorKind::NotFound.into()), Child::wait);
    status.map_err(|error| Failure::Other(format!("{} failed: {error}", program.display())))
}

/// The program that runs now.
static RUNNING: Mutex<Option<Child>> = Mutex::new(None);

/// Makes SIGTERM end the program too, which would go on for hours otherwise. SIGINT comes from a
/// terminal, which sends it to both.
fn end_with_this_process(child: Child) {
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
    #[cfg(unix)]
    {
        use signal_hook::{consts::SIGTERM, iterator::Signals, low_level::emulate_default_handler};

        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            let Ok(mut signals) = Signals::new([SIGTERM]) else { return };
            thread::spawn(move || {
                for signal in &mut signals {
                    if let Some(child) =
                        &mut *RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
                    {
                        let _ = child.kill();
                    }
                    let _ = emulate_default_handler(signal);
                }
            });
        });
    }
}

fn not_started(program: &Path, error: &io::Error) -> Failure {
    let program = program.display();
    Failure::Other(match error.kind() {
        io::ErrorKind::NotFound => format!(
            "could not find {program}: install the package ffmpeg of Debian, Ubuntu, Alpine or \
             Homebrew, ffmpeg-free of Fedora, or name the program with --ffmpeg PATH"
        ),
        _ => format!("could not run {program}: {error}"),
    })
}

/// Reads to the end, so that the program never waits for a reader.
fn each_line(pipe: Option<impl Read>, mut work: impl FnMut(&str)) {
    let Some(pipe) = pipe else { return };
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        work(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
}
