//! Enums that grow with the API: a known value is recognised in any case and written as the schema
//! does, an unknown one is kept verbatim.

/// A value that this version of the crate has no name for, exactly as the API sent it.
///
/// Only parsing creates one, so the variant `Other` of an enum never holds a value that has a name.
///
/// ```
/// use twilio_room_recordings::Codec;
///
/// let Codec::Other(value) = Codec::from("AV1") else { panic!("AV1 has a name now") };
/// assert_eq!(value.as_str(), "AV1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns the value as the API sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A value that this version of the crate has no name for.
            Other(super::open_enum::UnknownValue),
        }

        impl $name {
            /// Returns the value as the API writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(value) => value.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $(if text.eq_ignore_ascii_case($text) {
                    return Self::$variant;
                })*
                Self::Other(super::open_enum::UnknownValue::new(text))
            }
        }

        /// Compares with the value that the text is parsed to: a known value equals its name in any
        /// case, an unknown one only the exact text.
        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                match self {
                    Self::Other(value) => value.as_str() == *text,
                    known => known.as_str().eq_ignore_ascii_case(text),
                }
            }
        }

        /// By the text, so that the order stays the same when a value gets a name.
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::text::Text::deserialize(deserializer).map(|text| text.0[..].into())
            }
        }
    };
}

pub(super) use open_enum;
