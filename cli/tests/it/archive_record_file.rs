//! The record file of an archive.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

#[cfg(unix)]
use super::archive_files::{FULL_DISK, in_shell};
use super::support::program::{Run, program};
use super::support::room::{ArchivedRoom, entry, records};
use super::support::{Fate, ROOM, Room, Server, http, media, recording, sid};

#[test]
fn record_file_may_begin_with_a_byte_order_mark() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.run(&[]).expect(0);
    let entries = fs::read_to_string(room.record_file()).unwrap();
    fs::write(room.record_file(), format!("\u{feff}{entries}")).unwrap();
    room.run(&["--delete"]).expect(0);
    assert_eq!((room.storage.heads().len(), room.deleted_sids()), (1, vec![sid(1)]));
}

#[test]
#[cfg(unix)]
fn record_file_that_is_a_device_is_rejected_and_nothing_is_sent() {
    let room = ArchivedRoom::new();
    fs::create_dir_all(room.folder()).unwrap();
    std::os::unix::fs::symlink("/dev/null", room.record_file()).unwrap();
    let archived = room.run(&["--delete"]).expect(1);
    let start = format!("error: could not open {}: ", room.record_file().display());
    assert!(archived.stderr.starts_with(&start), "{}", archived.stderr);
    assert!(room.api.requests().is_empty());
}

#[test]
#[cfg(unix)]
fn fifo_in_place_of_the_record_file_does_not_block_a_dry_run() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    fs::create_dir(room.folder()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(room.record_file()).status();
    assert!(made.unwrap().success());
    let failed = room.run(&["--dry-run"]).expect(1);
    let start = format!("error: could not open {}: ", room.record_file().display());
    assert!(failed.stderr.starts_with(&start), "{}", failed.stderr);
}

#[test]
fn record_file_that_cannot_be_opened_is_named_and_nothing_is_sent() {
    let room = ArchivedRoom::new();
    fs::create_dir_all(room.record_file()).unwrap();
    let archived = room.run(&["--delete"]).expect(1);
    let start = format!("error: could not open {}: ", room.record_file().display());
    assert!(archived.stderr.starts_with(&start), "{}", archived.stderr);
    assert!(room.api.requests().is_empty());
}

#[test]
fn incomplete_last_line_is_replaced() {
    let room = ArchivedRoom::new();
    let first = room.completed().next().unwrap();
    let long = "ë".repeat(1000);
    let half = format!("{}\n{{\"track_name\": \"{long}", entry(first));
    // It ends in the middle of a character.
    let half = &half.as_bytes()[..half.len() - 1];
    write(&room, half);
    room.run(&[]).expect(0);
    room.assert_is_archived();
}

#[test]
fn complete_last_line_without_newline_is_kept() {
    let room = ArchivedRoom::new();
    let first = entry(room.completed().next().unwrap()).to_string();
    write(&room, first.as_bytes());
    fs::write(room.folder().join(format!("{}.mka", sid(0))), media(&recording(0))).unwrap();
    room.run(&[]).expect(0);
    room.assert_is_archived();
    let text = fs::read_to_string(room.record_file()).unwrap();
    assert!(text.starts_with(&format!("{first}\n")), "{text}");
}

#[test]
fn blank_lines_are_ignored() {
    let room = ArchivedRoom::of(vec![recording(0), recording(1)]);
    write(&room, format!("\n \t\r\n{}\n\n", entry(&recording(0))).as_bytes());
    fs::write(room.folder().join(format!("{}.mka", sid(0))), media(&recording(0))).unwrap();
    room.run(&[]).expect(0);
    let text = fs::read_to_string(room.record_file()).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains(&sid(1)));
}

#[test]
fn unreadable_line_is_named_and_stops_nothing() {
    let pretty = serde_json::to_string_pretty(&entry(&recording(0))).unwrap();
    let other = entry(&recording(5)).to_string();
    let mut damaged = entry(&recording(0));
    damaged["archive"]["size"] = json!("large");
    for (text, line) in [
        (format!("{other}\n\nsomething else\n"), 3),
        (format!("something else\n{other}"), 1),
        (format!("{{\"sid\": \"RT\n{other}\n"), 1),
        ("{}\n".to_owned(), 1),
        ("[1, 2]\n".to_owned(), 1),
        (format!("{other}\n\0\0\0\n{other}\n"), 2),
        (format!("{}\n", recording(0)), 1),
        (format!("{other}\n{damaged}\n"), 2),
        (format!("{}\n{other}\n", pretty.lines().nth(1).unwrap()), 1),
    ] {
        let room = ArchivedRoom::of(vec![recording(0)]);
        write(&room, text.as_bytes());
        let archived = room.run(&["--delete"]).expect(1);
        let start = format!("error: {}, line {line}: ", room.record_file().display());
        assert!(archived.stderr.starts_with(&start), "{text}: {}", archived.stderr);
        let written = fs::read_to_string(room.record_file()).unwrap();
        let added = written.strip_prefix(&text).expect("nothing is removed");
        assert!(added.contains(&sid(0)) && added.ends_with("}\n"), "{text}: {added}");
        assert_eq!(room.deleted_sids(), [sid(0)]);
    }
}

#[test]
fn end_that_a_crash_has_left_is_removed_with_a_warning() {
    let other = format!("{}\n", entry(&recording(5)));
    let half = &other[..100];
    for end in [
        "\0".repeat(522),
        half.to_owned(),
        format!("{half}{}", "\0".repeat(4000)),
        format!("{half}{}\n", "\0".repeat(4000)),
        format!("{}}}\n", "\0".repeat(90)),
        "something else".to_owned(),
        "x".repeat(40 << 20),
    ] {
        let room = ArchivedRoom::of(vec![recording(0)]);
        write(&room, format!("{other}{end}").as_bytes());
        let archived = room.run(&["--delete"]).expect(0);
        let (path, length) = (room.record_file().display().to_string(), end.len());
        let start = format!(
            "warning: {path}: an incomplete entry of {length} bytes at its end was removed"
        );
        assert!(archived.stderr.starts_with(&start), "{}", archived.stderr);
        assert_eq!(room.recorded_sids(), [sid(0), sid(5)]);
        assert_eq!(room.deleted_sids(), [sid(0)]);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn record_file_of_500_mb_takes_little_memory() {
    let room = ArchivedRoom::of(vec![recording(0)]);
    write(&room, format!("{}\n", entry(&recording(5))).as_bytes());
    let file = fs::OpenOptions::new().write(true).open(room.record_file()).unwrap();
    file.set_len(500_000_000).unwrap();

    let archived = Run::of(&mut in_shell("ulimit -v 600000", &room, &[])).expect(0);
    assert!(archived.stderr.contains("bytes at its end was removed"), "{}", archived.stderr);
    assert_eq!(room.recorded_sids(), [sid(0), sid(5)]);
}

fn write(room: &ArchivedRoom, text: &[u8]) {
    fs::create_dir_all(room.folder()).unwrap();
    fs::write(room.record_file(), text).unwrap();
}

#[test]
#[cfg(unix)]
fn record_file_that_cannot_be_written_ends_the_run() {
    let room = ArchivedRoom::new();
    let (mut other, mut lines) = (entry(&recording(0)), String::new());
    while lines.len() < 400_000 {
        other["sid"] = json!(sid(999 + lines.len()));
        lines += &format!("{other}\n");
    }
    write(&room, lines.as_bytes());
    let archived = Run::of(&mut in_shell(FULL_DISK, &room, &["--jobs", "1", "--delete"])).expect(1);

    let errors: Vec<_> =
        archived.stderr_lines().into_iter().filter(|line| line.starts_with("error: ")).collect();
    let start = format!("error: could not write {}: ", room.record_file().display());
    assert!(errors.len() == 1 && errors[0].starts_with(&start), "{}", archived.stderr);
    assert!(archived.stderr.contains(" 9 left for the next run, 1 error; "), "{}", archived.stderr);
    assert_eq!(room.storage.heads().len(), 1);
    assert!(room.deleted_sids().is_empty());
    assert_eq!(fs::read_to_string(room.record_file()).unwrap(), lines);
}

#[test]
#[cfg(unix)]
fn incomplete_line_is_taken_back_if_the_disk_is_full() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    // The limit is in blocks of 512 or of 1024 bytes.
    for limit in [512 * 150, 1024 * 150] {
        let blank = "\n".repeat(limit - 10);
        write(&room, blank.as_bytes());
        Run::of(&mut in_shell(FULL_DISK, &room, &[]));
        let text = fs::read_to_string(room.record_file()).unwrap();
        assert!(text == blank || text.ends_with("}\n"), "{}", &text[blank.len()..]);
    }
}

#[test]
fn record_that_another_run_adds_is_not_added_again() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    let service = Room::new(vec![recording(1)]);
    let record_file = room.record_file();
    let api = Server::start(move |request| {
        if request.uri.path().ends_with("/Media") {
            // Another run is faster. It holds the lock until it is done.
            let mut file = File::options().append(true).open(&record_file).unwrap();
            file.lock().unwrap();
            let lines = format!("{}\n{}\n", entry(&recording(0)), entry(&recording(1)));
            file.write_all(lines.as_bytes()).unwrap();
        }
        service.respond(request)
    });
    let mut command = program(api.base_url());
    Run::of(command.args(["archive", ROOM, "--to"]).arg(room.folder())).expect(0);
    assert_eq!(room.recorded_sids(), [sid(0), sid(1)]);
}

#[test]
#[cfg(unix)]
fn record_file_that_is_replaced_during_the_run_ends_it_and_nothing_is_deleted() {
    let changes: [fn(&Path); 3] = [
        |file| fs::remove_file(file).unwrap(),
        |file| {
            fs::copy(file, file.with_extension("new")).unwrap();
            fs::rename(file.with_extension("new"), file).unwrap();
        },
        |file| File::create(file).map(drop).unwrap(),
    ];
    for (change, is_there) in changes.into_iter().flat_map(|it| [(it, false), (it, true)]) {
        let room = ArchivedRoom::of(vec![recording(0), recording(1)]);
        write(&room, format!("{}\n", entry(&recording(0))).as_bytes());
        if is_there {
            room.run(&[]).expect(0);
            fs::remove_file(room.folder().join(format!("{}.mkv", sid(1)))).unwrap();
        }

        let (service, file) = (Room::new(vec![recording(1)]), room.record_file());
        let api = Server::start(move |request| {
            if request.uri.path().ends_with("/Media") {
                change(&file);
            }
            service.respond(request)
        });
        let mut command = program(api.base_url());
        command.args(["archive", ROOM, "--delete", "--to"]).arg(room.folder());
        let archived = Run::of(&mut command).expect(1);
        let start = format!("error: could not write {}: ", room.record_file().display());
        assert!(archived.stderr.starts_with(&start), "{}", archived.stderr);
        assert!(api.requests().iter().all(|it| it.method == "GET"));
    }
}

#[test]
fn run_that_waits_for_the_lock_of_the_record_file_says_so() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    write(&room, b"");
    let mut file = File::options().append(true).open(room.record_file()).unwrap();
    file.lock().unwrap();
    let line = format!("{}\n", entry(&recording(0)));
    file.write_all(&line.as_bytes()[..9]).unwrap();
    let mut run = room.command(&[]).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(run.stderr.take().unwrap());
    let mut warning = String::new();
    stderr.read_line(&mut warning).unwrap();
    let path = room.record_file().display().to_string();
    assert_eq!(warning, format!("warning: waiting for the lock of {path}: another run has it\n"));

    file.write_all(&line.as_bytes()[9..]).unwrap();
    drop(file);
    assert!(run.wait().unwrap().success());
    assert_eq!(room.recorded_sids(), [sid(0), sid(1)]);
}

#[test]
fn wait_for_the_lock_of_the_record_file_ends_at_the_deadline() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    write(&room, b"");
    let file = File::open(room.record_file()).unwrap();
    file.lock().unwrap();
    let archived = room.run(&["--deadline", "1"]).expect(1);
    let path = room.record_file().display().to_string();
    let error = format!("error: the deadline has passed: another run holds the lock of {path}");
    assert!(archived.stderr_lines().contains(&&*error), "{}", archived.stderr);
    assert!(room.api.requests().is_empty());
}

#[test]
fn refused_download_leaves_an_empty_record_file() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.storage.expect([Fate::Raw(http("404 Not Found", "", b""))]);
    room.run(&[]).expect(1);
    assert!(room.found().is_empty() && room.recorded_sids().is_empty());
}

#[test]
fn field_that_is_named_as_the_part_of_this_tool_is_kept() {
    let mut record = recording(1);
    record["archive"] = json!({"since": 2026});
    let room = ArchivedRoom::of(vec![record]);
    room.run(&[]).expect(0);
    let again = room.run(&[]).expect(0);
    assert!(again.stderr.starts_with("0 archived, 1 already there, "), "{}", again.stderr);
    let entries = records(&room.record_file());
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["archive_as_received"], json!({"since": 2026}));
    assert!(entries[0]["archive"]["sha256"].is_string());
}
