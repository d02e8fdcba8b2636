//! Downloads the completed recordings of a room into a folder, on several threads.
//!
//! The command-line tool, `twilio-recordings archive`, does this with a file of records and with
//! deletions.

use std::error::Error as StdError;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use setup::Setup;
use twilio_room_recordings::{Client, Error, RoomRecording, Status};

mod setup;

const THREADS: usize = 4;

fn main() -> Result<(), Box<dyn StdError>> {
    let setup = Setup::from_arguments()?;
    let folder = Path::new("archive");
    fs::create_dir_all(folder)?;

    // The list is complete before the first download, so that its page tokens do not expire.
    let recordings = setup.client.recordings(setup.room).status(Status::Completed);
    let recordings = recordings.into_iter().collect::<Result<Vec<RoomRecording>, Error>>()?;
    let queue = Mutex::new(recordings.into_iter());

    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let next = || queue.lock().expect("a queue").next();
                while let Some(recording) = next() {
                    match save(&setup.client, &recording, folder) {
                        Ok(line) => println!("{}: {line}", recording.sid),
                        Err(error) => eprintln!("{}: {error}", recording.sid),
                    }
                }
            });
        }
    });
    println!("see {}", folder.display());
    Ok(())
}

/// Downloads one recording, unless its file is already there.
fn save(client: &Client, recording: &RoomRecording, folder: &Path) -> Result<String, Error> {
    let path = folder.join(recording.file_name());
    let downloaded = client.media(recording).download_to(path)?;
    Ok(format!("{} bytes, {} transferred", downloaded.size, downloaded.transferred))
}
