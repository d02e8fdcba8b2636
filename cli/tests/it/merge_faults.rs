//! `merge`: what it leaves out, what it refuses, and what it does to files.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::program::Run;
use super::support::tracks::{NewTrack, TrackRoom, assert_placed, has_ffmpeg, probe, tone};
use super::support::{ROOM, UNKNOWN_ROOM, sid};

/// A room with one short track.
fn small_room() -> TrackRoom {
    TrackRoom::of(&[tone(0, 500, 0.2)])
}

/// The names in the folder besides those of the archive.
fn made(room: &TrackRoom) -> Vec<String> {
    let entries = fs::read_dir(room.path("")).expect("the folder").map(Result::unwrap);
    let names = entries.map(|it| it.file_name().into_string().expect("a name"));
    names.filter(|name| !name.ends_with(".mka") && name != "recordings.ndjson").collect()
}

#[test]
fn data_track_is_left_out_and_missing_offset_is_that_of_the_room() {
    if !has_ffmpeg() {
        return;
    }
    let room = TrackRoom::of(&[
        tone(0, 500, 0.5).start(2.0),
        NewTrack { offset: None, ..tone(1, 900, 0.5).start(3.0) },
        tone(2, 1300, 0.5).offset(700).start(2.0),
    ]);
    let mut data = room.entry(&tone(3, 500, 0.1), "no file");
    data["type"] = json!("data");
    room.add_entry(&data);

    let merged = room.merge("room.m4a", &[]);
    let expected = format!(
        "{}: left out: a data track\n\
         warning: {}: no offset: the smallest of the room is used\n\
         {}: 3 tracks\n",
        sid(3),
        sid(1),
        merged.path.display()
    );
    assert_eq!(merged.run.stderr, expected);
    assert_placed(&merged.tone(500), &[(0.0, 0.5)]);
    assert_placed(&merged.tone(900), &[(1.0, 1.5)]);
    assert_placed(&merged.tone(1300), &[(0.7, 1.2)]);
}

#[test]
fn each_track_that_cannot_be_used_is_named() {
    if !has_ffmpeg() {
        return;
    }
    let room = small_room();
    let name = format!("{}.mka", sid(0));
    let changed = |number: usize, change: &dyn Fn(&mut Value)| {
        let mut entry = room.entry(&tone(number, 500, 0.1), &name);
        change(&mut entry);
        room.add_entry(&entry);
    };
    changed(1, &|entry| entry["encryption_key"] = json!("CR1"));
    changed(2, &|entry| entry["archive"]["file"] = json!("missing.mka"));
    changed(3, &|entry| entry["archive"]["size"] = json!(1));
    changed(4, &|entry| entry["archive"]["encryption"] = json!({"key": "a", "iv": "b"}));
    changed(5, &|entry| entry["archive"]["file"] = json!("folder"));
    fs::create_dir(room.path("folder")).unwrap();

    let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
    let size = fs::metadata(room.media(0)).unwrap().len();
    let folder = room.path("");
    let folder = folder.display();
    for (line, expected) in run.stderr_lines().into_iter().zip([
        "encrypted, and its encryption data is not archived".to_owned(),
        format!("could not read {folder}missing.mka: No such file or directory (os error 2)"),
        format!("{folder}{name}: {size} bytes, expected 1: archive it again"),
        "encrypted: merge cannot use it; the cookbook has the commands that decrypt it".into(),
        format!("{folder}folder: expected a regular file"),
    ]) {
        let (start, reason) = line.split_at("error: ".len() + 34);
        assert!(start.starts_with("error: RT"), "{line}");
        assert_eq!(reason, format!(": {expected}"));
    }
    assert_eq!(run.stderr_lines().len(), 5);
    fs::remove_dir(room.path("folder")).unwrap();
    assert!(made(&room).is_empty());
}

#[test]
fn line_that_is_no_entry_is_an_error() {
    if !has_ffmpeg() {
        return;
    }
    let room = small_room();
    let entry = room.entry(&tone(0, 500, 0.2), &format!("{}.mka", sid(0)));
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut entry = entry.clone();
        change(&mut entry);
        entry.to_string()
    };
    let record_file = room.path("recordings.ndjson");
    for line in [
        "no record".to_owned(),
        changed(&|entry| entry["archive"] = Value::Null),
        changed(&|entry| entry["archive"]["file"] = json!("../x.mka")),
        changed(&|entry| entry["archive"]["file"] = json!("/etc/passwd")),
    ] {
        fs::write(&record_file, format!("{entry}\n{line}\n")).unwrap();
        let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
        let error = format!(
            "error: {}, line 2: expected the entry of a recording: ",
            record_file.display()
        );
        assert!(run.stderr.starts_with(&error), "{}", run.stderr);
        assert!(made(&room).is_empty());
    }

    let undated = changed(&|entry| entry["date_created"] = json!("yesterday"));
    fs::write(&record_file, format!("{undated}\n")).unwrap();
    let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
    let error = format!("error: {}: expected the entry of a recording: ", sid(0));
    assert!(run.stderr.starts_with(&error), "{}", run.stderr);

    // A later entry counts, other rooms do not, and a run may be writing the last line.
    let elsewhere = changed(&|entry| {
        entry["room_sid"] = json!(UNKNOWN_ROOM);
        entry["date_created"] = json!("yesterday");
    });
    fs::write(&record_file, format!("{undated}\n{entry}\n{elsewhere}\n{{\"sid\": \"RT")).unwrap();
    let run = Run::of(&mut room.command("room.m4a", &[])).expect(0);
    assert!(run.stderr.starts_with("warning: left out: an incomplete entry"), "{}", run.stderr);
    assert_eq!(made(&room), ["room.m4a"]);
}

#[test]
fn last_entry_of_a_recording_counts() {
    if !has_ffmpeg() {
        return;
    }
    let room = TrackRoom::new();
    // Editors of Windows write a byte-order mark.
    fs::write(room.path("recordings.ndjson"), "\u{feff}").unwrap();
    room.add_entry(&room.entry(&tone(0, 500, 0.2), "moved.mka"));
    room.add(&tone(0, 500, 0.2));
    let merged = room.merge("room.m4a", &[]);
    assert_placed(&merged.tone(500), &[(0.0, 0.2)]);
}

#[test]
#[cfg(unix)]
fn link_in_place_of_the_partial_file_is_not_followed() {
    if !has_ffmpeg() {
        return;
    }
    let room = small_room();
    fs::write(room.path("precious"), "before").unwrap();
    std::os::unix::fs::symlink("precious", room.path("room.twilio-recordings-part.m4a")).unwrap();
    let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
    assert!(run.stderr.contains("room.twilio-recordings-part.m4a"), "{}", run.stderr);
    assert_eq!(fs::read(room.path("precious")).unwrap(), b"before");
}

#[test]
fn file_that_ffprobe_cannot_read_is_named_in_one_line() {
    if !has_ffmpeg() {
        return;
    }
    let room = small_room();
    fs::write(room.path("playlist.mka"), "#EXTM3U\nfile:///etc/passwd\n").unwrap();
    room.add_entry(&room.entry(&tone(1, 500, 0.1), "playlist.mka"));
    let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
    let path = room.path("playlist.mka");
    let expected = format!(
        "error: {}: ffprobe failed: Invalid data found when processing input\n",
        path.display()
    );
    assert_eq!(run.stderr, expected);
    assert!(made(&room).is_empty());
}

#[test]
fn output_that_ffmpeg_cannot_write_is_named_and_removed() {
    if !has_ffmpeg() {
        return;
    }
    let room = small_room();
    let run = Run::of(&mut room.command("room.odd", &[])).expect(1);
    let start = format!("error: {}: ffmpeg failed: ", room.path("room.odd").display());
    assert!(run.stderr.starts_with(&start), "{}", run.stderr);
    assert_eq!(run.stderr_lines().len(), 1);
    assert!(made(&room).is_empty());

    let run = Run::of(&mut room.command("room.odd", &["--verbose"])).expect(1);
    assert!(run.stderr.contains("[info] ffmpeg version"), "{}", run.stderr);
}

#[test]
fn existing_file_is_replaced_only_with_force() {
    if !has_ffmpeg() {
        return;
    }
    let room = small_room();
    fs::write(room.path("room.m4a"), "before").unwrap();
    // A killed run leaves it behind.
    fs::write(room.path("room.twilio-recordings-part.m4a"), "a leftover").unwrap();
    let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
    let shown = room.path("room.m4a");
    assert_eq!(run.stderr, format!("error: {} exists: --force replaces it\n", shown.display()));
    assert_eq!(fs::read(&shown).unwrap(), b"before");

    let merged = room.merge("room.m4a", &["--force"]);
    assert_placed(&merged.tone(500), &[(0.0, 0.2)]);
    assert_eq!(made(&room), ["room.m4a"]);

    fs::create_dir(room.path("folder.mp4")).unwrap();
    let run = Run::of(&mut room.command("folder.mp4", &["--force"])).expect(1);
    assert!(run.stderr.ends_with("folder.mp4 is a folder\n"), "{}", run.stderr);
}

#[test]
fn file_of_a_track_is_not_replaced_even_with_force() {
    if !has_ffmpeg() {
        return;
    }
    let room = small_room();
    let file = room.media(0);
    let before = fs::read(&file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let run = Run::of(&mut room.command(name, &["--force"])).expect(2);
    assert!(run.stderr.contains("expected another file than a track's own"), "{}", run.stderr);
    assert!(fs::read(&file).unwrap() == before);
}

#[test]
fn file_that_another_run_makes_is_left_alone() {
    if !has_ffmpeg() {
        return;
    }
    let room = small_room();
    let other = fs::File::create(room.path("room.twilio-recordings-part.m4a")).unwrap();
    other.lock().unwrap();
    let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
    let partial = room.path("room.twilio-recordings-part.m4a");
    let expected = format!("error: another run is writing {}\n", partial.display());
    assert_eq!(run.stderr, expected);
    assert!(partial.exists());
}

#[test]
fn printed_command_makes_the_same_file_in_a_shell() {
    if !has_ffmpeg() {
        return;
    }
    let room = TrackRoom::of(&[tone(0, 500, 0.2), tone(2, 900, 0.2).start(1.0)]);
    let name = "it's a 'room' & $HOME: %d.mp4";
    let run = Run::of(&mut room.command(name, &["--print"])).expect(0);
    assert_eq!((run.stderr.as_str(), run.stdout.lines().count()), ("", 1));
    assert!(made(&room).is_empty());

    let status = Command::new("sh").args(["-c", &run.stdout]).stderr(Stdio::null()).status();
    assert!(status.expect("a shell").success(), "{}", run.stdout);
    assert_eq!(made(&room), [name]);
    assert_eq!(probe(&room.path(name), "stream=codec_type"), "audio");
}

#[test]
fn missing_ffmpeg_is_reported_with_its_package() {
    let room = TrackRoom::new();
    fs::write(room.path("a.mka"), "media").unwrap();
    room.add_entry(&room.entry(&tone(0, 500, 0.1), "a.mka"));
    let run = Run::of(room.command("room.m4a", &[]).env("PATH", room.path(""))).expect(1);
    let expected = "error: could not find ffprobe: install the package ffmpeg of ";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);

    let missing = room.path("bin/ffmpeg-9");
    let mut command = room.command("room.m4a", &[]);
    let run = Run::of(command.arg("--ffmpeg").arg(&missing)).expect(1);
    let expected = format!("error: could not find {}: ", room.path("bin/ffprobe-9").display());
    assert!(run.stderr.starts_with(&expected), "{}", run.stderr);
    assert!(made(&room).is_empty());
}

#[test]
fn room_without_tracks_is_an_error() {
    let room = TrackRoom::new();
    let path = room.path("recordings.ndjson");
    let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
    let expected = format!("error: could not read {}: No such file", path.display());
    assert!(run.stderr.starts_with(&expected), "{}", run.stderr);

    let mut other = room.entry(&tone(0, 500, 0.1), "a.mka");
    other["room_sid"] = json!(UNKNOWN_ROOM);
    other["grouping_sids"]["room_sid"] = json!(UNKNOWN_ROOM);
    room.add_entry(&other);
    let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
    assert_eq!(run.stderr, format!("error: {}: no recording of {ROOM}\n", path.display()));

    let mut data = room.entry(&tone(1, 500, 0.1), "a.mka");
    data["type"] = json!("data");
    room.add_entry(&data);
    let run = Run::of(&mut room.command("room.m4a", &[])).expect(1);
    assert!(run.stderr.ends_with(&format!("error: {ROOM}: no track to merge\n")), "{}", run.stderr);
}

#[test]
fn file_name_without_an_extension_is_invalid_usage() {
    let room = TrackRoom::new();
    for name in ["room", ".mp4"] {
        let run = Run::of(&mut room.command(name, &[])).expect(2);
        assert!(run.stderr.contains("expected a file name with an extension"), "{}", run.stderr);
    }
}
