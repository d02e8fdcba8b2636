//! Writes the man pages of `twilio-recordings` into a folder, for packagers: a page for the tool
//! and one for each of its commands.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("usage: man_pages DIR"));
    };

    fs::create_dir_all(&folder)?;
    clap_mangen::generate_to(twilio_room_recordings_cli::command(), folder)
}
