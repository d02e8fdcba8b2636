//! The arguments of ffmpeg.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::graph;
use super::timeline::{Kind, Timeline};

/// One run of ffmpeg.
pub struct Plan {
    /// The files in the order in which ffmpeg numbers them.
    pub inputs: Vec<PathBuf>,
    /// The arguments between the global options and the output.
    arguments: Vec<OsString>,
}

impl Plan {
    /// Returns `None` if there is nothing to play.
    pub fn new(mut timeline: Timeline, audio_only: bool) -> Option<Self> {
        if audio_only {
            timeline.tracks.retain(|it| it.track.contents.kind == Kind::Audio);
        }
        let (has_audio, has_video) = (timeline.has(Kind::Audio), timeline.has(Kind::Video));
        let mut filters = Vec::new();
        let mut outputs: Vec<&str> = Vec::new();
        if has_video {
            filters.extend(graph::video(&timeline));
            outputs.extend(["-map", "[video]", "-pix_fmt", "yuv420p", "-preset", "veryfast"]);
        }
        if has_audio {
            filters.extend(graph::audio(&timeline));
            outputs.extend(["-map", "[audio]"]);
        }
        if filters.is_empty() {
            return None;
        }

        let mut arguments = Vec::new();
        for placed in &timeline.tracks {
            // A file that claims to be a playlist could name other files.
            arguments.extend(["-protocol_whitelist", "file", "-f", "matroska"].map(Into::into));
            if placed.track.contents.kind == Kind::Video {
                // Without it, a new resolution starts the whole graph anew.
                arguments.extend(["-reinit_filter", "0"].map(Into::into));
            }
            arguments.extend(["-i".into(), file_url(&placed.track.file)]);
        }
        // A track that cannot be decoded for the most part is no reason to stop.
        arguments.extend(["-max_error_rate".into(), "1".into()]);
        arguments.extend(["-filter_complex".into(), filters.join(";").into()]);
        arguments.extend(outputs.into_iter().map(Into::into));
        arguments.extend(["-t".into(), graph::seconds(timeline.end).into()]);
        let inputs = timeline.tracks.into_iter().map(|it| it.track.file).collect();
        Some(Self { inputs, arguments })
    }

    /// All arguments, with these global options.
    pub fn arguments(&self, options: &[&str], output: &Path) -> Vec<OsString> {
        let options = options.iter().map(Into::into);
        let arguments = self.arguments.iter().cloned();
        options.chain(arguments).chain([file_url(output)]).collect()
    }
}

/// A path that ffmpeg takes for nothing else, such as an option or a URL.
pub fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}
