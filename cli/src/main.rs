//! `twilio-recordings`: lists, archives, fetches and deletes the recordings of Twilio Video rooms.

use std::process::ExitCode;

fn main() -> ExitCode {
    twilio_room_recordings_cli::main()
}
