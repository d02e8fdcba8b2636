//! The metadata of a recording, typed and validated.

use std::time::Duration;

use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::serde::rfc3339;
use time::{OffsetDateTime, SignedDuration};

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

impl Status {
    /// Returns `true` if a recording with this status can have media: it is completed, or its status
    /// is unknown to this version.
    ///
    /// ```
    /// use twilio_room_recordings::Status;
    ///
    /// assert!(Status::Completed.may_have_media() && !Status::Deleted.may_have_media());
    /// ```
    pub fn may_have_media(&self) -> bool {
        matches!(self, Self::Completed | Self::Other(_))
    }
}

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

/// The room and the participant of a recording: the API's `grouping_sids`.
///
/// ```
/// use twilio_room_recordings::GroupingSids;
///
/// let sids: GroupingSids = serde_json::from_str(r#"{"conference_sid": "CF1"}"#)?;
/// assert!(sids.room_sid.is_none() && sids.participant_sid.is_none());
/// assert_eq!(sids.additional_fields["conference_sid"], "CF1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(expecting = "an object")]
#[non_exhaustive]
pub struct GroupingSids {
    /// The room.
    pub room_sid: Option<RoomSid>,
    /// The participant who published the track.
    pub participant_sid: Option<ParticipantSid>,
    /// The fields that this version of the crate has no name for, as
    /// [`RoomRecording::additional_fields`].
    #[serde(flatten)]
    pub additional_fields: Map<String, Value>,
}

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(expecting = "an object")]
#[non_exhaustive]
pub struct Links {
    /// The URL of the media subresource, as the API sent it.
    pub media: Option<String>,
    /// The fields that this version of the crate has no name for, as
    /// [`RoomRecording::additional_fields`].
    #[serde(flatten)]
    pub additional_fields: Map<String, Value>,
}

/// The metadata of one recording, which is one track of a room.
///
/// Every record has the first five fields. The API may leave out any other, or send null for it.
///
/// A record is serialized with the field names of the API, and reads back equal. Fields that this
/// version of the crate does not know are kept in [`additional_fields`](Self::additional_fields).
/// Records are for JSON and other formats that name the fields.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct RoomRecording {
    /// The SID of the recording.
    pub sid: RecordingSid,
    /// The status: whether the media can be downloaded.
    pub status: Status,
    /// The account that the recording belongs to.
    pub account_sid: AccountSid,
    /// The room that the track was published in: the API's `room_sid` or, in a record of the
    /// account-wide list, its `grouping_sids.room_sid`.
    pub room_sid: RoomSid,
    /// The time when the recording started.
    #[serde(serialize_with = "rfc3339::serialize")]
    pub date_created: OffsetDateTime,
    /// The time of the last change of the metadata.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub date_updated: Option<OffsetDateTime>,
    /// The time when the media was deleted.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub date_deleted: Option<OffsetDateTime>,
    /// The recorded source: for a room recording, a track (`MT…`).
    pub source_sid: Option<SourceSid>,
    /// The name of the track; its SID if it has none.
    pub track_name: Option<String>,
    /// The type of the track: the API's `type`. The filter for it is called
    /// [`media_type`](crate::ListRecordings::media_type), after the API's `MediaType`.
    #[serde(rename = "type")]
    pub recording_type: Option<RecordingType>,
    /// The codec of the track.
    pub codec: Option<Codec>,
    /// The container format of the media.
    pub container_format: Option<ContainerFormat>,
    /// The size of the media in bytes. Zero while the recording is processed.
    pub size: Option<u64>,
    /// The length, which the API gives in whole seconds, rounded. It is 1 s for a track under a
    /// second, and zero while the recording is processed.
    #[serde(serialize_with = "seconds")]
    pub duration: Option<Duration>,
    /// The time from an arbitrary instant to the start of the track's room, in milliseconds. The
    /// instant is the same for all group rooms. The start of the track is the offset plus the first
    /// time stamp in the file; `date_created` has it in whole seconds.
    #[serde(serialize_with = "milliseconds")]
    pub offset: Option<SignedDuration>,
    /// The room and the participant.
    pub grouping_sids: Option<GroupingSids>,
    /// The URL of the recording, as the API sent it.
    pub url: Option<String>,
    /// The URLs of the subresources.
    pub links: Option<Links>,
    /// The URL of the media if the account stores it in its own bucket.
    pub media_external_location: Option<String>,
    /// The name of the account's public key that the media was encrypted with, if it is encrypted.
    pub encryption_key: Option<String>,
    /// The URL to which the API reports changes of the status. Only the account-wide list has it.
    pub status_callback: Option<String>,
    /// The HTTP method of these reports.
    pub status_callback_method: Option<String>,
    /// The fields that this version of the crate has no name for, as the API sent them. They are
    /// serialized with the others.
    ///
    /// They are JSON as serde_json holds it: a number with a fraction or beyond 64 bits becomes the
    /// nearest [`f64`], and a record with values nested more than 127 levels deep is invalid.
    #[serde(flatten)]
    pub additional_fields: Map<String, Value>,
}

impl RoomRecording {
    /// Returns the participant who published the track, which is in
    /// [`grouping_sids`](Self::grouping_sids).
    ///
    /// ```no_run
    /// use twilio_room_recordings::{Client, Error};
    ///
    /// let client = Client::from_env()?;
    /// for recording in client.recordings("RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?) {
    ///     let recording = recording?;
    ///     println!("{} by {:?}", recording.sid, recording.participant_sid());
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn participant_sid(&self) -> Option<ParticipantSid> {
        self.grouping_sids.as_ref()?.participant_sid
    }

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

fn seconds<S: Serializer>(length: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    length.map(|length| length.as_secs()).serialize(serializer)
}

fn milliseconds<S: Serializer>(
    offset: &Option<SignedDuration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let milliseconds = offset.map(|offset| i64::try_from(offset.whole_milliseconds()));
    milliseconds.transpose().map_err(S::Error::custom)?.serialize(serializer)
}
