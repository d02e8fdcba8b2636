//! One recording in a storage that can break, and what its tests share.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};
use twilio_room_recordings::{
    Client, Downloaded, Error, Media, Progress, RecordingSid, RetryPolicy, RoomRecording,
};

use super::fake_server::{Server, recording};
use super::storage::{Fate, Storage, api};
use super::{builder, client, http};

/// Not a multiple of any buffer's size.
pub const SIZE: usize = 300_007;

pub fn media_bytes() -> Vec<u8> {
    (0..SIZE).map(|index| (index * 31 / 7) as u8).collect()
}

/// The partial file of a run that was killed is resumed from a multiple of so many bytes.
pub const STEP: usize = 8 << 20;

/// Media that is resumed after one or two of them.
pub const LARGE: usize = 2 * STEP + 7;

pub fn large_media() -> Vec<u8> {
    let mut media = media_bytes().repeat(LARGE / SIZE + 1);
    media.truncate(LARGE);
    media
}

/// A completed recording of that many bytes.
pub fn completed(size: usize) -> Value {
    let mut json = recording(0);
    json["size"] = json!(size);
    json
}

pub fn record(json: Value) -> RoomRecording {
    serde_json::from_value(json).expect("a valid record")
}

pub fn sid() -> RecordingSid {
    record(recording(0)).sid
}

pub struct Setting {
    pub storage: Storage,
    pub api: Server,
    pub client: Client,
    pub size: usize,
}

impl Setting {
    pub fn new(fates: Vec<Fate>) -> Self {
        Self::of(media_bytes(), fates)
    }

    /// Media of [`LARGE`] bytes.
    pub fn large(fates: Vec<Fate>) -> Self {
        Self::of(large_media(), fates)
    }

    /// The storage and the record of other media.
    pub fn of(media: Vec<u8>, fates: Vec<Fate>) -> Self {
        let size = media.len();
        let storage = Storage::start(media, fates);
        let api = api(completed(size), &storage.url);
        let client = client(api.base_url());
        Self { storage, api, client, size }
    }

    pub fn with_retries(self, policy: RetryPolicy) -> Self {
        let client = builder(self.api.base_url()).retry(policy).build().expect("a client");
        Self { client, ..self }
    }

    pub fn without_retries(self) -> Self {
        self.with_retries(RetryPolicy::off())
    }

    pub fn media(&self) -> Media {
        self.client.recording(super::room(), sid()).media()
    }

    /// The media by a record that is at hand.
    pub fn known_media(&self) -> Media {
        self.client.media(&record(completed(self.size)))
    }

    /// Downloads into memory.
    pub fn download(&self) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        self.known_media().write_to(&mut out).map(|_| out)
    }

    #[track_caller]
    pub fn assert_downloads(&self) {
        assert!(self.download().unwrap() == media_bytes());
    }

    pub fn download_to(&self, path: &Path) -> Result<Downloaded, Error> {
        self.known_media().download_to(path)
    }
}

/// A callback that never cancels the download.
pub fn observing(
    mut callback: impl FnMut(Progress) + Send,
) -> impl FnMut(Progress) -> ControlFlow<()> + Send {
    move |progress| {
        callback(progress);
        ControlFlow::Continue(())
    }
}

/// Truncates the transfer three times.
pub fn truncated() -> Vec<Fate> {
    vec![Fate::CutAfter(1), Fate::CutAfter(SIZE / 2), Fate::CutAfter(SIZE - SIZE / 2 - 2)]
}

/// Retries without a delay.
pub fn retries(maximum: u32) -> RetryPolicy {
    RetryPolicy::default().max_retries(maximum).initial_backoff(Duration::ZERO)
}

pub fn redirect(target: &str) -> Fate {
    let headers = format!("Connection: close\r\nLocation: {target}\r\n");
    Fate::Raw(http("307 Temporary Redirect", &headers, b""))
}

/// The media without an entity tag, truncated after so many bytes.
pub fn untagged(bytes: usize) -> Fate {
    let complete = http("200 OK", "Connection: close\r\n", &media_bytes());
    Fate::Raw(complete[..complete.len() - SIZE + bytes].to_vec())
}

/// The media until the connection closes, without a length.
pub fn unframed(bytes: &[u8]) -> Fate {
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"one\"\r\n\r\n";
    Fate::Raw([head, bytes].concat())
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Leaves a partial file of the first so many bytes, as an interrupted download does, and returns
/// its path.
pub fn leave_partial_file(path: &Path, bytes: usize) -> std::path::PathBuf {
    let setting = Setting::new(vec![Fate::CutAfter(bytes)]).without_retries();
    setting.download_to(path).unwrap_err();
    partial_path(path)
}

/// The path of the partial file of [`sid`] with the entity tag `"one"`.
pub fn partial_path(path: &Path) -> std::path::PathBuf {
    let name = path.file_name().unwrap().to_str().unwrap();
    path.with_file_name(format!("{name}.bade9712850339f9.part"))
}

/// A download in a process of its own, which a wrapper may limit: the ignored test
/// `media_processes::download_of_a_child_process` of this program.
pub fn child_download(wrapper: &[&str], base_url: &str, path: &Path) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = match wrapper {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    };
    command
        .args([
            "--exact",
            "--ignored",
            "--nocapture",
            "media_processes::download_of_a_child_process",
        ])
        .env("MEDIA_BASE_URL", base_url)
        .env("MEDIA_PATH", path);
    command
}

/// What a download in a process of its own prints.
pub fn run(wrapper: &[&str], setting: &Setting, path: &Path) -> Output {
    child_download(wrapper, setting.api.base_url(), path).output().unwrap()
}

#[track_caller]
pub fn assert_prints(output: &Output, words: &str) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(words), "{words}: {text}{}", String::from_utf8_lossy(&output.stderr));
}
