//! The table of `list`, as wide as the terminal.

use std::iter;

use twilio_room_recordings::RoomRecording;
use twilio_room_recordings::time::UtcOffset;
use unicode_width::UnicodeWidthChar;

use crate::size::Size;
use crate::terminal::escaped;

/// The number of spaces between two columns.
const GAP: usize = 2;

/// The least width that a track's name is worth showing in.
const MIN_TRACK_WIDTH: usize = 10;

struct Column {
    title: &'static str,
    width: usize,
    alignment: Alignment,
    cell: fn(&RoomRecording) -> String,
}

#[derive(Clone, Copy)]
enum Alignment {
    Left,
    Right,
}

const SID: Column = column("SID", 34, Alignment::Left, |it| it.sid.to_string());
const ROOM: Column = column("ROOM", 34, Alignment::Left, |it| it.room_sid.to_string());
const PARTICIPANT: Column = column("PARTICIPANT", 34, Alignment::Left, participant);

/// In the order in which they are shown.
const DETAILS: [Column; 5] = [
    column("STATUS", 10, Alignment::Left, |it| it.status.to_string()),
    column("CREATED (UTC)", 16, Alignment::Left, created),
    column("LENGTH", 7, Alignment::Right, length),
    column("SIZE", 5, Alignment::Right, size),
    column("TYPE", 5, Alignment::Left, |it| or_dash(it.recording_type.as_ref())),
];

const fn column(
    title: &'static str,
    width: usize,
    alignment: Alignment,
    cell: fn(&RoomRecording) -> String,
) -> Column {
    Column { title, width, alignment, cell }
}

/// The columns that fit a width.
pub struct Table(Vec<Column>);

impl Table {
    /// A table that is at most as wide, except that the SIDs that other commands need are always
    /// there. Columns that do not fit are left out.
    pub fn new(width: usize, several_rooms: bool) -> Self {
        let mut table = Self(vec![SID]);
        if several_rooms {
            table.0.push(ROOM);
        }
        for column in DETAILS {
            if table.width() + GAP + column.width <= width {
                table.0.push(column);
            }
        }

        if table.width() + GAP + PARTICIPANT.width + GAP + MIN_TRACK_WIDTH <= width {
            table.0.push(PARTICIPANT);
        }
        let rest = width.saturating_sub(table.width() + GAP);
        if rest >= MIN_TRACK_WIDTH {
            let name = |it: &RoomRecording| or_dash(it.track_name.as_ref());
            table.0.push(column("TRACK", rest, Alignment::Left, name));
        }
        table
    }

    fn width(&self) -> usize {
        let columns = self.0.iter().map(|column| column.width).sum::<usize>();
        columns + GAP * (self.0.len() - 1)
    }

    pub fn header(&self) -> String {
        self.line(|column| column.title.to_owned())
    }

    pub fn row(&self, recording: &RoomRecording) -> String {
        self.line(|column| (column.cell)(recording))
    }

    fn line(&self, cell: impl Fn(&Column) -> String) -> String {
        let mut line = String::new();
        for (index, column) in self.0.iter().enumerate() {
            if index > 0 {
                line.extend(iter::repeat_n(' ', GAP));
            }
            let (text, width) = fit(&cell(column), column.width);
            let padding = iter::repeat_n(' ', column.width - width);
            match column.alignment {
                Alignment::Left => {
                    line.push_str(&text);
                    line.extend(padding);
                }
                Alignment::Right => {
                    line.extend(padding);
                    line.push_str(&text);
                }
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// The text, escaped and shortened to a number of terminal columns, and its width.
fn fit(text: &str, columns: usize) -> (String, usize) {
    let mut fitted = String::new();
    let mut width = 0;
    for char in text.chars().flat_map(escaped) {
        let char_width = char.width().unwrap_or(0);
        if width + char_width > columns {
            while width + 1 > columns {
                let Some(last) = fitted.pop() else { break };
                width -= last.width().unwrap_or(0);
            }
            fitted.push('…');
            return (fitted, width + 1);
        }
        fitted.push(char);
        width += char_width;
    }
    (fitted, width)
}

fn created(recording: &RoomRecording) -> String {
    let created = recording.date_created;
    let utc = created.checked_to_offset(UtcOffset::UTC).unwrap_or(created);
    let (date, time) = (utc.date(), utc.time());
    format!("{date} {:02}:{:02}", time.hour(), time.minute())
}

fn length(recording: &RoomRecording) -> String {
    or_dash(recording.duration.map(|duration| short_length(duration.as_secs())))
}

/// `h:mm:ss`, or `10h 00m` if that is too long for the column.
fn short_length(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match hours {
        0..10 => format!("{hours}:{minutes:02}:{:02}", seconds % 60),
        10..100 => format!("{hours}h {minutes:02}m"),
        _ => format!("{hours}h"),
    }
}

fn size(recording: &RoomRecording) -> String {
    or_dash(recording.size.map(Size))
}

fn participant(recording: &RoomRecording) -> String {
    or_dash(recording.grouping_sids.as_ref().and_then(|grouping| grouping.participant_sid))
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}
