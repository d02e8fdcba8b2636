//! The dates of HTTP headers.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Parses a date in any of the three forms of RFC 9110, section 5.6.7:
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
pub(super) fn http_date(text: &str) -> Option<OffsetDateTime> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, time) = match words[..] {
        [_, day, month, year, time, "GMT" | "UTC"] => (day, month, year, time),
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };

    let month = MONTHS.iter().zip(1..).find(|(name, _)| name.eq_ignore_ascii_case(month))?.1;
    let month = Month::try_from(month).ok()?;
    let date = Date::from_calendar_date(full_year(year)?, month, day.parse().ok()?).ok()?;
    Some(PrimitiveDateTime::new(date, time_of_day(time)?).assume_utc())
}

/// The year of a number with two digits is within 50 years of now.
fn full_year(text: &str) -> Option<i32> {
    let year = text.parse().ok()?;
    if text.len() > 2 {
        return Some(year);
    }

    let now = OffsetDateTime::now_utc().year();
    let year = now - now % 100 + year;
    Some(if year > now + 50 { year - 100 } else { year })
}

fn time_of_day(text: &str) -> Option<Time> {
    let mut parts = text.split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    // A leap second counts as the one before it.
    Time::from_hms(hour, minute, second.min(59)).ok()
}
