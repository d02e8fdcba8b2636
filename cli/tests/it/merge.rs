//! `merge`: where the tones and colours of tracks are in the merged file.

use super::support::sid;
use super::support::tracks::{
    NewTrack, TrackRoom, assert_placed, assert_shown, colour, has_ffmpeg, probe, tone,
};

#[test]
fn tracks_are_placed_by_the_sum_of_offset_and_first_time_stamp() {
    if !has_ffmpeg() {
        return;
    }
    let late_files = [tone(0, 500, 1.0).start(1.564), tone(1, 900, 0.8).start(3.789)];
    let late_offsets = [tone(0, 500, 1.0).offset(500), tone(1, 900, 0.8).offset(2725)];
    let both = [tone(0, 500, 1.0).start(1.2), tone(1, 900, 0.8).offset(1725).start(1.7)];
    for tracks in [late_files, late_offsets, both] {
        let room = TrackRoom::of(&tracks);
        let merged = room.merge("room.m4a", &[]);
        assert_placed(&merged.tone(500), &[(0.0, 1.0)]);
        assert_placed(&merged.tone(900), &[(2.225, 3.025)]);
        assert_eq!(merged.streams(), ["audio"]);
        let summary = format!("{}: 2 tracks\n", merged.path.display());
        assert_eq!(merged.run.stderr, summary);
    }
}

#[test]
fn audio_and_video_of_participants_are_placed_alike() {
    if !has_ffmpeg() {
        return;
    }
    let room = TrackRoom::of(&[
        tone(0, 500, 2.0).of(1).start(0.6),
        colour(1, "red", 1.0).of(1).offset(300).start(0.8),
        tone(2, 900, 1.0).of(2).start(2.1),
        colour(3, "lime", 1.5).of(2).start(2.1),
    ]);
    let merged = room.merge("room.mp4", &[]);
    assert_eq!(merged.streams(), ["video", "audio"]);
    assert_placed(&merged.tone(500), &[(0.0, 2.0)]);
    assert_placed(&merged.tone(900), &[(1.5, 2.5)]);
    let red = [("black", 0.0, 0.5), ("red", 0.5, 1.5), ("black", 1.5, 3.0)];
    let cells = merged.colours(2, 1);
    assert_shown(&cells[0], &red);
    assert_shown(&cells[1], &[("black", 0.0, 1.5), ("lime", 1.5, 3.0)]);

    // The sound alone is on the same time line.
    let merged = room.merge("room.m4a", &["--audio-only"]);
    assert_eq!(merged.streams(), ["audio"]);
    assert_placed(&merged.tone(900), &[(1.5, 2.5)]);
}

#[test]
fn returning_participant_has_one_cell() {
    if !has_ffmpeg() {
        return;
    }
    let room = TrackRoom::of(&[
        colour(0, "red", 1.0).of(1),
        colour(1, "lime", 1.0).of(1).start(2.0),
        // At the same time as the second, but later.
        colour(2, "blue", 0.5).of(1).start(2.5),
        colour(3, "yellow", 3.0).of(2),
    ]);
    let merged = room.merge("room.mkv", &[]);
    assert_eq!(merged.streams(), ["video"]);
    assert_eq!(probe(&merged.path, "stream=width,height"), "1280,360");
    let cells = merged.colours(2, 1);
    assert_shown(&cells[1], &[("yellow", 0.0, 3.0)]);
    let expected = [("red", 0.0, 1.0), ("black", 1.0, 2.0), ("lime", 2.0, 2.5), ("blue", 2.5, 3.0)];
    assert_shown(&cells[0], &expected);
}

#[test]
fn ten_participants_have_a_cell_each() {
    if !has_ffmpeg() {
        return;
    }
    let names =
        ["red", "lime", "blue", "yellow", "magenta", "cyan", "white", "red", "lime", "blue"];
    let tracks = names.into_iter().enumerate().flat_map(|(number, name)| {
        let hertz = 500 + 200 * number as u32;
        [colour(number, name, 0.5), tone(10 + number, hertz, 0.5)]
            .map(|track| track.start(0.1 * number as f64))
    });
    let room = TrackRoom::of(&tracks.collect::<Vec<_>>());
    let merged = room.merge("room.mp4", &[]);
    assert_eq!(probe(&merged.path, "stream=width,height"), "1920,810");
    let cells = merged.colours(4, 3);
    // The first and the last cell, and those where the rows change.
    for number in [0, 3, 4, 9] {
        let (name, start) = (names[number], 0.1 * number as f64);
        let mut shown = cells[number].iter().filter(|it| it.0 != "black").copied();
        assert_shown(&[shown.next().unwrap()], &[(name, start, start + 0.5)]);
        assert_eq!(shown.next(), None);
        assert_placed(&merged.tone(500 + 200 * number as u32), &[(start, start + 0.5)]);
    }
}

#[test]
fn track_that_changes_its_resolution_keeps_its_cell_and_the_sound() {
    if !has_ffmpeg() {
        return;
    }
    let room = TrackRoom::of(&[colour(0, "red", 1.0), tone(1, 500, 2.0)]);
    let narrow =
        NewTrack { source: "color=red:size=120x160:rate=30:d=1".into(), ..colour(2, "", 1.0) };
    room.add(&narrow);
    std::fs::write(room.path("list"), format!("file {0}.mkv\nfile {1}.mkv\n", sid(0), sid(2)))
        .unwrap();
    let changing = format!("{}.mkv", sid(0));
    room.ffmpeg(&["-f", "concat", "-i", "list", "-c", "copy", "both.mkv"]);
    std::fs::rename(room.path("both.mkv"), room.path(&changing)).unwrap();
    room.add_entry(&room.entry(&colour(0, "red", 2.0), &changing));
    let mut gone = room.entry(&narrow, &changing);
    gone["type"] = "data".into();
    room.add_entry(&gone);

    let merged = room.merge("room.mp4", &[]);
    assert_shown(&merged.colours(1, 1)[0], &[("red", 0.0, 2.0)]);
    assert_shown(&merged.colours_at_left_edge(), &[("red", 0.0, 1.0), ("black", 1.0, 2.0)]);
    assert_placed(&merged.tone(500), &[(0.0, 2.0)]);
}

#[test]
fn track_without_a_key_frame_at_its_start_keeps_its_place() {
    if !has_ffmpeg() {
        return;
    }
    let mut late_key = colour(1, "lime", 2.0).start(0.5);
    late_key.arguments = "-g 30 -bsf:v noise=drop=lt(n\\,15)";
    let room = TrackRoom::of(&[colour(0, "red", 2.5), late_key]);
    assert_eq!(probe(&room.media(1), "packet=flags").chars().next(), Some('_'));

    let merged = room.merge("room.mp4", &[]);
    let expected = [("black", 0.0, 1.5), ("lime", 1.5, 2.5)];
    assert_shown(&merged.colours(2, 1)[1], &expected);
    let warning = format!("warning: {}: not all was decoded", room.media(1).display());
    assert!(merged.run.stderr.starts_with(&warning), "{}", merged.run.stderr);
}

#[test]
fn short_track_is_complete() {
    if !has_ffmpeg() {
        return;
    }
    let room = TrackRoom::of(&[
        tone(0, 500, 1.5),
        tone(1, 900, 0.3).start(0.7),
        colour(2, "red", 0.2).start(0.5),
        // One frame.
        colour(3, "lime", 0.03).start(1.0),
    ]);
    let merged = room.merge("room.mp4", &[]);
    assert_placed(&merged.tone(900), &[(0.7, 1.0)]);
    let red = [("black", 0.0, 0.5), ("red", 0.5, 0.7), ("black", 0.7, 1.5)];
    let cells = merged.colours(2, 1);
    assert_shown(&cells[0], &red);
    assert_eq!(cells[1].iter().filter(|it| it.0 == "lime").count(), 1);
}

#[test]
fn pauses_of_audio_stay_pauses() {
    if !has_ffmpeg() {
        return;
    }
    // A pause of 70 s, after one of 0.5 s.
    let mut paused = tone(0, 500, 3.0).offset(1000);
    paused.arguments = "-af asetpts=PTS+(gte(T\\,1)*0.5+gte(T\\,2)*70)/TB";
    let room = TrackRoom::of(&[paused, tone(1, 900, 0.5), tone(2, 1300, 0.5).start(74.0)]);
    let merged = room.merge("room.m4a", &[]);
    assert_placed(&merged.tone(500), &[(1.0, 2.0), (2.5, 3.5), (73.5, 74.5)]);
    assert_placed(&merged.tone(1300), &[(74.0, 74.5)]);
}

#[test]
fn many_small_pauses_do_not_add_up() {
    if !has_ffmpeg() {
        return;
    }
    // 20 ms of every 120 ms are missing: 5 s of sound become 6 s. Then another tone follows.
    let mut choppy = tone(0, 500, 6.0);
    choppy.source = "aevalsrc='0.2*sin(2*PI*t*if(lt(t\\,4.5)\\,500\\,900))':s=48000:d=5".into();
    choppy.arguments = "-af asetnsamples=960,asetpts=PTS+0.02*floor(N/960/5)/TB";
    let room = TrackRoom::of(&[choppy, tone(1, 1300, 6.0)]);
    let merged = room.merge("room.m4a", &[]);
    let found = merged.tone(900);
    assert!((found[0].0 - 5.4).abs() < 0.05, "{found:?}");
    assert!((found.last().unwrap().1 - 5.98).abs() < 0.05, "{found:?}");
}

#[test]
fn audio_of_any_rate_is_placed_and_mixed_without_clipping() {
    if !has_ffmpeg() {
        return;
    }
    let loud = |number: usize, hertz: u32| NewTrack {
        source: format!("aevalsrc=0.9*sin(2*PI*t*{hertz}):s=48000:d=2"),
        ..tone(number, hertz, 2.0)
    };
    let mut telephone = tone(3, 900, 1.0).start(1.0);
    telephone.arguments = "-c:a pcm_mulaw -ar 8000 -ac 1";
    let room = TrackRoom::of(&[loud(0, 300), loud(1, 500), loud(2, 700), telephone]);
    let merged = room.merge("room.m4a", &[]);
    assert_placed(&merged.tone(500), &[(0.0, 2.0)]);
    assert_placed(&merged.tone(900), &[(1.0, 2.0)]);
    let peak = merged.peak();
    assert!((0.5..0.99).contains(&peak), "{peak}");
}

#[test]
fn one_voice_keeps_its_volume_among_many() {
    if !has_ffmpeg() {
        return;
    }
    let room = TrackRoom::of(&[tone(0, 500, 1.0)]);
    let alone = room.merge("room.m4a", &[]).peak();
    let mut tracks: Vec<_> = (1..6).map(|it| tone(it, 900, 0.2).start(1.5)).collect();
    tracks.push(tone(0, 500, 1.0));
    let room = TrackRoom::of(&tracks);
    let peak = room.merge("room.m4a", &[]).peak();
    assert!(alone > 0.05 && peak >= alone * 0.9, "{alone}, {peak}");
}
