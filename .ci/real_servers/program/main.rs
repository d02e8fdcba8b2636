//! A small program on the library, with its default features.
//!
//!     program list ROOM                     the records, one per line
//!     program download ROOM RECORDING FILE  the bytes that were transferred
//!
//! `AUTHORITY` names the file of the only certificate authority to trust, and `CERTIFICATE` that of a
//! client certificate and its key.

use std::error::Error;

use twilio_room_recordings::{Client, ClientBuilder, RootCertificates};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let client = client()?;

    match arguments[..] {
        ["list", room] => {
            for recording in client.recordings(room.parse()?) {
                println!("{}", recording?.sid);
            }
        }
        ["download", room, recording, file] => {
            let recording = client.recording(room.parse()?, recording.parse()?);
            println!("{}", recording.media().download_to(file)?.transferred);
        }
        _ => return Err("program list ROOM, or program download ROOM RECORDING FILE".into()),
    }
    Ok(())
}

fn client() -> Result<Client, Box<dyn Error>> {
    let mut client =
        ClientBuilder::from_env()?.on_retry(|retry| eprintln!("retry: {}", retry.error));
    if let Ok(url) = std::env::var("TWILIO_VIDEO_BASE_URL") {
        client = client.base_url(url);
    }
    if let Ok(file) = std::env::var("AUTHORITY") {
        client = client.root_certificates(RootCertificates::Pem(std::fs::read(file)?));
    }
    if let Ok(file) = std::env::var("CERTIFICATE") {
        let pem = std::fs::read(file)?;
        client = client.client_certificate(pem.clone(), pem);
    }
    Ok(client.build()?)
}
