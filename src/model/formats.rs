//! The API's formats of dates and numbers. A text that is none of these is rejected without being
//! quoted, because it may be long.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Unexpected, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An RFC 3339 date-time.
pub(super) mod date {
    use super::*;

    pub fn serialize<S: Serializer>(date: &OffsetDateTime, to: S) -> Result<S::Ok, S::Error> {
        Date(*date).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<OffsetDateTime, D::Error> {
        Date::deserialize(from).map(|Date(date)| date)
    }
}

/// An RFC 3339 date-time or null.
pub(super) mod optional_date {
    use super::*;

    pub fn serialize<S: Serializer>(
        date: &Option<OffsetDateTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        date.map(Date).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let date = Option::<Date>::deserialize(from)?;
        Ok(date.map(|Date(date)| date))
    }
}

/// A whole number of seconds or null.
pub(super) mod seconds {
    use std::time::Duration;

    use super::*;

    pub fn serialize<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        duration.map(|duration| duration.as_secs()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        let seconds = optional_integer(from)?;
        Ok(seconds.map(Duration::from_secs))
    }
}

/// A whole number of milliseconds, which may be negative, or null.
pub(super) mod milliseconds {
    use time::Duration;

    use super::*;

    pub fn serialize<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        let milliseconds = duration.map(|duration| i64::try_from(duration.whole_milliseconds()));
        milliseconds.transpose().map_err(S::Error::custom)?.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        let milliseconds = optional_integer(from)?;
        Ok(milliseconds.map(Duration::milliseconds))
    }
}

/// Reads an integer or null.
pub(super) fn optional_integer<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    Integer<T>: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let integer = Option::<Integer<T>>::deserialize(from)?;
    Ok(integer.map(|Integer(value)| value))
}

struct Date(OffsetDateTime);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.format(&Rfc3339).map_err(S::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateVisitor;

        impl Visitor<'_> for DateVisitor {
            type Value = Date;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 date-time")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Date, E> {
                let date = OffsetDateTime::parse(text, &Rfc3339);
                date.map(Date).map_err(|_| E::invalid_value(Unexpected::Other("string"), &self))
            }
        }

        deserializer.deserialize_str(DateVisitor)
    }
}

/// An integer of the API. If the format knows its types, any type is read, so that this visitor
/// rejects a text, and not the parser, which would quote it.
pub(super) struct Integer<T>(T);

struct IntegerVisitor<T>(PhantomData<T>);

macro_rules! integer {
    ($type:ident, $expecting:literal) => {
        impl<'de> Deserialize<'de> for Integer<$type> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    deserializer.deserialize_any(IntegerVisitor::<$type>(PhantomData))
                } else {
                    $type::deserialize(deserializer).map(Self)
                }
            }
        }

        impl<'de> Visitor<'de> for IntegerVisitor<$type> {
            type Value = Integer<$type>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($expecting)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                let integer = $type::try_from(value).map(Integer);
                integer.map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                let integer = $type::try_from(value).map(Integer);
                integer.map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
                Err(E::invalid_type(Unexpected::Other("string"), &self))
            }

            /// Reads a number as serde_json passes it with its feature `arbitrary_precision`.
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map));
                let number = number.map_err(|_| de::Error::invalid_type(Unexpected::Map, &self))?;
                match (number.as_u64(), number.as_i64()) {
                    (Some(value), _) => self.visit_u64(value),
                    (_, Some(value)) => self.visit_i64(value),
                    (None, None) => {
                        Err(de::Error::invalid_type(Unexpected::Other("number"), &self))
                    }
                }
            }
        }
    };
}

integer!(u64, "an unsigned 64-bit integer");
integer!(i64, "a 64-bit integer");
