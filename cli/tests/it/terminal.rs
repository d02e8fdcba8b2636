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

/// The lines without escape sequences, also those that were drawn over.
fn lines(shown: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut chars = shown.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(char);
        }
    }
    plain.split(['\r', '\n']).filter(|line| !line.is_empty()).map(str::to_owned).collect()
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
        (200, "TRACK", "video  a name that is longer than a narrow terminal is wide"),
    ] {
        let shown = shown(program(server.base_url()).args(["list", ROOM]), columns);
        let lines = lines(&shown);
        assert_eq!(lines.len(), 2, "{shown}");
        assert!(lines[0].ends_with(header) && lines[1].ends_with(row), "{columns}: {shown}");
        let widest = lines.iter().map(|line| line.chars().count()).max();
        assert!(widest <= Some(usize::from(columns.max(34))), "{columns}: {shown}");
    }
}

#[test]
fn wide_characters_do_not_widen_the_table() {
    let mut record = recording(1);
    record["track_name"] = json!("会议室会议室会议室");
    let server = serve_room(vec![record]);
    let shown = shown(program(server.base_url()).args(["list", ROOM]), 100);
    assert!(lines(&shown)[1].ends_with("video  会议室会议…"), "{shown}");
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
