//! An API and a storage that are far away.

use std::time::Duration;

use serde_json::{Value, json};

use super::gate::Gate;
use super::program::{Run, program};
use super::{ROOM, Room, Server, media_redirect, recording};

/// An API and a storage that delay each request.
pub struct GatedService {
    pub api: Gate,
    pub storage: Gate,
    folder: tempfile::TempDir,
    _servers: [Server; 2],
}

impl GatedService {
    /// A room of completed recordings.
    pub fn start(recordings: usize, delay: Duration) -> Self {
        let recordings: Vec<_> = (0..recordings).map(small_recording).collect();
        let room = Room::new(recordings.clone());
        let storage_server = Server::start(move |request| room.respond(request));
        let storage = Gate::start(storage_server.base_url(), delay);

        let storage_url = storage.base_url.clone();
        let room = Room::new(recordings);
        let api_server = Server::start(move |request| {
            let response = room.respond(request);
            match response.headers().get("location") {
                Some(location) => {
                    let (_, path) = location.to_str().unwrap().split_once("/storage/").unwrap();
                    media_redirect(&format!("{storage_url}/storage/{path}"))
                }
                None => response,
            }
        });
        let api = Gate::start(api_server.base_url(), delay);
        let folder = tempfile::tempdir().expect("a folder");
        Self { api, storage, folder, _servers: [api_server, storage_server] }
    }

    /// The number of files in the archive.
    pub fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path()).expect("the folder").count()
    }

    #[track_caller]
    pub fn archive(&self, jobs: usize, arguments: &[&str]) -> Run {
        let mut command = program(&self.api.base_url);
        command.args(["archive", ROOM, "--jobs", &jobs.to_string()]).args(arguments);
        Run::of(command.arg("--to").arg(self.folder.path())).expect(0)
    }
}

fn small_recording(number: usize) -> Value {
    let mut recording = recording(number);
    recording["status"] = json!("completed");
    recording["size"] = json!(1000 + number);
    recording
}
