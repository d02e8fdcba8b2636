//! Lists the recordings of a room.

use setup::Setup;
use twilio_room_recordings::{Error, ErrorKind, Status};

mod setup;

fn main() -> Result<(), Error> {
    let setup = Setup::from_arguments()?;
    let (mut count, mut completed, mut bytes) = (0, 0, 0);

    for recording in setup.client.recordings(setup.room) {
        let recording = match recording {
            Ok(recording) => recording,
            // The listing continues after an invalid record, and ends after any other error.
            Err(error) if matches!(error.kind(), ErrorKind::InvalidRecord(_)) => {
                eprintln!("skipped: {error}");
                continue;
            }
            Err(error) => return Err(error),
        };

        let created = recording.date_created.date();
        let track = recording.track_name.as_deref().unwrap_or("-");
        println!("{}  {:10}  {created}  {}", recording.sid, recording.status, track.escape_debug());

        count += 1;
        if recording.status == Status::Completed {
            completed += 1;
            bytes += recording.size.unwrap_or(0);
        }
    }

    println!("{count} recordings; {completed} completed, {bytes} bytes");
    Ok(())
}
