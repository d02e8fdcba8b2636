//! A room to be archived, with its media in a storage that can fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::program::{Run, program};
use super::{ROOM, Room, SIGNATURE, Server, Storage, media, media_redirect, recording};

/// A room, its storage, and a folder to archive it into.
pub struct ArchivedRoom {
    pub recordings: Vec<Value>,
    pub storage: Storage,
    pub api: Server,
    parent: tempfile::TempDir,
}

impl ArchivedRoom {
    /// 20 recordings, of which 10 are completed, and none has failed.
    pub fn new() -> Self {
        Self::of((0..25).map(recording).filter(|it| it["status"] != "failed").collect())
    }

    pub fn of(recordings: Vec<Value>) -> Self {
        let all = Arc::new(recordings.clone());
        let storage = Storage::of(move |path| {
            media(all.iter().find(|it| path[1..] == it["sid"]).expect("a recording"))
        });
        let url = storage.url.clone();
        let room = Room::new(recordings.clone());
        let api = Server::start(move |request| {
            let Some(path) = request.uri.path().strip_suffix("/Media") else {
                return room.respond(request);
            };
            let sid = path.rsplit('/').next().expect("a SID");
            media_redirect(&format!("{url}/{sid}?{SIGNATURE}"))
        });
        Self { recordings, storage, api, parent: tempfile::tempdir().expect("a folder") }
    }

    /// The folder of the archive, which does not exist yet.
    pub fn folder(&self) -> PathBuf {
        self.parent.path().join("archive")
    }

    pub fn record_file(&self) -> PathBuf {
        self.folder().join("recordings.ndjson")
    }

    /// `archive` into the folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.api.base_url());
        command.args(["archive", ROOM, "--to"]).arg(self.folder()).args(arguments);
        command
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// The recordings that are to be archived.
    pub fn completed(&self) -> impl Iterator<Item = &Value> {
        self.recordings.iter().filter(|it| it["status"] == "completed")
    }

    /// Their SIDs, sorted.
    pub fn completed_sids(&self) -> Vec<String> {
        let mut sids: Vec<_> = self.completed().map(sid_of).collect();
        sids.sort();
        sids
    }

    /// The files that should be in the folder, except for the record file.
    pub fn expected(&self) -> BTreeMap<String, Vec<u8>> {
        self.completed().map(|it| (file_name(it), media(it))).collect()
    }

    /// The files that are in the folder, except for the record file.
    pub fn found(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.folder()).expect("the folder").map(Result::unwrap);
        entries
            .map(|it| (it.file_name().into_string().unwrap(), fs::read(it.path()).unwrap()))
            .filter(|(name, _)| name != "recordings.ndjson")
            .collect()
    }

    /// The SIDs in the record file, sorted.
    pub fn recorded_sids(&self) -> Vec<String> {
        let mut sids: Vec<_> = records(&self.record_file()).iter().map(sid_of).collect();
        sids.sort();
        sids
    }

    /// Checks that the folder holds all completed recordings, each record once, and nothing else.
    #[track_caller]
    pub fn assert_is_archived(&self) {
        assert!(self.found() == self.expected(), "{:?}", self.found().keys());
        assert_eq!(self.recorded_sids(), self.completed_sids());
    }

    /// The SIDs of the recordings that were deleted, in order.
    pub fn deleted_sids(&self) -> Vec<String> {
        let requests = self.api.requests().into_iter();
        requests
            .filter(|it| it.method == "DELETE")
            .map(|it| it.uri.path().rsplit('/').next().expect("a SID").to_owned())
            .collect()
    }
}

pub fn sid_of(recording: &Value) -> String {
    recording["sid"].as_str().expect("a SID").to_owned()
}

pub fn file_name(recording: &Value) -> String {
    let format = recording["container_format"].as_str().expect("a format");
    format!("{}.{format}", sid_of(recording))
}

/// The entry of a recording that is archived in the folder itself.
pub fn entry(recording: &Value) -> Value {
    let media = media(recording);
    let mut entry = recording.clone();
    entry["archive"] = json!({
        "file": file_name(recording),
        "size": media.len(),
        "sha256": sha256(&media),
        "date": "2026-01-31T10:00:00Z",
    });
    entry
}

/// A SHA-256 hash in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The lines of a record file.
pub fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a record file");
    assert!(text.is_empty() || text.ends_with('\n'), "an incomplete last line");
    text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
}
