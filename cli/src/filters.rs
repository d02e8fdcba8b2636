//! The filters that `list` and `archive` share.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use twilio_room_recordings::{
    GroupingSid, ListRecordings, RecordingType, RoomRecording, SourceSid,
};

use crate::failure::Failure;
use crate::moment::{self, Moment};
use crate::scope::Scope;
use crate::sid;

#[derive(Args)]
#[command(next_help_heading = "Filters")]
pub struct Filters {
    /// Only recordings of this source, a track
    #[arg(long, value_name = "SID", value_parser = sid::parse::<SourceSid>)]
    source_sid: Option<SourceSid>,
    /// Only recordings that started at T or later
    #[arg(long, value_name = "T", value_parser = moment::parse)]
    created_after: Option<Moment>,
    /// Only recordings that started before T
    #[arg(long, value_name = "T", value_parser = moment::parse)]
    created_before: Option<Moment>,
    /// Only recordings of this room or participant; needs --account, and can be repeated
    #[arg(long, value_name = "SID", value_parser = sid::parse::<GroupingSid>)]
    grouping_sid: Vec<GroupingSid>,
    /// Only recordings of this type
    #[arg(long = "type", value_name = "TYPE")]
    #[arg(ignore_case = true, value_parser = recording_type())]
    recording_type: Option<RecordingType>,
}

fn recording_type() -> impl TypedValueParser<Value = RecordingType> {
    PossibleValuesParser::new(["audio", "video", "data"])
        .map(|name| RecordingType::from(name.as_str()))
}

impl Filters {
    /// Rejects filters that contradict each other, or that the list does not have.
    pub fn check(&self, account: bool) -> Result<(), Failure> {
        if !self.grouping_sid.is_empty() && !account {
            return Err(Failure::Usage("--grouping-sid needs --account".to_owned()));
        }

        let (Some(after), Some(before)) = (&self.created_after, &self.created_before) else {
            return Ok(());
        };
        if after.instant > before.instant {
            return Err(Failure::Usage(format!(
                "--created-after {after} is later than --created-before {before}"
            )));
        }
        Ok(())
    }

    /// Adds the filters to a listing.
    pub fn apply(&self, mut listing: ListRecordings, scope: Scope) -> ListRecordings {
        if let Some(source) = self.source_sid {
            listing = listing.source_sid(source);
        }
        if let Some(after) = &self.created_after {
            listing = listing.created_after(after.instant);
        }
        if let Some(before) = &self.created_before {
            listing = listing.created_before(before.instant);
        }
        for &sid in &self.grouping_sid {
            listing = listing.grouping_sid(sid);
        }
        if let Some(recording_type) = &self.recording_type
            && !self.are_local(scope)
        {
            listing = listing.media_type(recording_type.clone());
        }
        listing
    }

    /// Returns `true` if the service leaves a filter to this tool: the list of a room has no filter
    /// of the type.
    pub fn are_local(&self, scope: Scope) -> bool {
        matches!(scope, Scope::Room(_)) && self.recording_type.is_some()
    }

    /// Returns `true` if a recording matches the filters that the service may leave to this tool.
    pub fn match_locally(&self, recording: &RoomRecording) -> bool {
        self.recording_type.is_none() || self.recording_type == recording.recording_type
    }
}
