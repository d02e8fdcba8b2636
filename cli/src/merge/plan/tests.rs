//! Places and arguments.

use std::path::{Path, PathBuf};

use twilio_room_recordings::time::Duration;

use super::{Contents, Kind, Pause, Plan, Timeline, Track};

/// A track of ten seconds with that number.
fn track(number: usize, kind: Kind, offset: Option<i64>, start: f64) -> Track {
    let contents = Contents {
        kind,
        start: Duration::seconds_f64(start),
        length: Duration::seconds(10),
        pauses: Vec::new(),
    };
    Track {
        sid: format!("RT{number:032x}").parse().unwrap(),
        participant: format!("PA{number:032x}").parse().ok(),
        file: PathBuf::from(format!("{number}.mka")),
        offset: offset.map(Duration::milliseconds),
        contents,
    }
}

fn places(tracks: Vec<Track>) -> Vec<(PathBuf, Duration)> {
    let timeline = Timeline::new(tracks).unwrap();
    timeline.tracks.into_iter().map(|it| (it.track.file, it.place)).collect()
}

/// The command line of a plan.
fn command(tracks: Vec<Track>, audio_only: bool) -> String {
    let plan = Plan::new(Timeline::new(tracks).unwrap(), audio_only).unwrap();
    let words = plan.arguments(&["-y"], Path::new("room.mp4"));
    words.join(" ".as_ref()).into_string().unwrap()
}

#[test]
fn place_is_offset_plus_first_time_stamp_minus_the_smallest_sum() {
    let placed = |tracks: [(Option<i64>, f64); 3]| {
        let tracks = tracks.into_iter().enumerate();
        places(tracks.map(|(n, (offset, start))| track(n, Kind::Audio, offset, start)).collect())
    };
    let expected = [("1.mka", 0), ("0.mka", 1_500), ("2.mka", 19_225)];
    let expected = expected.map(|(file, ms)| (PathBuf::from(file), Duration::milliseconds(ms)));
    let far = 143_532_775_792;

    let late_files = [(Some(far), 3.064), (Some(far), 1.564), (Some(far), 20.789)];
    assert_eq!(placed(late_files), expected);
    let late_offsets = [(Some(far + 1_500), 0.0), (Some(far), 0.0), (Some(far + 19_225), 0.0)];
    assert_eq!(placed(late_offsets), expected);
    let both = [(Some(far + 1_000), 1.0), (Some(far), 0.5), (Some(far - 275), 20.0)];
    assert_eq!(placed(both), expected);
    let without_offset = [(Some(far), 3.064), (Some(far), 1.564), (None, 20.789)];
    assert_eq!(placed(without_offset), expected);
    assert_eq!(placed([(None, 3.064), (None, 1.564), (None, 20.789)]), expected);
}

#[test]
fn place_beyond_any_room_is_an_error() {
    for offset in [i64::MAX, i64::MIN, 7 * 24 * 3_600_000 + 1] {
        let tracks =
            vec![track(0, Kind::Audio, Some(0), 0.0), track(1, Kind::Audio, Some(offset), 0.0)];
        let Err(message) = Timeline::new(tracks) else { panic!("{offset} is accepted") };
        assert!(message.contains(".mka: ends ") && message.ends_with("at most 7d"), "{message}");
    }
}

#[test]
fn each_number_of_participants_has_a_grid_of_cells() {
    for (count, size, last) in [
        (1, "1280x720", "overlay=0:0"),
        (2, "1280x360", "overlay=640:0"),
        (3, "1280x720", "overlay=0:360"),
        (4, "1280x720", "overlay=640:360"),
        (9, "1920x1080", "overlay=1280:720"),
        (10, "1920x810", "overlay=480:540"),
        (17, "1920x864", "overlay=384:648"),
        (50, "1920x938", "overlay=240:804"),
    ] {
        let tracks = (0..count).map(|n| track(n, Kind::Video, Some(0), 0.0)).collect();
        let command = command(tracks, false);
        let picture = format!("color=black:size={size}:rate=30[c0]");
        assert!(command.contains(&picture), "{count}: {command}");
        let (_, overlay) = command.rsplit_once("overlay=").unwrap();
        assert!(
            format!("overlay={overlay}").starts_with(&format!("{last}:")),
            "{count}: {command}"
        );
    }
}

#[test]
fn sound_alone_keeps_its_place_on_the_time_line() {
    let tracks = || vec![track(0, Kind::Video, None, 1.0), track(1, Kind::Audio, None, 3.5)];
    let alone = command(tracks(), true);
    assert!(
        alone.contains("adelay=120000S:all=1[a0]") && alone.contains("-t 12.500000"),
        "{alone}"
    );
    assert!(!alone.contains("video") && !alone.contains("0.mka"), "{alone}");
    let both = command(tracks(), false);
    assert!(both.contains("adelay=120000S:all=1[a1]") && both.contains("-map [video]"), "{both}");

    let video = Timeline::new(vec![track(0, Kind::Video, None, 1.0)]).unwrap();
    assert!(Plan::new(video, true).is_none());
}

#[test]
fn long_pause_cuts_a_track_in_its_middle() {
    let mut paused = track(0, Kind::Audio, None, 0.0);
    let pause = |start, end| Pause { start: Duration::seconds(start), end: Duration::seconds(end) };
    paused.contents.pauses = vec![pause(2, 82), pause(90, 190)];
    let command = command(vec![paused], false);
    for part in [
        "[0:0]asegment=timestamps=42.000000|140.000000[p0.0][p0.1][p0.2]",
        "[p0.1]asetpts=PTS-82.000000/TB,",
        ",apad=whole_len=5184000,atrim=end_sample=5184000[f0.1]",
        "[f0.0][f0.1][f0.2]concat=n=3:v=0:a=1,adelay=0S:all=1[a0]",
    ] {
        assert!(command.contains(part), "{part} is missing: {command}");
    }
}
