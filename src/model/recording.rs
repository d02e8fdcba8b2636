//! The metadata of a recording, typed and validated.

use std::time::Duration;

use serde::de;
use serde::ser::{Serialize, Serializer};
use time::OffsetDateTime;

use super::formats;
use super::object::object;
use super::open_enum::open_enum;
use super::sid::{AccountSid, ParticipantSid, RecordingSid, RoomSid, SourceSid};

open_enum!(
    /// The status of a recording.
    ///
    /// ```
    /// use twilio_room_recordings::Status;
    ///
    /// assert_eq!(Status::from("completed"), Status::Completed);
    /// assert_eq!(Status::Completed, "Completed");
    /// assert_eq!(Status::from("archived").as_str(), "archived");
    /// ```
    Status {
        /// Still being captured.
        Processing = "processing",
        /// Ready to download.
        Completed = "completed",
        /// The media is gone, the metadata stays.
        Deleted = "deleted",
        /// No media was recorded, because of an error.
        Failed = "failed",
    }
);

open_enum!(
    /// The type of a recorded track: the API's `type`.
    ///
    /// ```
    /// use twilio_room_recordings::RecordingType;
    ///
    /// assert_eq!(RecordingType::from("audio"), RecordingType::Audio);
    /// ```
    RecordingType {
        /// Audio.
        Audio = "audio",
        /// Video.
        Video = "video",
        /// Data messages.
        Data = "data",
    }
);

open_enum!(
    /// The codec of a recorded track. The API sends upper and lower case; this crate writes upper
    /// case.
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
        /// Opus audio.
        Opus = "OPUS",
        /// G.711 µ-law audio.
        Pcmu = "PCMU",
    }
);

open_enum!(
    /// The container format of the media, which is also the usual file extension.
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

object! {
    /// The room and the participant of a recording: the API's `grouping_sids`.
    ///
    /// ```
    /// use twilio_room_recordings::{ParticipantSid, RoomRecording};
    ///
    /// fn participant(recording: &RoomRecording) -> Option<ParticipantSid> {
    ///     recording.grouping_sids?.participant_sid
    /// }
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
    #[non_exhaustive]
    pub struct GroupingSids decoded as GroupingSidsObject {
        /// The room.
        pub room_sid: Option<RoomSid>,
        /// The participant who published the track.
        pub participant_sid: Option<ParticipantSid>,
    }
}

object! {
    /// The URLs of a recording's subresources: the API's `links`.
    ///
    /// ```
    /// use twilio_room_recordings::Links;
    ///
    /// let json = r#"{"media": "https://video.twilio.com/v1/Recordings/RT…/Media"}"#;
    /// let links: Links = serde_json::from_str(json)?;
    /// assert!(links.media.is_some_and(|url| url.ends_with("/Media")));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
    #[non_exhaustive]
    pub struct Links decoded as LinksObject {
        /// The URL of the media subresource, as the API sent it.
        pub media: Option<Box<str>>,
    }
}

object! {
    /// The metadata of one recording, which is one track of a room.
    ///
    /// Every record has the first five fields. The API may leave out any other, or send null for it.
    ///
    /// A record is serialized with the field names of the API, and reads back equal. Unknown fields
    /// are ignored. Formats without names, such as postcard, work too.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use twilio_room_recordings::{RoomRecording, Status};
    ///
    /// let line = r#"{"sid": "RTaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "status": "completed",
    ///     "account_sid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ///     "room_sid": "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ///     "date_created": "2015-07-30T20:00:00Z", "duration": 10}"#;
    /// let recording: RoomRecording = serde_json::from_str(line)?;
    /// assert_eq!(recording.status, Status::Completed);
    /// assert_eq!(recording.duration, Some(Duration::from_secs(10)));
    ///
    /// let written = serde_json::to_string(&recording)?;
    /// assert_eq!(serde_json::from_str::<RoomRecording>(&written)?, recording);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
    #[non_exhaustive]
    pub struct RoomRecording decoded as RecordingObject {
        /// The SID of the recording.
        pub sid: RecordingSid,
        /// The status: whether the media can be downloaded.
        pub status: Status,
        /// The account that the recording belongs to.
        pub account_sid: AccountSid,
        /// The room that the track was published in: the API's `room_sid` or, in a record of the
        /// account-wide list, its `grouping_sids.room_sid`.
        #[serde(serialize_with = "serialize_some")]
        pub room_sid: RoomSid = room_of(Option<RoomSid>),
        /// The time when the recording started.
        #[serde(with = "formats::date")]
        pub date_created: OffsetDateTime,
        /// The time of the last change of the metadata.
        #[serde(default, with = "formats::optional_date")]
        pub date_updated: Option<OffsetDateTime>,
        /// The time when the media was deleted.
        #[serde(default, with = "formats::optional_date")]
        pub date_deleted: Option<OffsetDateTime>,
        /// The recorded source: for a room recording, a track (`MT…`).
        pub source_sid: Option<SourceSid>,
        /// The name of the track; its SID if it has none.
        pub track_name: Option<Box<str>>,
        /// The type of the track.
        #[serde(rename = "type")]
        pub recording_type: Option<RecordingType>,
        /// The codec of the track.
        pub codec: Option<Codec>,
        /// The container format of the media.
        pub container_format: Option<ContainerFormat>,
        /// The size of the media in bytes. Zero while the recording is processed.
        #[serde(default, deserialize_with = "formats::optional_integer")]
        pub size: Option<u64>,
        /// The length, which the API gives in whole seconds, rounded. It is 1 s for a track under a
        /// second, and zero while the recording is processed.
        #[serde(default, with = "formats::seconds")]
        pub duration: Option<Duration>,
        /// The time from an arbitrary instant to the start of the track, in milliseconds. The instant
        /// is the same for all group rooms, so the offset aligns the tracks of a room.
        #[serde(default, with = "formats::milliseconds")]
        pub offset: Option<time::Duration>,
        /// The room and the participant.
        pub grouping_sids: Option<GroupingSids>,
        /// The URL of the recording, as the API sent it.
        pub url: Option<Box<str>>,
        /// The URLs of the subresources.
        pub links: Option<Links>,
        /// The URL of the media if the account stores it in its own bucket.
        pub media_external_location: Option<Box<str>>,
        /// The public key that the media was encrypted with, if the account encrypts.
        pub encryption_key: Option<Box<str>>,
        /// The URL to which the API reports changes of the status. Only the account-wide list has it.
        pub status_callback: Option<Box<str>>,
        /// The HTTP method of these reports.
        pub status_callback_method: Option<Box<str>>,
    }
}

impl RoomRecording {
    /// Returns a name for the file of the media: the SID and the container format. Without a format,
    /// or if the format is not letters and digits only, the extension is `media`.
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error, RoomRecording};
    ///
    /// fn save(client: &Client, recording: &RoomRecording) -> Result<(), Error> {
    ///     client.media(recording).download_to(recording.file_name())?;
    ///     Ok(())
    /// }
    /// ```
    pub fn file_name(&self) -> String {
        let format = self.container_format.as_ref().map(|format| format.as_str());
        let is_plain = |format: &&str| {
            !format.is_empty() && format.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        format!("{}.{}", self.sid, format.filter(is_plain).unwrap_or("media"))
    }
}

/// Returns the room of a record, which the API may name twice.
fn room_of<E: de::Error>(record: &RecordingObject) -> Result<RoomSid, E> {
    let grouping_room = record.grouping_sids.and_then(|grouping| grouping.room_sid);
    match (record.room_sid, grouping_room) {
        (Some(room), Some(other)) if !room.eq_ignore_ascii_case(&other) => {
            let fault = format!("room_sid \"{room}\": expected {other}, the room in grouping_sids");
            Err(E::custom(fault))
        }
        (Some(room), _) | (None, Some(room)) => Ok(room),
        (None, None) => Err(E::missing_field("room_sid")),
    }
}

/// Writes a value in the form in which it is read: as one that may be absent.
fn serialize_some<T: Serialize, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_some(value)
}
