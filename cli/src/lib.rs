//! The parts of `twilio-recordings`, which lists, archives, fetches and deletes the recordings of
//! Twilio Video rooms.
//!
//! This is a library only for the programs of this package. Nothing in it is stable.

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::CommandFactory;
use client::Connection;
use commands::{completions, delete, download, fetch, list, url};
use failure::Failure;
use messages::Messages;

mod archive;
mod arguments;
mod bar;
mod client;
mod commands;
mod entries;
mod failure;
mod filters;
mod json;
mod merge;
mod messages;
mod moment;
mod options;
mod output;
mod scope;
mod sid;
mod signals;
mod size;
mod table;
mod terminal;
mod verify;

/// Runs the tool with the arguments of the process, and returns its exit status.
pub fn main() -> ExitCode {
    signals::end_process_1();
    signals::survive_large_files();
    let messages = Messages::default();

    match Arguments::read().map_or_else(explain, |arguments| run(&arguments, &messages)) {
        Err(failure) if !failure.is_closed_pipe() => {
            messages.error(&failure);
            failure.exit_code()
        }
        _ if messages.errors() > 0 => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    }
}

/// The command line, for programs that make documents from it.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Prints the help that the command line asks for, or what is wrong with it: then the process ends.
fn explain(error: clap::Error) -> Result<(), Failure> {
    let printed = error.print();
    if error.use_stderr() {
        std::process::exit(error.exit_code());
    }

    printed.map_err(Failure::Output)
}

/// Runs the command. Failures that don't end it are counted by `messages`.
fn run(arguments: &Arguments, messages: &Messages) -> Result<(), Failure> {
    let connect = |limits| Connection::open(limits, messages);
    match &arguments.command {
        Command::List(options) => {
            let scopes = options.scopes()?;
            list::run(&connect(&options.limits)?, &scopes, options, messages)
        }
        Command::Archive(options) => {
            let scopes = options.selection.scopes()?;
            let messages = messages.with_level(options.level());
            let connection = Connection::open(&options.limits, &messages)?;
            archive::run(&connection, &scopes, options, &messages)
        }
        Command::Merge(options) => merge::run(options, messages),
        Command::Download(options) => download::run(&connect(&options.limits)?, options, messages),
        Command::Url(options) => url::run(&connect(&options.limits)?, options),
        Command::Fetch(options) => fetch::run(&connect(&options.limits)?, options),
        Command::Delete(options) => {
            delete::run(&connect(&options.limits)?, options, messages);
            Ok(())
        }
        Command::Verify(options) => verify::run(options, messages),
        Command::Completions(options) => completions::run(options, command()),
    }
}
