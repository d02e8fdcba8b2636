//! The files of an archive: their names, their modes, the record file, and leftovers.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::support::program::{Run, program};
use super::support::room::{ArchivedRoom, entry};
use super::support::{Fate, ROOM, Room, Server, http, media, recording, sid};

#[test]
fn format_is_never_a_path() {
    for format in ["/../../evil", "", "a.b", "mk v", "..", "é"] {
        let mut evil = recording(1);
        evil["container_format"] = json!(format);
        let room = ArchivedRoom::of(vec![evil]);
        room.run(&[]).expect(0);
        assert!(room.found().into_keys().eq([format!("{}.media", sid(1))]), "{format}");
    }
}

#[test]
fn path_that_cannot_be_a_folder_is_named_and_nothing_is_downloaded() {
    let room = ArchivedRoom::new();
    let file = room.folder().with_file_name("file");
    fs::write(&file, "").unwrap();
    for to in [file.clone(), file.join("archive")] {
        let mut command = program(room.api.base_url());
        let archived = Run::of(command.args(["archive", ROOM, "--to"]).arg(&to)).expect(1);
        let error = archived.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
        assert!(error.contains(to.to_str().unwrap()), "{error}");
    }
    assert!(room.api.requests().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn folder_that_cannot_be_created_is_one_error_and_nothing_is_sent() {
    let room = ArchivedRoom::new();
    let mut command = program(room.api.base_url());
    let archived = Run::of(command.args(["archive", ROOM, "--to", "/proc/archive"])).expect(1);
    let errors: Vec<_> =
        archived.stderr_lines().into_iter().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{}", archived.stderr);
    assert!(errors[0].starts_with("error: could not write /proc/archive: "), "{}", errors[0]);
    assert!(room.api.requests().is_empty());
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
fn end_that_a_crash_has_left_is_cut_off_with_a_warning() {
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
            "warning: {path}: an incomplete entry of {length} bytes at its end was cut off"
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
    assert!(archived.stderr.contains("bytes at its end was cut off"), "{}", archived.stderr);
    assert_eq!(room.recorded_sids(), [sid(0), sid(5)]);
}

fn write(room: &ArchivedRoom, text: &[u8]) {
    fs::create_dir_all(room.folder()).unwrap();
    fs::write(room.record_file(), text).unwrap();
}

#[test]
fn partial_files_of_complete_recordings_are_removed() {
    let room = ArchivedRoom::new();
    room.run(&[]).expect(0);
    let media = format!("{}.mkv", sid(1));
    let leftovers =
        [format!("{media}.0123456789abcdef.part"), format!("{media}.fedcba9876543210.part")];
    let others = [
        // Another recording, which may be resumed.
        format!("{}.mkv.0123456789abcdef.part", sid(999)),
        // The record of this one is not written.
        format!("{}.mkv.0123456789abcdef.part", sid(998)),
        format!("{}.mkv", sid(998)),
        // Files of somebody else.
        format!("{media}.my notes.part"),
        format!("{media}.none-------------0123456789abcdef.part"),
        format!("{media}.part"),
        "notes.part".to_owned(),
        format!("{media}.0123456789abcdef"),
    ];
    for name in leftovers.iter().chain(&others) {
        fs::write(room.folder().join(name), "some bytes").unwrap();
    }

    room.run(&[]).expect(0);
    let found = room.found();
    assert!(leftovers.iter().all(|name| !found.contains_key(name)), "{:?}", found.keys());
    assert!(others.iter().all(|name| found.contains_key(name)), "{:?}", found.keys());
}

#[test]
fn partial_file_of_a_recording_that_is_gone_is_removed_or_named() {
    let room = ArchivedRoom::of(vec![recording(1), recording(3)]);
    fs::create_dir(room.folder()).unwrap();
    let gone = room.folder().join(format!("{}.mkv.0123456789abcdef.part", sid(3)));
    let unlisted = room.folder().join(format!("{}.mkv.0123456789abcdef.part", sid(999)));
    fs::write(&gone, "some bytes").unwrap();
    fs::write(&unlisted, "some bytes").unwrap();
    let archived = room.run(&[]).expect(0);
    assert!(!gone.exists() && unlisted.exists());
    let line = format!("{}: a partial file, whose recording is not listed", unlisted.display());
    assert_eq!(archived.stderr_lines()[0], line);
}

#[test]
#[cfg(unix)]
fn folder_that_is_a_dangling_link_is_named_and_nothing_is_sent() {
    let room = ArchivedRoom::new();
    std::os::unix::fs::symlink("nowhere", room.folder()).unwrap();
    let archived = room.run(&[]).expect(1);
    let path = room.folder().display().to_string();
    let error =
        format!("error: could not create {path}: it is a link to nowhere, which is no folder");
    assert_eq!(archived.stderr_lines()[0], error);
    assert!(archived.stderr_lines()[1].starts_with("0 archived, "), "{}", archived.stderr);
    assert!(room.api.requests().is_empty());
}

#[test]
fn partial_file_that_is_in_use_is_left_alone() {
    let room = ArchivedRoom::of(vec![recording(1)]);
    room.run(&[]).expect(0);
    let path = room.folder().join(format!("{}.mkv.0123456789abcdef.part", sid(1)));
    let file = File::create(&path).unwrap();
    file.lock().unwrap();
    room.run(&[]).expect(0);
    assert!(path.exists());

    drop(file);
    room.run(&[]).expect(0);
    assert!(!path.exists());
}

#[test]
#[cfg(unix)]
fn files_are_created_with_the_umask() {
    for (umask, file, folder) in [("022", 0o644, 0o755), ("077", 0o600, 0o700)] {
        let room = ArchivedRoom::of(vec![recording(1)]);
        let archived = Run::of(&mut in_shell(&format!("umask {umask}"), &room, &[]));
        archived.expect(0);
        let media = room.folder().join(format!("{}.mkv", sid(1)));
        assert_eq!((mode(&media), mode(&room.record_file())), (file, file), "{umask}");
        assert_eq!(mode(&room.folder()), folder, "{umask}");
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// `archive` in a shell that has run a command before.
#[cfg(unix)]
fn in_shell(before: &str, room: &ArchivedRoom, arguments: &[&str]) -> Command {
    let program = room.command(arguments);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("{before}; exec \"$0\" \"$@\"")]);
    shell.arg(program.get_program()).args(program.get_args()).env_clear();
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[test]
#[cfg(target_os = "linux")]
fn threads_that_cannot_be_started_are_an_error_and_nothing_is_sent() {
    let room = ArchivedRoom::new();
    let mut command = room.command(&["--jobs", "256"]);
    // More than the address space: no thread has room for its stack.
    command.env("RUST_MIN_STACK", (1_u64 << 47).to_string());
    let archived = Run::of(&mut command).expect(1);
    let start = "error: could not start the threads of --jobs 256: ";
    assert!(archived.stderr.starts_with(start), "{}", archived.stderr);
    assert!(archived.stderr_lines()[1].contains(", 1 error; "), "{}", archived.stderr);
    assert!(room.api.requests().is_empty());
}

/// A limit on the size of files, which is reported like a full disk.
#[cfg(unix)]
const FULL_DISK: &str = "ulimit -f 150";

#[test]
#[cfg(unix)]
fn full_disk_is_one_message_and_smaller_recordings_are_archived() {
    let mut recordings = [20, 16, 21, 15, 1, 5].map(recording);
    recordings[2]["size"] = json!(180_000);
    recordings[3]["size"] = recordings[1]["size"].clone();
    let room = ArchivedRoom::of(recordings.into());
    let archived = Run::of(&mut in_shell(FULL_DISK, &room, &["--jobs", "1"])).expect(1);

    let (error, summary) = (archived.stderr_lines()[0], archived.stderr_lines()[1]);
    let start = format!("error: {}: ", room.folder().display());
    assert!(error.starts_with(&start), "{error}");
    let end = ": 2 did not fit, and 2 of at least 160113 bytes were skipped";
    assert!(error.ends_with(end), "{error}");
    let counts =
        "2 archived, 0 already there, 0 still processing, 0 no media, 0 failed, 4 errors; ";
    assert!(summary.starts_with(counts), "{summary}");
    assert_eq!(room.recorded_sids(), [sid(1), sid(5)]);
    assert_eq!(room.found().len(), 2, "{:?}", room.found().keys());

    room.run(&[]).expect(0);
    room.assert_is_archived();
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
    let error = format!("error: deadline exceeded: another run holds the lock of {path}");
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
