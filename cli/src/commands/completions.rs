//! `completions`: a script that completes the command line in a shell.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output::Output;

/// Print a script that completes this tool's command line in a shell
#[derive(Args)]
#[command(after_help = INSTALLATION)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

const INSTALLATION: &str = "\
For example, in ~/.bashrc:
  source <(twilio-recordings completions bash)";

pub fn run(options: &Completions, mut command: Command) -> Result<(), Failure> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, name, &mut script);

    let mut output = Output::new();
    output.write(&script)?;
    output.flush()
}
