//! Shows a listing page by page, each with the resume point of the next one.

use setup::Setup;
use twilio_room_recordings::Error;

mod setup;

fn main() -> Result<(), Error> {
    let setup = Setup::from_arguments()?;

    for page in setup.client.recordings(setup.room).page_size(10).pages() {
        let page = page?;
        println!("page {}: {} recordings", page.number, page.recordings.len());

        for recording in page.recordings.into_iter().flatten() {
            println!("  {}  {}", recording.sid, recording.status);
        }
        match page.next {
            Some(point) => println!("  the next page: {point}"),
            None => println!("  this is the last page"),
        }
    }
    Ok(())
}
