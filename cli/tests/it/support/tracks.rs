//! An archived room whose tracks are tones and colours, and the places of these in a merged file.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::program::{Run, program};
use super::{ROOM, is_available, recording, sid};

pub fn has_ffmpeg() -> bool {
    is_available("ffmpeg", &["-version"])
}

/// The folder of an archive that is made by hand.
pub struct TrackRoom {
    folder: tempfile::TempDir,
}

/// A track to be made.
#[derive(Clone)]
pub struct NewTrack {
    pub number: usize,
    pub participant: usize,
    /// The offset of the record in milliseconds.
    pub offset: Option<i64>,
    /// The first time stamp in the file in seconds.
    pub start: f64,
    /// ffmpeg's source, such as `sine=440:d=1`.
    pub source: String,
    /// More arguments of ffmpeg.
    pub arguments: &'static str,
}

/// The offset of the tests' room, which is beyond 32 bits.
pub const OFFSET: i64 = 143_532_775_792;

/// A tone of that frequency, which must be a multiple of 50 Hz.
pub fn tone(number: usize, hertz: u32, seconds: f64) -> NewTrack {
    let source = format!("sine={hertz}:sample_rate=48000:d={seconds}");
    NewTrack { source, ..NewTrack::new(number) }
}

/// A picture of one colour.
pub fn colour(number: usize, name: &str, seconds: f64) -> NewTrack {
    let source = format!("color={name}:size=160x90:rate=30:d={seconds}");
    NewTrack { source, ..NewTrack::new(number) }
}

impl NewTrack {
    fn new(number: usize) -> Self {
        let (offset, source) = (Some(OFFSET), String::new());
        Self { number, participant: number, offset, start: 0.0, source, arguments: "" }
    }

    pub fn of(self, participant: usize) -> Self {
        Self { participant, ..self }
    }

    /// Sets the offset beyond that of the room, in milliseconds.
    pub fn offset(self, more: i64) -> Self {
        Self { offset: Some(OFFSET + more), ..self }
    }

    /// Sets the first time stamp in the file, in seconds.
    pub fn start(self, start: f64) -> Self {
        Self { start, ..self }
    }

    fn is_audio(&self) -> bool {
        self.source.starts_with("sine") || self.source.starts_with("aevalsrc")
    }

    fn codec(&self) -> &'static str {
        match self.is_audio() {
            true => "-c:a libopus -b:a 64k",
            false => "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 200k",
        }
    }

    fn file_name(&self) -> String {
        format!("{}.{}", sid(self.number), if self.is_audio() { "mka" } else { "mkv" })
    }
}

impl TrackRoom {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    #[track_caller]
    pub fn of(tracks: &[NewTrack]) -> Self {
        let room = Self::new();
        room.add_all(tracks);
        room
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn media(&self, number: usize) -> PathBuf {
        ["mka", "mkv"]
            .map(|it| self.path(&format!("{}.{it}", sid(number))))
            .into_iter()
            .find(|path| path.exists())
            .expect("a media file")
    }

    #[track_caller]
    pub fn add(&self, track: &NewTrack) {
        self.add_all(std::slice::from_ref(track));
    }

    /// Makes the files of tracks with one run of ffmpeg, and adds their entries.
    #[track_caller]
    fn add_all(&self, tracks: &[NewTrack]) {
        let mut arguments: Vec<String> = Vec::new();
        for track in tracks {
            arguments.extend(["-f", "lavfi", "-i", &track.source].map(str::to_owned));
        }
        for (index, track) in tracks.iter().enumerate() {
            let line = format!(
                "-map {index} {} {} -output_ts_offset {} {}",
                track.codec(),
                track.arguments,
                track.start,
                track.file_name(),
            );
            arguments.extend(line.split_whitespace().map(str::to_owned));
        }
        self.ffmpeg(&arguments.iter().map(String::as_str).collect::<Vec<_>>());

        for track in tracks {
            self.add_entry(&self.entry(track, &track.file_name()));
        }
    }

    /// The entry of a track.
    pub fn entry(&self, track: &NewTrack, name: &str) -> Value {
        let mut entry = recording(track.number);
        let size = fs::metadata(self.path(name)).map_or(0, |file| file.len());
        entry["status"] = json!("completed");
        entry["type"] = json!(if track.is_audio() { "audio" } else { "video" });
        entry["offset"] = json!(track.offset);
        entry["size"] = json!(size);
        entry["grouping_sids"]["participant_sid"] = json!(format!("PA{:032x}", track.participant));
        let date = "2026-11-28T03:17:09Z";
        entry["archive"] =
            json!({"file": name, "size": size, "sha256": "0".repeat(64), "date": date});
        entry
    }

    pub fn add_entry(&self, entry: &Value) {
        let path = self.path("recordings.ndjson");
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, format!("{before}{entry}\n")).expect("a record file");
    }

    /// Runs ffmpeg in the folder.
    #[track_caller]
    pub fn ffmpeg(&self, arguments: &[&str]) {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-y"]).args(arguments);
        let output = command.current_dir(self.folder.path()).output().expect("ffmpeg");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// `merge` into a file of that name in the folder.
    pub fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = program("http://127.0.0.1:1");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // No credentials are needed.
        command.env_remove("TWILIO_ACCOUNT_SID").env_remove("TWILIO_AUTH_TOKEN");
        command.args(["merge", ROOM, "--from"]).arg(self.folder.path());
        command.arg("--to").arg(self.path(name)).args(arguments);
        command
    }

    #[track_caller]
    pub fn merge(&self, name: &str, arguments: &[&str]) -> Merged {
        let run = Run::of(&mut self.command(name, arguments)).expect(0);
        Merged { path: self.path(name), run, sound: OnceCell::new() }
    }
}

/// A merged file.
pub struct Merged {
    pub path: PathBuf,
    pub run: Run,
    sound: OnceCell<Vec<f32>>,
}

const RATE: usize = 8000;
const WINDOW: usize = RATE / 50;
const FRAMES: f64 = 30.0;

impl Merged {
    /// The times in seconds between which a tone is heard for 50 ms or more.
    pub fn tone(&self, hertz: u32) -> Vec<(f64, f64)> {
        let samples = self.sound.get_or_init(|| self.samples(1));
        let step = WINDOW / 4;
        let powers: Vec<f64> = (0..samples.len().saturating_sub(WINDOW))
            .step_by(step)
            .map(|at| power(&samples[at..at + WINDOW], f64::from(hertz)))
            .collect();
        let loudest = powers.iter().copied().fold(0.0, f64::max);
        assert!(loudest > 0.001, "{hertz} Hz is not heard: {loudest}");
        let second = |window: usize| (window * step + WINDOW / 2) as f64 / RATE as f64;
        let mut found = intervals(powers.iter().map(|power| *power > loudest / 4.0), second);
        found.retain(|(start, end)| end - start > 0.05);
        found
    }

    /// The loudest sample of the file, of which 1 is the limit.
    pub fn peak(&self) -> f32 {
        self.samples(2).iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
    }

    fn samples(&self, channels: u32) -> Vec<f32> {
        let channels = channels.to_string();
        let rate = RATE.to_string();
        let bytes = self.decoded(&["-map", "0:a", "-ac", &channels, "-ar", &rate, "-f", "f32le"]);
        bytes.chunks_exact(4).map(|it| f32::from_le_bytes(it.try_into().unwrap())).collect()
    }

    /// For each cell of a picture with that number of columns and rows, the colours of its middle,
    /// and the times in seconds between which it has them.
    pub fn colours(&self, columns: usize, rows: usize) -> Vec<Vec<(&'static str, f64, f64)>> {
        let pixels = self.pixels(columns, rows);
        let size = columns * 16 * rows * 9;
        let of_cell = |cell: usize| {
            let (x, y) = (cell % columns * 16 + 8, cell / columns * 9 + 4);
            let names =
                pixels.chunks_exact(size * 3).map(|frame| name(frame, y * columns * 16 + x));
            named(&names.collect::<Vec<_>>())
        };
        (0..columns * rows).map(of_cell).collect()
    }

    /// The same of the left edge of the picture.
    pub fn colours_at_left_edge(&self) -> Vec<(&'static str, f64, f64)> {
        let pixels = self.pixels(1, 1);
        let frames = pixels.chunks_exact(16 * 9 * 3);
        named(&frames.map(|frame| name(frame, 4 * 16)).collect::<Vec<_>>())
    }

    /// The frames, with 16 by 9 pixels for each cell.
    fn pixels(&self, columns: usize, rows: usize) -> Vec<u8> {
        let scale = format!("scale={}:{}:flags=neighbor", columns * 16, rows * 9);
        self.decoded(&["-map", "0:v", "-vf", &scale, "-pix_fmt", "rgb24", "-f", "rawvideo"])
    }

    #[track_caller]
    fn decoded(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-i"]).arg(&self.path).args(arguments).arg("-");
        let output = command.output().expect("ffmpeg");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        output.stdout
    }

    /// The types of the streams.
    pub fn streams(&self) -> Vec<String> {
        probe(&self.path, "stream=codec_type").lines().map(str::to_owned).collect()
    }

    /// The duration of a stream in seconds.
    pub fn duration(&self) -> f64 {
        probe(&self.path, "format=duration").parse().expect("a number")
    }
}

/// What ffprobe prints for these entries.
pub fn probe(path: &Path, entries: &str) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0"]).arg(path);
    String::from_utf8(command.output().expect("ffprobe").stdout).expect("text").trim().to_owned()
}

/// Checks that there is one interval, and that it is within 50 ms of where it belongs.
#[track_caller]
pub fn assert_placed(found: &[(f64, f64)], expected: &[(f64, f64)]) {
    let is_near = |(it, other): (&(f64, f64), &(f64, f64))| {
        (it.0 - other.0).abs() < 0.05 && (it.1 - other.1).abs() < 0.05
    };
    let is_placed = found.len() == expected.len() && found.iter().zip(expected).all(is_near);
    assert!(is_placed, "found {found:?}, expected {expected:?}");
}

/// Checks the colours of a cell in order, and each one's place. What is shorter than 50 ms does not
/// count: a track begins between two frames.
#[track_caller]
pub fn assert_shown(found: &[(&str, f64, f64)], expected: &[(&str, f64, f64)]) {
    let names = |all: &[(&str, f64, f64)]| all.iter().map(|it| it.0.to_owned()).collect::<Vec<_>>();
    let times = |all: &[(&str, f64, f64)]| all.iter().map(|it| (it.1, it.2)).collect::<Vec<_>>();
    let found: Vec<_> = found.iter().copied().filter(|it| it.2 - it.1 > 0.05).collect();
    assert_eq!(names(&found), names(expected), "found {found:?}, expected {expected:?}");
    assert_placed(&times(&found), &times(expected));
}

/// The power of a frequency, by the algorithm of Goertzel.
fn power(samples: &[f32], hertz: f64) -> f64 {
    let coefficient = 2.0 * (std::f64::consts::TAU * hertz / RATE as f64).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        (last, before) = (f64::from(*sample) + coefficient * last - before, last);
    }
    let power = last * last + before * before - coefficient * last * before;
    power / (samples.len() * samples.len()) as f64
}

fn intervals(
    present: impl Iterator<Item = bool>,
    second: impl Fn(usize) -> f64,
) -> Vec<(f64, f64)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for index in present.enumerate().filter_map(|(index, is_there)| is_there.then_some(index)) {
        match found.last_mut() {
            Some((_, end)) if *end + 1 == index => *end = index,
            _ => found.push((index, index)),
        }
    }
    found.iter().map(|(start, end)| (second(*start), second(*end))).collect()
}

/// The name of a pixel's colour.
fn name(frame: &[u8], pixel: usize) -> &'static str {
    let is_on = |channel: usize| frame[pixel * 3 + channel] > 90;
    match (is_on(0), is_on(1), is_on(2)) {
        (false, false, false) => "black",
        (true, false, false) => "red",
        (false, true, false) => "lime",
        (false, false, true) => "blue",
        (true, true, false) => "yellow",
        (true, false, true) => "magenta",
        (false, true, true) => "cyan",
        (true, true, true) => "white",
    }
}

/// The names and times of runs of frames.
fn named(frames: &[&'static str]) -> Vec<(&'static str, f64, f64)> {
    let mut found: Vec<(&'static str, f64, f64)> = Vec::new();
    for (index, name) in frames.iter().enumerate() {
        let end = (index + 1) as f64 / FRAMES;
        match found.last_mut() {
            Some(last) if last.0 == *name => last.2 = end,
            _ => found.push((name, index as f64 / FRAMES, end)),
        }
    }
    found
}
