//! `list`: the records of rooms, page by page.

use std::io::IsTerminal;

use terminal_size::Width;
use twilio_room_recordings::{ListRecordings, Page, RoomRecording};

use crate::arguments::List;
use crate::client::Connection;
use crate::failure::{invalid_record, is_usage};
use crate::messages::{Level, Messages};
use crate::output::Output;
use crate::scope::Scope;
use crate::table::Table;
use crate::{Failure, json};

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
    let mut printer = Printer { output: Output::new(), messages, table, printed: 0 };

    for &scope in scopes {
        let remaining = options.limit.map(|limit| limit.saturating_sub(printer.printed));
        if remaining == Some(0) {
            break;
        }
        for page in listing(connection, scope, options, remaining).pages() {
            match page {
                Ok(page) => printer.print(scope, page)?,
                Err(error) if is_usage(&error) => return Err(error.into()),
                Err(error) => messages.error(format_args!("{scope}: {error}")),
            }
        }
    }

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
    let mut listing = options.selection.filters.apply(connection.list(scope));
    if let Some(status) = &options.status {
        listing = listing.status(status.clone());
    }
    if let Some(records) = options.page_size {
        listing = listing.page_size(records);
    }
    if let Some(records) = remaining {
        listing = listing.limit(records);
    }
    listing
}

fn width() -> usize {
    let stdout = std::io::stdout();
    let size = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
    match size {
        Some((Width(columns), _)) if columns > 0 => columns.into(),
        _ => DEFAULT_WIDTH,
    }
}

struct Printer<'a> {
    output: Output,
    messages: &'a Messages,
    /// `None` prints JSON.
    table: Option<Table>,
    /// The number of records so far.
    printed: u64,
}

impl Printer<'_> {
    /// Prints a page at once.
    fn print(&mut self, scope: Scope, page: Page) -> Result<(), Failure> {
        for record in page.recordings {
            match record {
                Ok(recording) => self.print_record(&recording)?,
                Err(error) => self.messages.error(invalid_record(scope, &error)),
            }
        }
        self.output.flush()
    }

    fn print_record(&mut self, recording: &RoomRecording) -> Result<(), Failure> {
        let line = match &self.table {
            Some(table) => {
                if self.printed == 0 {
                    self.output.line(&table.header())?;
                }
                table.row(recording)
            }
            None => json::line(recording).map_err(|error| Failure::Other(error.to_string()))?,
        };

        self.printed += 1;
        self.output.line(&line)
    }
}
