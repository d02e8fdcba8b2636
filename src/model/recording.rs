//! A recording's metadata, typed and validated.

use serde::de::{self, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Duration, OffsetDateTime};

use super::open_enum::open_enum;
use super::sid::{AccountSid, ParticipantSid, RecordingSid, RoomSid, SourceSid};

open_enum!(
    /// How far a recording has come.
    ///
    /// ```
    /// use twilio_room_recordings::Status;
    ///
    /// assert_eq!(Status::from("completed"), Status::Completed);
    /// assert_eq!(Status::from("archived").as_str(), "archived");
    /// ```
    Status {
        /// Still being captured.
        Processing = "processing",
        /// Ready to download.
        Completed = "completed",
        /// The media is gone, the metadata stays.
        Deleted = "deleted",
        /// The recording failed.
        Failed = "failed",
    }
);

open_enum!(
    /// What kind of track was recorded: the API's `type`.
    ///
    /// ```
    /// use twilio_room_recordings::RecordingType;
    ///
    /// assert_eq!(RecordingType::from("audio"), RecordingType::Audio);
    /// ```
    RecordingType {
        /// Sound.
        Audio = "audio",
        /// Moving pictures.
        Video = "video",
        /// Data messages.
        Data = "data",
    }
);

open_enum!(
    /// The codec of the recorded track. The service sends both cases; this writes upper case.
    ///
    /// ```
    /// use twilio_room_recordings::Codec;
    ///
    /// assert_eq!(Codec::from("vp8"), Codec::Vp8);
    /// assert_eq!(Codec::Vp8.to_string(), "VP8");
    /// ```
    Codec {
        /// VP8 video.
        Vp8 = "VP8",
        /// H.264 video.
        H264 = "H264",
        /// Opus sound.
        Opus = "OPUS",
        /// G.711 µ-law sound.
        Pcmu = "PCMU",
    }
);

open_enum!(
    /// The container that the media comes in, which is also the usual file extension.
    ///
    /// ```
    /// use twilio_room_recordings::ContainerFormat;
    ///
    /// assert_eq!(ContainerFormat::Mka.to_string(), "mka");
    /// ```
    ContainerFormat {
        /// Matroska audio.
        Mka = "mka",
        /// Matroska video.
        Mkv = "mkv",
    }
);

/// What a recording belongs to: the API's `grouping_sids`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupingSids {
    /// The room.
    pub room_sid: Option<RoomSid>,
    /// The participant whose track it was.
    pub participant_sid: Option<ParticipantSid>,
}

/// Where a recording's subresources are: the API's `links`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Links {
    /// The URL of the media subresource, as the service sent it.
    pub media: Option<Box<str>>,
}

/// Defines a record, and the form in which the API sends it. Both have the same fields, except that
/// one marked `optional` may be absent from what the API sends.
macro_rules! record {
    (
        $(#[$attribute:meta])*
        pub struct $record:ident {
            $($(#[$field_attribute:meta])* pub $field:ident: $type:ty $(= $optional:ident)?,)*
        }
    ) => {
        $(#[$attribute])*
        pub struct $record {
            $($(#[$field_attribute])* pub $field: $type,)*
        }

        #[derive(Deserialize)]
        #[serde(rename = "RoomRecording")]
        struct AsSent {
            $($(#[$field_attribute])* $field: record!(@type $type $(, $optional)?),)*
        }

        impl<'de> Deserialize<'de> for $record {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let sent = AsSent::deserialize(deserializer)?;
                let room = room_of(sent.room_sid, sent.grouping_sids)?;
                Ok(Self { $($field: record!(@value sent.$field, room $(, $optional)?),)* })
            }
        }
    };
    (@type $type:ty) => { $type };
    (@type $type:ty, optional) => { Option<$type> };
    (@value $value:expr, $room:expr) => { $value };
    (@value $value:expr, $room:expr, optional) => { $room };
}

record! {
    /// One recording of a room: one track's metadata.
    ///
    /// Five fields are always there; the service may leave out any other, or send null for it. Reading
    /// accepts unknown fields, writing uses the API's field names, and what was written reads back
    /// equal:
    ///
    /// ```
    /// use twilio_room_recordings::{RoomRecording, Status};
    ///
    /// let line = r#"{"sid": "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "status": "completed",
    ///     "account_sid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ///     "room_sid": "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ///     "date_created": "2015-07-30T20:00:00Z", "duration": 10}"#;
    /// let recording: RoomRecording = serde_json::from_str(line)?;
    /// assert_eq!(recording.status, Status::Completed);
    /// assert_eq!(recording.duration().map(|time| time.whole_seconds()), Some(10));
    ///
    /// let written = serde_json::to_string(&recording)?;
    /// assert_eq!(serde_json::from_str::<RoomRecording>(&written)?, recording);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
    #[non_exhaustive]
    pub struct RoomRecording {
        /// The recording.
        pub sid: RecordingSid,
        /// How far it has come.
        pub status: Status,
        /// The account it belongs to.
        pub account_sid: AccountSid,
        /// The room that the track was published in: the API's `room_sid` or, in a record of the
        /// account-wide list, its `grouping_sids.room_sid`.
        #[serde(serialize_with = "serialize_some")]
        pub room_sid: RoomSid = optional,
        /// When it started.
        #[serde(with = "time::serde::rfc3339")]
        pub date_created: OffsetDateTime,
        /// When its metadata last changed.
        #[serde(default, with = "time::serde::rfc3339::option")]
        pub date_updated: Option<OffsetDateTime>,
        /// When its media was deleted.
        #[serde(default, with = "time::serde::rfc3339::option")]
        pub date_deleted: Option<OffsetDateTime>,
        /// What was recorded: for a room recording, a track (`MT…`).
        pub source_sid: Option<SourceSid>,
        /// The source track's name; the source SID where it had none.
        pub track_name: Option<Box<str>>,
        /// What kind of track it is.
        #[serde(rename = "type")]
        pub recording_type: Option<RecordingType>,
        /// The track's codec.
        pub codec: Option<Codec>,
        /// The container its media comes in.
        pub container_format: Option<ContainerFormat>,
        /// The size of its media in bytes. Zero while processing.
        pub size: Option<u64>,
        /// How long it is, in whole seconds, rounded; a track under a second says 1. Zero while
        /// processing.
        pub duration: Option<u64>,
        /// Milliseconds from an arbitrary instant, common to all group rooms, to this track's start:
        /// it aligns the tracks of one room.
        pub offset: Option<i64>,
        /// What it belongs to.
        pub grouping_sids: Option<GroupingSids>,
        /// The URL of the resource itself, as the service sent it.
        pub url: Option<Box<str>>,
        /// The URLs of its subresources.
        pub links: Option<Links>,
        /// Where the media lies when the account stores it in its own bucket.
        pub media_external_location: Option<Box<str>>,
        /// The public key that the media was encrypted with, where the account encrypts.
        pub encryption_key: Option<Box<str>>,
        /// The URL that the service reports changes of the recording to. Only the account-wide list
        /// has it.
        pub status_callback: Option<Box<str>>,
        /// The HTTP method of those reports.
        pub status_callback_method: Option<Box<str>>,
    }
}

/// Returns the room of a record, which may be named twice.
fn room_of<E: de::Error>(
    room_sid: Option<RoomSid>,
    grouping_sids: Option<GroupingSids>,
) -> Result<RoomSid, E> {
    match (room_sid, grouping_sids.and_then(|grouping| grouping.room_sid)) {
        (Some(room), Some(other)) if !room.eq_ignore_ascii_case(&other) => {
            let expected = format!("{other}, the room of grouping_sids");
            Err(E::invalid_value(Unexpected::Str(room.as_str()), &expected.as_str()))
        }
        (Some(room), _) | (None, Some(room)) => Ok(room),
        (None, None) => Err(E::missing_field("room_sid")),
    }
}

/// Writes a value as one that may be absent, which is how it is read.
fn serialize_some<T: Serialize, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_some(value)
}

impl RoomRecording {
    /// How long the recording is; `None` where the service did not say, or said more seconds
    /// than a [`Duration`] holds.
    pub fn duration(&self) -> Option<Duration> {
        self.duration.and_then(|seconds| i64::try_from(seconds).ok()).map(Duration::seconds)
    }

    /// The time from an arbitrary instant, common to all group rooms, to this track's start;
    /// `None` where the service did not say.
    pub fn offset(&self) -> Option<Duration> {
        self.offset.map(Duration::milliseconds)
    }
}
