//! `list`: the records of rooms, page by page.

use std::io::{self, IsTerminal};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::ProgressBar;
use terminal_size::Width;
use twilio_room_recordings::{ListRecordings, Page, RoomRecording, Status};

use crate::client::Connection;
use crate::failure::Failure;
use crate::failure::{about, is_usage};
use crate::messages::{Level, Messages};
use crate::options::{HINT, Limits, Selection};
use crate::output::Output;
use crate::scope::Scope;
use crate::table::Table;
use crate::{bar, json, moment};

/// Print the recordings of rooms, as a table or as JSON
#[derive(Args)]
#[command(after_help = format!("{}\n\n{HINT}", moment::HELP))]
pub struct List {
    /// Only recordings with this status
    #[arg(long, help_heading = "Filters", ignore_case = true, value_parser = status())]
    status: Option<Status>,
    /// Stop after this many recordings, over all rooms [default: none]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Number of recordings per request, 1 to 1000, or to 100 with --account [default: the maximum]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    page_size: Option<u32>,
    /// Print one recording per line as JSON, with the field names of the API
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    pub limits: Limits,
}

impl List {
    /// The listings to go through, as [`Selection::scopes`].
    pub fn scopes(&self) -> Result<Vec<Scope>, Failure> {
        match self.page_size {
            Some(size @ 101..) if self.selection.is_account() => {
                Err(Failure::Usage(format!("--page-size {size}: expected 1 to 100 with --account")))
            }
            _ => self.selection.scopes(),
        }
    }
}

fn status() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(["processing", "completed", "deleted", "failed"])
        .map(|status| Status::from(status.as_str()))
}

/// The width of the table if standard output is not a terminal.
const DEFAULT_WIDTH: usize = 80;

pub fn run(
    connection: &Connection,
    scopes: &[Scope],
    options: &List,
    messages: &Messages,
) -> Result<(), Failure> {
    let several_rooms = options.selection.is_account() || scopes.len() > 1;
    let table = (!options.json).then(|| Table::new(width(), several_rooms));
    let bar = bar::on_terminal(None, bar::style("{msg}"));
    let messages = &messages.above(bar.clone());
    let mut printer = Printer { options, output: Output::new(), messages, table, printed: 0 };

    for &scope in scopes {
        let listing = listing(connection, scope, options, printer.remaining());
        let mut pages = listing.pages();
        while printer.remaining() != Some(0) {
            bar.set_message(format!("listing… {} so far", printer.printed));
            let Some(page) = pages.next() else { break };
            match page {
                Ok(page) => printer.print(scope, page, &bar)?,
                Err(error) if is_usage(&error) => return Err(error.into()),
                Err(error) => messages.error(about(scope, &error)),
            }
        }
    }

    bar.finish_and_clear();
    if printer.printed == 0 && messages.errors() == 0 {
        messages.note(Level::Normal, "no recordings");
    }
    Ok(())
}

fn listing(
    connection: &Connection,
    scope: Scope,
    options: &List,
    remaining: Option<u64>,
) -> ListRecordings {
    let filters = &options.selection.filters;
    let mut listing = filters.apply(connection.list(scope), scope);
    if let Some(status) = &options.status {
        listing = listing.status(status.clone());
    }
    if let Some(records) = options.page_size {
        listing = listing.page_size(records);
    }
    if let Some(records) = remaining
        && !filters.are_local(scope)
    {
        listing = listing.limit(records);
    }
    listing
}

fn width() -> usize {
    let stdout = io::stdout();
    let size = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
    match size {
        Some((Width(columns), _)) if columns > 0 => columns.into(),
        _ => DEFAULT_WIDTH,
    }
}

struct Printer<'a> {
    options: &'a List,
    output: Output,
    messages: &'a Messages,
    /// `None` prints JSON.
    table: Option<Table>,
    /// The number of records so far.
    printed: u64,
}

impl Printer<'_> {
    /// The number of records that may still be printed; `None` without a limit.
    fn remaining(&self) -> Option<u64> {
        self.options.limit.map(|limit| limit.saturating_sub(self.printed))
    }

    /// Prints a page at once.
    fn print(&mut self, scope: Scope, page: Page, bar: &ProgressBar) -> Result<(), Failure> {
        let filters = &self.options.selection.filters;
        let mut rows = String::new();
        for record in page.recordings {
            if self.remaining() == Some(0) {
                break;
            }
            match record {
                Ok(recording) if filters.match_locally(&recording) => {
                    self.add_row(&recording, &mut rows)?;
                }
                Ok(_) => {}
                Err(error) => self.messages.error(about(scope, &error)),
            }
        }

        bar.suspend(|| self.output.write(rows.as_bytes()).and_then(|()| self.output.flush()))
    }

    fn add_row(&mut self, recording: &RoomRecording, rows: &mut String) -> Result<(), Failure> {
        if let Some(table) = &self.table {
            if self.printed == 0 {
                rows.push_str(&table.header());
                rows.push('\n');
            }
            rows.push_str(&table.row(recording));
        } else {
            rows.push_str(&json::line(recording)?);
        }

        rows.push('\n');
        self.printed += 1;
        Ok(())
    }
}
