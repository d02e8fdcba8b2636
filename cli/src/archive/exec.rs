//! The program of `--exec`, which gets each file that is complete.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fmt};

use twilio_room_recordings::RecordingSid;

use crate::failure::Failure;
use crate::messages::{Level, Messages};
use crate::terminal::shown;

/// The longest line of a program's output that is printed in one piece.
const LINE_BYTES: u64 = 64 * 1024;

/// The time limit of output that arrives after the program has ended: another process may hold the
/// pipe.
const LATE_OUTPUT: Duration = Duration::from_secs(1);

/// A program that can be started.
pub struct Program {
    path: PathBuf,
    deadline: Instant,
}

/// The reason why a program has not taken a file over.
pub enum ExecError {
    NotStarted(io::Error),
    DeadlineExceeded,
    Failed(ExitStatus),
}

impl Program {
    /// Finds a program as a shell does: by its path, or by its name in the folders of `PATH`.
    pub fn find(name: &OsStr, deadline: Instant) -> Result<Self, Failure> {
        let typed = Path::new(name);
        let invalid = |reason: &str| {
            Failure::Usage(format!("--exec {}: expected a program, {reason}", typed.display()))
        };
        let has_folder = typed.components().count() > 1 || typed.is_absolute();
        if has_folder {
            return match fs::metadata(typed) {
                Ok(file) if is_program(&file) => Ok(Self { path: typed.to_owned(), deadline }),
                Ok(_) => Err(invalid("got a file that is not executable")),
                Err(error) => Err(invalid(&format!("got {error}"))),
            };
        }

        let folders = env::var_os("PATH").unwrap_or_default();
        let found = env::split_paths(&folders)
            .map(|folder| folder.join(typed))
            .find(|path| fs::metadata(path).is_ok_and(|file| is_program(&file)));
        found
            .map(|path| Self { path, deadline })
            .ok_or_else(|| invalid("found none of that name in PATH"))
    }

    /// Runs the program for one file, and waits until it ends.
    ///
    /// Its argument is the file's path, its standard input the entry's line. What it prints goes to
    /// standard error, line by line.
    pub fn run(
        &self,
        sid: RecordingSid,
        file: &Path,
        line: String,
        messages: &Messages,
    ) -> Result<(), ExecError> {
        let (mut child, output_ended) =
            self.start(sid, file, line, messages).map_err(ExecError::NotStarted)?;
        let status = self.wait(&mut child);

        // Fails if the output ends later, which does not matter.
        let _ = output_ended.recv_timeout(LATE_OUTPUT);
        match status? {
            status if status.success() => Ok(()),
            status => Err(ExecError::Failed(status)),
        }
    }

    fn start(
        &self,
        sid: RecordingSid,
        file: &Path,
        line: String,
        messages: &Messages,
    ) -> io::Result<(Child, Receiver<()>)> {
        let (output, writer) = io::pipe()?;
        let mut command = Command::new(&self.path);
        command.arg(file).stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"TWILIO_") {
                command.env_remove(name);
            }
        }

        let mut child = command.spawn()?;
        // The command holds the writer, and the output would never end.
        drop(command);
        let stdin = child.stdin.take();
        let (ended, output_ended) = channel();
        let messages = messages.clone();
        let threads = thread::Builder::new()
            .spawn(move || {
                // A program that does not read its input has no need of it.
                stdin.map(|mut stdin| stdin.write_all(line.as_bytes()))
            })
            .and_then(|_| {
                thread::Builder::new().spawn(move || {
                    print(output, sid, &messages);
                    // Nobody may be waiting any more.
                    let _ = ended.send(());
                })
            });

        if let Err(error) = threads {
            end(&mut child);
            return Err(error);
        }
        Ok((child, output_ended))
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus, ExecError> {
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = child.try_wait().map_err(ExecError::NotStarted)? {
                return Ok(status);
            }
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                end(child);
                return Err(ExecError::DeadlineExceeded);
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}

fn end(child: &mut Child) {
    // Both fail only if the program has ended.
    let _ = child.kill();
    let _ = child.wait();
}

/// Prints each line when it is complete, or as long as [`LINE_BYTES`].
fn print(output: PipeReader, sid: RecordingSid, messages: &Messages) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut output).take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line);
        let line = shown(line.trim_end_matches(['\r', '\n']));
        messages.note(Level::Quiet, format_args!("{sid}: {line}"));
    }
}

#[cfg(unix)]
fn is_program(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;

    file.is_file() && file.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_program(file: &fs::Metadata) -> bool {
    file.is_file()
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(error) => write!(f, "the program could not be started: {error}"),
            Self::DeadlineExceeded => f.write_str("the program was ended by the deadline"),
            Self::Failed(status) => match (status.code(), signal(*status)) {
                (Some(code), _) => write!(f, "the program failed with status {code}"),
                (None, Some(number)) => write!(f, "the program was ended by signal {number}"),
                (None, None) => write!(f, "the program failed: {status}"),
            },
        }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;

    status.signal()
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}
