//! The program and what it printed.

use std::process::{Command, Output, Stdio};
use std::sync::Once;

use super::{ACCOUNT, Server};

/// The program with credentials, for a server at that URL. It inherits no ignored signal.
pub fn program(base_url: &str) -> Command {
    reset_ignored_signals();
    let mut command = Command::new(env!("CARGO_BIN_EXE_twilio-recordings"));
    command
        .env_clear()
        .env("TWILIO_VIDEO_BASE_URL", base_url)
        .env("TWILIO_ACCOUNT_SID", ACCOUNT)
        .env("TWILIO_AUTH_TOKEN", "the auth token")
        // Nobody listens there: a request through a proxy fails.
        .envs(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1")))
        .stdin(Stdio::null());
    command
}

/// Makes SIGINT and SIGTERM end the children, even if this process was started in a way that ignores
/// them, as in the background of a script: a child inherits that a signal is ignored, but not its
/// handler.
fn reset_ignored_signals() {
    #[cfg(unix)]
    {
        use std::sync::Arc;

        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::flag::register_conditional_default;

        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            for signal in [SIGINT, SIGTERM] {
                register_conditional_default(signal, Arc::new(true.into())).expect("a handler");
            }
        });
    }
}

/// Sends a signal to a process.
#[track_caller]
pub fn send_signal(name: &str, process: u32) {
    let status = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(status.expect("kill").success());
}

/// Runs the program to its end.
#[track_caller]
pub fn run(server: &Server, arguments: &[&str]) -> Run {
    Run::of(program(server.base_url()).args(arguments))
}

/// The output and the exit status of a run.
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        command.output().expect("the program").into()
    }

    /// Runs programs at the same time.
    #[track_caller]
    pub fn of_each<const N: usize>(commands: [Command; N]) -> [Self; N] {
        commands
            .map(|mut command| {
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
            })
            .map(|program| program.wait_with_output().expect("its end").into())
    }

    /// Checks the exit status, and shows what was printed if it is another.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    pub fn stdout_lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    pub fn stderr_lines(&self) -> Vec<&str> {
        self.stderr.lines().collect()
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().expect("an exit status"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}
