//! Standard output and standard error on a terminal.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix_openpty::openpty;
use rustix_openpty::rustix::termios::Winsize;
use serde_json::json;

use super::support::program::program;
use super::support::room::ArchivedRoom;
use super::support::{ROOM, recording, serve_room};

/// The output of the program on a terminal of that width.
fn shown(command: &mut Command, columns: u16) -> String {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = openpty(None, Some(&size)).expect("a terminal");
    let mut controller = File::from(pty.controller);
    let stdout = pty.user.try_clone().expect("a terminal");
    command.env("TERM", "xterm").stdout(stdout).stderr(pty.user);
    let mut child = command.spawn().expect("the program");
    // The parent's copies are in the command, and would keep the terminal open.
    command.stdout(Stdio::null()).stderr(Stdio::null());

    let mut shown = Vec::new();
    // The end is an error if the other side of a terminal is closed.
    let _ = controller.read_to_end(&mut shown);
    assert!(child.wait().expect("an end").success());
    String::from_utf8(shown).expect("UTF-8")
}

/// The lines of a listing without its progress.
fn table_lines(shown: &str) -> Vec<String> {
    lines(shown).into_iter().filter(|line| !line.starts_with("listing… ")).collect()
}

/// The lines without escape sequences, also those that were drawn over.
fn lines(shown: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut chars = shown.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            // The line is erased, or the rest of it.
            if chars.by_ref().find(char::is_ascii_alphabetic) == Some('K') {
                plain.push('\n');
            }
        } else {
            plain.push(char);
        }
    }
    let lines = plain.split(['\r', '\n']).map(str::trim_end);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn table_uses_the_width_of_the_terminal() {
    let mut record = recording(1);
    record["track_name"] = json!("a name that is longer than a narrow terminal is wide");
    let server = serve_room(vec![record]);
    for (columns, header, row) in [
        (34, "SID", "RT00000000000000000000000000000001"),
        (20, "SID", "RT00000000000000000000000000000001"),
        (79, "LENGTH", "0:00:02"),
        (80, "SIZE", "10.0K"),
        (88, "TYPE", "video"),
        (100, "TRACK", "video  a name tha…"),
        (134, "TRACK", "video  a name that is longer than a narrow terminal…"),
        (135, "TRACK", "video  PA00000000000000000000000000000001  a name th…"),
        (
            200,
            "TRACK",
            "PA00000000000000000000000000000001  a name that is longer than a narrow \
                        terminal is wide",
        ),
    ] {
        let shown = shown(program(server.base_url()).args(["list", ROOM]), columns);
        let lines = table_lines(&shown);
        assert_eq!(lines.len(), 2, "{shown}");
        assert!(lines[0].ends_with(header) && lines[1].ends_with(row), "{columns}: {shown}");
        let widest = lines.iter().map(|line| line.chars().count()).max();
        assert!(widest <= Some(usize::from(columns.max(34))), "{columns}: {shown}");
    }
}

#[test]
fn table_of_the_account_shows_the_room_at_any_width() {
    let server = serve_room(vec![recording(1)]);
    let sids = format!("RT{:032x}  {ROOM}", 1);
    for (columns, header, row) in [
        (20, "SID                                 ROOM", &*sids),
        (80, "ROOM                                 LENGTH", &format!("{sids}  0:00:02")),
        (116, "LENGTH   SIZE", &format!("{sids}  completed   2026-02-02 12:00  0:00:02  10.0K")),
        (150, "SIZE  TYPE   TRACK", "10.0K  video  track 1"),
        (190, "TYPE   PARTICIPANT                         TRACK", "00000001  track 1"),
    ] {
        let shown = shown(program(server.base_url()).args(["list", "--account"]), columns);
        let lines = table_lines(&shown);
        assert!(lines[0].ends_with(header) && lines[1].ends_with(row), "{columns}: {shown}");
    }
}

#[test]
fn control_characters_of_names_are_escaped_on_a_terminal() {
    let mut record = recording(1);
    record["track_name"] = json!("a\u{1b}[2Jb\u{202e}c");
    let server = serve_room(vec![record]);
    let shown = shown(program(server.base_url()).args(["list", ROOM]), 200);
    assert!(shown.contains("  a\\u{1b}[2Jb\\u{202e}c\r\n"), "{shown}");
}

#[test]
fn wide_characters_do_not_widen_the_table() {
    let mut record = recording(1);
    record["track_name"] = json!("会议室会议室会议室");
    let server = serve_room(vec![record]);
    let shown = shown(program(server.base_url()).args(["list", ROOM]), 100);
    assert!(table_lines(&shown)[1].ends_with("video  会议室会议…"), "{shown}");
}

#[test]
fn progress_of_a_listing_is_shown_below_its_table() {
    let server = serve_room((0..3).map(recording).collect());
    let mut command = program(server.base_url());
    let shown = shown(command.args(["list", "--page-size", "1", ROOM]), 80);
    let lines = lines(&shown);
    let is_first = |line: &str| lines.first().is_some_and(|first| first == line);
    assert!(is_first("listing… 0 so far"), "{shown}");
    assert!(lines.iter().any(|line| line == "listing… 1 so far"), "{shown}");
    assert_eq!(table_lines(&shown).len(), 4, "{shown}");

    let empty = serve_room(vec![]);
    let shown = self::shown(program(empty.base_url()).args(["list", ROOM]), 80);
    assert!(shown.ends_with("no recordings\r\n"), "{shown}");
}

#[test]
fn help_fits_80_columns_on_a_wide_terminal() {
    let shown = shown(program("").args(["archive", "--help"]), 200);
    assert!(lines(&shown).iter().all(|line| line.chars().count() <= 80), "{shown}");
}

#[test]
fn progress_bar_fits_the_terminal_and_is_removed() {
    for columns in [60, 80, 200] {
        let room = ArchivedRoom::new();
        let shown = shown(&mut room.command(&[]), columns);
        let bars: Vec<_> = lines(&shown).into_iter().filter(|line| line.contains("/10 ")).collect();
        assert!(!bars.is_empty(), "{shown}");
        for bar in bars {
            assert!(bar.chars().count() <= usize::from(columns), "{columns}: {bar}");
            assert!(!bar.contains("iB"), "decimal units, as in the summary: {bar}");
        }
        let last = lines(&shown).pop().expect("a summary");
        assert!(last.starts_with("10 archived, "), "{shown}");
        room.assert_is_archived();
    }
}

#[test]
fn quiet_draws_no_progress_bar() {
    let room = ArchivedRoom::new();
    assert_eq!(shown(&mut room.command(&["--quiet"]), 80), "");
}

#[test]
fn no_progress_bar_is_drawn_without_a_terminal() {
    let room = ArchivedRoom::new();
    let archived = room.run(&[]).expect(0);
    assert!(!archived.stderr.contains(['\u{1b}', '\r']), "{}", archived.stderr);
    assert_eq!(archived.stdout, "");
}
