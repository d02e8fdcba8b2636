//! The table of `list`, as wide as the terminal.

use std::iter;

use twilio_room_recordings::RoomRecording;
use twilio_room_recordings::time::UtcOffset;
use unicode_width::UnicodeWidthChar;

use crate::json::acts_on_terminals;

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

/// In the order in which they are shown, and left out if the terminal is narrow.
const COLUMNS: [Column; 6] = [
    Column { title: "SID", width: 34, alignment: Alignment::Left, cell: |it| it.sid.to_string() },
    Column {
        title: "STATUS",
        width: 10,
        alignment: Alignment::Left,
        cell: |it| it.status.to_string(),
    },
    Column { title: "CREATED (UTC)", width: 16, alignment: Alignment::Left, cell: created },
    Column { title: "LENGTH", width: 7, alignment: Alignment::Right, cell: length },
    Column { title: "SIZE", width: 5, alignment: Alignment::Right, cell: size },
    Column { title: "TYPE", width: 5, alignment: Alignment::Left, cell: recording_type },
];

const ROOM: Column = Column {
    title: "ROOM",
    width: 34,
    alignment: Alignment::Left,
    cell: |it| it.room_sid.to_string(),
};

/// The columns that fit a width.
pub struct Table(Vec<Column>);

impl Table {
    /// A table that is at most as wide, except that the first column is always there.
    pub fn new(width: usize, several_rooms: bool) -> Self {
        let mut columns = Vec::new();
        let mut used = 0;
        for column in COLUMNS {
            let needed = if columns.is_empty() { column.width } else { used + GAP + column.width };
            if !columns.is_empty() && needed > width {
                return Self(columns);
            }
            used = needed;
            columns.push(column);
        }

        if several_rooms && used + GAP + ROOM.width <= width {
            used += GAP + ROOM.width;
            columns.push(ROOM);
        }
        if used + GAP + MIN_TRACK_WIDTH <= width {
            columns.push(Column {
                title: "TRACK",
                width: width - used - GAP,
                alignment: Alignment::Left,
                cell: |it| it.track_name.as_deref().unwrap_or("-").to_owned(),
            });
        }
        Self(columns)
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

fn escaped(char: char) -> impl Iterator<Item = char> {
    let escape = acts_on_terminals(char).then(|| char.escape_unicode());
    let plain = Some(char).filter(|_| escape.is_none());
    plain.into_iter().chain(escape.into_iter().flatten())
}

fn created(recording: &RoomRecording) -> String {
    let created = recording.date_created;
    let utc = created.checked_to_offset(UtcOffset::UTC).unwrap_or(created);
    let (date, time) = (utc.date(), utc.time());
    format!("{date} {:02}:{:02}", time.hour(), time.minute())
}

fn length(recording: &RoomRecording) -> String {
    recording.duration.map_or("-".to_owned(), |duration| short_length(duration.as_secs()))
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
    recording.size.map_or("-".to_owned(), short_size)
}

/// At most five characters, with decimal units: `999 B`, `12.3K`, `456M`.
fn short_size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    for unit in ["K", "M", "G", "T", "P"] {
        match tenths {
            0..1000 => return format!("{}.{}{unit}", tenths / 10, tenths % 10),
            1000..10_000 => return format!("{}{unit}", tenths / 10),
            _ => tenths /= 1000,
        }
    }
    format!("{}E", tenths / 10)
}

fn recording_type(recording: &RoomRecording) -> String {
    recording.recording_type.as_ref().map_or("-".to_owned(), ToString::to_string)
}
