//! The time stamps in a file, read by `ffprobe`.

use std::path::{Path, PathBuf};
use std::process::Command;

use twilio_room_recordings::time::Duration;

use super::plan::{Contents, Kind, LONG_PAUSE, Pause, file_url};
use super::program;
use crate::failure::Failure;
use crate::messages::Messages;
use crate::terminal;

/// The length of a packet that doesn't name its own.
const FRAME: Duration = Duration::milliseconds(40);

/// The `ffprobe` beside an `ffmpeg`.
pub struct Ffprobe(PathBuf);

impl Ffprobe {
    pub fn beside(ffmpeg: &Path) -> Self {
        let name = ffmpeg.file_name().unwrap_or_default().to_string_lossy();
        Self(ffmpeg.with_file_name(name.replacen("ffmpeg", "ffprobe", 1)))
    }

    /// Reads a file. Returns `None` if it has nothing that can be played.
    pub fn contents(&self, file: &Path, messages: &Messages) -> Result<Option<Contents>, Failure> {
        let mut command = Command::new(&self.0);
        command.args(["-v", "error", "-protocol_whitelist", "file", "-f", "matroska"]);
        command.args(["-select_streams", "0", "-of", "compact", "-show_entries"]);
        command.arg("packet=codec_type,pts_time,duration_time,flags:format=start_time");
        command.arg("-i").arg(file_url(file));

        let mut reading = Reading::default();
        let (mut last, mut damage) = (None, None);
        let status = program::run(
            &mut command,
            |line| reading.read(line),
            |line| {
                last = Some(terminal::shown(line));
                // Parsers and decoders also report what ffmpeg can play.
                if line.starts_with("[matroska") {
                    damage.get_or_insert_with(|| terminal::shown(line));
                }
            },
        )?;

        let shown = file.display();
        if !status.success() {
            let about_file = format!("{}: ", file_url(file).display());
            let reason = last.map_or(status.to_string(), |line| line.replacen(&about_file, "", 1));
            return Err(Failure::Other(format!("{shown}: ffprobe failed: {reason}")));
        }
        if let Some(damage) = damage {
            messages.warning(format_args!("{shown}: damaged: {damage}"));
        }
        Ok(reading.contents())
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    kind: Option<Kind>,
    has_key_frame: bool,
    first: Option<Duration>,
    end: Option<Duration>,
    pauses: Vec<Pause>,
    /// The first time stamp of the file.
    start: Option<Duration>,
}

impl Reading {
    /// Reads one line, such as `packet|codec_type=audio|pts_time=0.020000|…`.
    fn read(&mut self, line: &str) {
        let field = |name: &str| {
            line.split('|').find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        if line.starts_with("format|") {
            self.start = field("start_time").and_then(parse);
            return;
        }
        self.kind = match field("codec_type") {
            Some("audio") => Some(Kind::Audio),
            Some("video") => Some(Kind::Video),
            _ => return,
        };
        let Some(time) = field("pts_time").and_then(parse) else { return };
        self.has_key_frame |= field("flags").is_some_and(|flags| flags.starts_with('K'));

        let first = *self.first.get_or_insert(time);
        if let Some(end) = self.end
            && self.kind == Some(Kind::Audio)
            && time.saturating_sub(end) >= LONG_PAUSE
        {
            let since_first = |time: Duration| time.saturating_sub(first);
            self.pauses.push(Pause { start: since_first(end), end: since_first(time) });
        }
        let length = field("duration_time").and_then(parse).unwrap_or(FRAME);
        let end = time.saturating_add(length);
        self.end = Some(self.end.map_or(end, |before| before.max(end)));
    }

    fn contents(self) -> Option<Contents> {
        let kind = self.kind.filter(|_| self.has_key_frame)?;
        let (first, end) = (self.first?, self.end?);
        let start = self.start.unwrap_or(first);
        Some(Contents { kind, start, length: end.saturating_sub(first), pauses: self.pauses })
    }
}

fn parse(seconds: &str) -> Option<Duration> {
    Duration::checked_seconds_f64(seconds.parse().ok()?)
}
