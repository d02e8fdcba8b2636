//! `list`: the records of rooms, page by page.

use std::io::IsTerminal;

use terminal_size::Width;
use twilio_room_recordings::{ListRecordings, Page};

use crate::arguments::List;
use crate::client::Connection;
use crate::failure::{invalid_record, is_usage};
use crate::messages::Messages;
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
    let mut printer = Printer { output: Output::new(), messages, table, header_is_due: true };
    let mut remaining = options.limit;

    for &scope in scopes {
        if remaining == Some(0) {
            break;
        }
        for page in listing(connection, scope, options, remaining).pages() {
            match page {
                Ok(page) => {
                    let printed = printer.print(scope, page)?;
                    remaining = remaining.map(|remaining| remaining.saturating_sub(printed));
                }
                Err(error) if is_usage(&error) => return Err(error.into()),
                Err(error) => messages.error(format_args!("{scope}: {error}")),
            }
        }
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
    header_is_due: bool,
}

impl Printer<'_> {
    /// Prints a page at once, and returns the number of its valid records.
    fn print(&mut self, scope: Scope, page: Page) -> Result<u64, Failure> {
        let mut printed = 0;
        if let Some(table) = &self.table
            && std::mem::take(&mut self.header_is_due)
        {
            self.output.line(&table.header())?;
        }

        for record in page.recordings {
            match record {
                Ok(recording) => {
                    let line = match &self.table {
                        Some(table) => table.row(&recording),
                        None => json::line(&recording)
                            .map_err(|error| Failure::Other(error.to_string()))?,
                    };
                    self.output.line(&line)?;
                    printed += 1;
                }
                Err(error) => {
                    self.messages.error(invalid_record(scope, &error));
                }
            }
        }

        self.output.flush()?;
        Ok(printed)
    }
}
