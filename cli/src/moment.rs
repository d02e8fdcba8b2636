//! Dates as people type them.

use std::fmt;
use std::sync::LazyLock;

use twilio_room_recordings::time::format_description::well_known::Rfc3339;
use twilio_room_recordings::time::{Duration, OffsetDateTime};

/// The help text of every option that takes a date.
pub const HELP: &str = "\
T is one of:
  2026-01-31T10:00Z, 2026-01-31T10:00:00+01:00   a date-time with its time zone
  2026-01-31                                     a date: midnight UTC
  90s, 90m, 36h, 3d                              that long ago";

const EXPECTED: &str = "expected a date-time with its time zone (2026-01-31T10:00Z), \
                        a date (2026-01-31, midnight UTC) or a time before now (36h, 3d)";

/// The start of the program, which all durations of one command line go back from.
static NOW: LazyLock<OffsetDateTime> = LazyLock::new(OffsetDateTime::now_utc);

/// An instant, and the text that it was given as.
#[derive(Clone)]
pub struct Moment {
    pub instant: OffsetDateTime,
    typed: String,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

/// Reads a date-time with its zone, a date, or a duration back from now.
pub fn parse(text: &str) -> Result<Moment, String> {
    let instant = ago(text, *NOW).or_else(|| date(text)).or_else(|| date_time(text));

    match instant {
        Some(instant) => Ok(Moment { instant, typed: text.to_owned() }),
        None if date_time(&format!("{text}Z")).is_some() => {
            Err(format!("the time zone is missing, as in {text}Z or {text}+01:00; {EXPECTED}"))
        }
        None => Err(EXPECTED.to_owned()),
    }
}

/// Reads a duration, such as `90s`, `10m`, `36h` or `3d`.
pub fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let expected = "expected a number and a unit: 90s, 10m, 36h, 3d";
    seconds(text).map(std::time::Duration::from_secs).ok_or_else(|| expected.to_owned())
}

fn ago(text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    now.checked_sub(Duration::seconds(seconds(text)?.try_into().ok()?))
}

fn seconds(text: &str) -> Option<u64> {
    let seconds_per_unit = match text.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 60 * 60,
        b'd' => 24 * 60 * 60,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(seconds_per_unit)
}

fn date(text: &str) -> Option<OffsetDateTime> {
    let is_date = text.len() == "2026-01-31".len() && text.is_ascii();
    OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339).ok().filter(|_| is_date)
}

/// RFC 3339, and the same without seconds.
fn date_time(text: &str) -> Option<OffsetDateTime> {
    const MINUTES_END: usize = "2026-01-31T10:00".len();
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();

    parsed.or_else(|| {
        let (minutes, zone) = text.split_at_checked(MINUTES_END)?;
        OffsetDateTime::parse(&format!("{minutes}:00{zone}"), &Rfc3339).ok()
    })
}
