//! Stops in the middle of a listing, and resumes it from a text that could be stored in a file.

use setup::Setup;
use twilio_room_recordings::{Error, ResumePoint};

mod setup;

fn main() -> Result<(), Error> {
    let setup = Setup::from_arguments()?;
    let listing = || setup.client.recordings(setup.room).page_size(10);

    let mut recordings = listing().into_iter();
    for recording in recordings.by_ref().take(12) {
        println!("{}", recording?.sid);
    }
    let Some(point) = recordings.resume_point() else {
        println!("the room has no more recordings");
        return Ok(());
    };

    let stored = point.to_string();
    println!("stopped at {stored}");

    let point: ResumePoint = stored.parse()?;
    for recording in listing().continue_at(point) {
        println!("{}", recording?.sid);
    }
    Ok(())
}
