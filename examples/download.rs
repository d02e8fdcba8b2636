//! Downloads the media of one recording to a file, and shows the progress.

use std::error::Error;
use std::ops::ControlFlow;

use setup::Setup;
use twilio_room_recordings::Status;

mod setup;

fn main() -> Result<(), Box<dyn Error>> {
    let setup = Setup::from_arguments()?;

    // The largest of the completed recordings.
    let mut largest = None;
    for recording in setup.client.recordings(setup.room).status(Status::Completed) {
        let recording = recording?;
        largest = largest.into_iter().chain([recording]).max_by_key(|recording| recording.size);
    }
    let Some(recording) = largest else {
        println!("the room has no completed recording");
        return Ok(());
    };

    // If this program is killed and run again, the download is resumed.
    std::fs::create_dir_all("archive")?;
    let path = format!("archive/{}.media", recording.sid);
    let media = setup.client.media(&recording).on_progress(|progress| {
        eprint!("\r{} of {:?} bytes", progress.received, progress.total);
        ControlFlow::Continue(())
    });
    let downloaded = media.download_to(&path)?;

    eprintln!();
    println!("{path}: {} bytes", downloaded.size);
    println!("{} of them were transferred by this run", downloaded.transferred);
    Ok(())
}
