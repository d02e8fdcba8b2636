//! Lists the recordings of a room with this crate.

use twilio_room_recordings::{Client, Error};

fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let room = std::env::args().nth(1).unwrap_or_default().parse()?;
    for recording in client.recordings(room) {
        let recording = recording?;
        println!("{} {} {:?}", recording.sid, recording.status, recording.duration);
    }
    Ok(())
}
