//! Lists the recordings of a room. Without a room, it lists one of several pages from a stand-in
//! of the API that it starts on loopback.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use command_line::{Failure, complain, failed};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use twilio_room_recordings::{
    Client, ClientBuilder, Credentials, Error, ErrorKind, ListRecordings, RoomRecording, RoomSid,
    SourceSid, Status,
};

mod command_line;
mod fake_server;

/// List the recordings of a Twilio Video room.
///
/// Credentials come from TWILIO_API_KEY with TWILIO_API_SECRET where either is set, or else from
/// TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN; TWILIO_VIDEO_BASE_URL replaces the base URL. Exit
/// status: 0, all listed; 1, the listing failed or a record was bad; 2, bad usage, or credentials
/// that are missing or malformed.
#[derive(Parser)]
struct Arguments {
    /// The room. Without it, a demonstration room is listed from a stand-in on this machine
    room_sid: Option<RoomSid>,
    /// Only recordings with this status: processing, completed, deleted or failed
    #[arg(long)]
    status: Option<Status>,
    /// Only the recordings of this source
    #[arg(long, value_name = "SID")]
    source_sid: Option<SourceSid>,
    /// Only recordings that started at this RFC 3339 date-time or later
    #[arg(long, value_name = "T", value_parser = date)]
    created_after: Option<OffsetDateTime>,
    /// Only recordings that started before this RFC 3339 date-time
    #[arg(long, value_name = "T", value_parser = date)]
    created_before: Option<OffsetDateTime>,
    /// How many records to ask for at a time, 1 to 1000
    #[arg(long, value_name = "N")]
    page_size: Option<u32>,
    /// Stop after this many records
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// How many seconds one attempt at a request may take
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Print one record a line as JSON, with the API's field names
    #[arg(long)]
    json: bool,
}

fn date(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|error| format!("{error}: expected a date-time such as 2026-01-31T00:00:00Z"))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // The reader of a pipe may have had enough.
        Err(failure) if is_broken_pipe(failure.as_ref()) => ExitCode::SUCCESS,
        Err(failure) => failed(&failure),
    }
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    let failure = failure.downcast_ref::<io::Error>();
    failure.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Whether all that was listed was good.
fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let Some(room) = arguments.room_sid else {
        let server = fake_server::serve_room((0..25).map(fake_server::recording).collect());
        let credentials = Credentials::auth_token(fake_server::ACCOUNT.parse()?, "demonstration");
        let client = Client::builder(credentials).base_url(server.base_url());
        let page_size = Some(arguments.page_size.unwrap_or(10));
        let listing = listing(client, fake_server::ROOM.parse()?, arguments, page_size)?;
        let all_good = print(listing, arguments.json)?;
        complain(&format!("(a demonstration room; requests: {})", server.requests().len()));
        return Ok(all_good);
    };
    print(listing(command_line::client()?, room, arguments, arguments.page_size)?, arguments.json)
}

fn listing(
    mut client: ClientBuilder,
    room: RoomSid,
    arguments: &Arguments,
    page_size: Option<u32>,
) -> Result<ListRecordings, Error> {
    if let Some(seconds) = arguments.timeout {
        client = client.attempt_timeout(Duration::from_secs(seconds));
    }
    let mut listing = client.build()?.recordings(room);
    if let Some(status) = &arguments.status {
        listing = listing.status(status.clone());
    }
    if let Some(source) = arguments.source_sid {
        listing = listing.source_sid(source);
    }
    if let Some(after) = arguments.created_after {
        listing = listing.created_after(after);
    }
    if let Some(before) = arguments.created_before {
        listing = listing.created_before(before);
    }
    if let Some(records) = page_size {
        listing = listing.page_size(records);
    }
    if let Some(records) = arguments.limit {
        listing = listing.limit(records);
    }
    Ok(listing)
}

fn print(listing: ListRecordings, json: bool) -> Result<bool, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut recordings = listing.into_iter().peekable();
    if !json && recordings.peek().is_none_or(Result::is_ok) {
        writeln!(
            out,
            "{:34}  {:10}  {:20}  {:>8}  {:>11}  TRACK",
            "SID", "STATUS", "CREATED", "SECONDS", "BYTES"
        )?;
    }
    let mut all_good = true;
    for recording in recordings {
        match recording {
            Ok(recording) if json => {
                writeln!(out, "{}", serde_json::to_string(&recording)?)?;
            }
            Ok(recording) => print_row(&mut out, &recording)?,
            Err(error) if matches!(error.kind(), ErrorKind::InvalidRecord(_)) => {
                all_good = false;
                complain(&error);
            }
            Err(error) => {
                out.flush()?;
                return Err(error.into());
            }
        }
    }
    out.flush()?;
    Ok(all_good)
}

fn print_row(out: &mut impl Write, recording: &RoomRecording) -> Result<(), Failure> {
    let number = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
    let track: String = recording.track_name.as_deref().unwrap_or("-").escape_debug().collect();
    writeln!(
        out,
        "{}  {:10}  {:20}  {:>8}  {:>11}  {track}",
        recording.sid,
        recording.status.as_str().escape_debug().to_string(),
        recording.date_created.format(&Rfc3339)?,
        number(recording.duration),
        number(recording.size),
    )?;
    Ok(())
}
