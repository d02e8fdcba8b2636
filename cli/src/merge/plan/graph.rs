//! The filter graph of ffmpeg.

use twilio_room_recordings::time::Duration;

use super::grid::Grid;
use super::timeline::{Kind, Pause, Placed, Timeline};

/// The sample rate of the result in Hz, which is that of Opus.
const RATE: i128 = 48_000;

/// Turns time stamps into samples. A deviation above 30 ms is corrected with silence or a cut, so
/// that audio doesn't drift. ffmpeg's own limit is 100 ms.
const ALIGNED: &str = "aresample=48000:async=1:min_hard_comp=0.03:first_pts=0,\
    aformat=sample_rates=48000:channel_layouts=stereo";

/// The filters that make the output `[audio]`, which has no end.
pub fn audio(timeline: &Timeline) -> Vec<String> {
    let mut filters = Vec::new();
    let mut mix = String::new();
    let mut count = 0;
    for (input, placed) in tracks(timeline, Kind::Audio) {
        let delay = samples(placed.place);
        let pauses = &placed.track.contents.pauses;
        let aligned = match pauses.as_slice() {
            [] => format!("[{input}:0]{ALIGNED}"),
            pauses => with_long_pauses(input, pauses, &mut filters),
        };
        // aresample could insert the delay too, but would hold all its silence in memory.
        filters.push(format!("{aligned},adelay={delay}S:all=1[a{input}]"));
        mix += &format!("[a{input}]");
        count += 1;
    }

    // Without normalization a voice keeps its volume, however many others there are. The limiter
    // keeps their sum from clipping.
    filters.push(format!(
        "{mix}amix=inputs={count}:normalize=0,alimiter=level=disabled:limit=0.89,apad[audio]"
    ));
    filters
}

/// Cuts a track in the middle of each long pause, and puts the parts together with generated
/// silence. Returns the beginning of the filter chain that continues with the track.
fn with_long_pauses(input: usize, pauses: &[Pause], filters: &mut Vec<String>) -> String {
    let cuts: Vec<_> = pauses.iter().map(|it| seconds((it.start + it.end) / 2)).collect();
    let part = |index: usize| format!("[p{input}.{index}]");
    let parts: String = (0..=pauses.len()).map(part).collect();
    filters.push(format!("[{input}:0]asegment=timestamps={}{parts}", cuts.join("|")));

    let mut start = Duration::ZERO;
    let mut filled = String::new();
    for index in 0..=pauses.len() {
        let mut filter = format!("{}asetpts=PTS-{}/TB,{ALIGNED}", part(index), seconds(start));
        if let Some(pause) = pauses.get(index) {
            let length = samples(pause.end) - samples(start);
            filter += &format!(",apad=whole_len={length},atrim=end_sample={length}");
            start = pause.end;
        }
        filters.push(format!("{filter}[f{input}.{index}]"));
        filled += &format!("[f{input}.{index}]");
    }
    format!("{filled}concat=n={}:v=0:a=1", pauses.len() + 1)
}

/// The filters that make the output `[video]`, which has no end.
pub fn video(timeline: &Timeline) -> Vec<String> {
    let grid = Grid::new(timeline);
    let (width, height) = grid.size();
    let mut filters = Vec::new();
    let mut picture = format!("color=black:size={width}x{height}:rate=30");

    for (input, placed) in tracks(timeline, Kind::Video) {
        let Grid { width, height, .. } = grid;
        let (x, y) = grid.position(&placed.track);
        let (place, end) = (seconds(placed.place), seconds(placed.end()));
        // The resolution of a track may change, so the size is computed for each frame.
        filters.push(format!(
            "[{input}:0]setpts=PTS+{place}/TB,\
             scale={width}:{height}:force_original_aspect_ratio=decrease:eval=frame,\
             pad={width}:{height}:-1:-1:eval=frame[v{input}]"
        ));
        filters.push(format!("{picture}[c{input}]"));
        // The last frame stays until the end of the track.
        picture = format!("[c{input}][v{input}]overlay={x}:{y}:enable=lt(t\\,{end})");
    }
    filters.push(format!("{picture}[video]"));
    filters
}

/// The tracks of a kind, each with the number of its input.
fn tracks(timeline: &Timeline, kind: Kind) -> impl Iterator<Item = (usize, &Placed)> {
    let all = timeline.tracks.iter().enumerate();
    all.filter(move |(_, placed)| placed.track.contents.kind == kind)
}

/// The form in which ffmpeg reads a time.
pub fn seconds(duration: Duration) -> String {
    format!("{}.{:06}", duration.whole_seconds(), duration.subsec_microseconds())
}

fn samples(duration: Duration) -> i128 {
    duration.whole_microseconds() * RATE / 1_000_000
}
