//! The room that the examples work on: a real one if its SID is the first argument, and otherwise
//! one of a fake server that needs no account.

use twilio_room_recordings::{Client, ClientBuilder, Credentials, Error, RoomSid};

#[path = "../fake_server/mod.rs"]
mod fake_server;

/// A client and a room.
pub struct Setup {
    pub client: Client,
    pub room: RoomSid,
    _server: Option<fake_server::Server>,
}

impl Setup {
    /// The room of the first argument, with the credentials and `TWILIO_VIDEO_BASE_URL` of the
    /// environment.
    pub fn from_arguments() -> Result<Self, Error> {
        let Some(room) = std::env::args().nth(1) else {
            return Self::fake();
        };
        let mut client = ClientBuilder::from_env()?;
        if let Ok(url) = std::env::var("TWILIO_VIDEO_BASE_URL") {
            client = client.base_url(url);
        }
        Ok(Self { client: client.build()?, room: room.parse()?, _server: None })
    }

    fn fake() -> Result<Self, Error> {
        let server = fake_server::serve_room((0..25).map(fake_server::recording).collect());
        eprintln!("(a room of a fake server; pass a room's SID for a real one)");
        let credentials = Credentials::auth_token(fake_server::ACCOUNT.parse()?, "auth token");
        let client = Client::builder(credentials).base_url(server.base_url()).build()?;
        Ok(Self { client, room: fake_server::ROOM.parse()?, _server: Some(server) })
    }
}
