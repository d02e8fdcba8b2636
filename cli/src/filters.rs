//! The filters that `list` and `archive` share.

use clap::Args;
use twilio_room_recordings::{ListRecordings, SourceSid};

use crate::Failure;
use crate::moment::{self, Moment};

#[derive(Args)]
#[command(next_help_heading = "Filters")]
pub struct Filters {
    /// Only recordings of this source, which is a track of the room
    #[arg(long, value_name = "SID")]
    source_sid: Option<SourceSid>,
    /// Only recordings that started at T or later
    #[arg(long, value_name = "T", value_parser = moment::parse)]
    created_after: Option<Moment>,
    /// Only recordings that started before T
    #[arg(long, value_name = "T", value_parser = moment::parse)]
    created_before: Option<Moment>,
}

impl Filters {
    /// Rejects filters that contradict each other.
    pub fn check(&self) -> Result<(), Failure> {
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
    pub fn apply(&self, mut listing: ListRecordings) -> ListRecordings {
        if let Some(source) = self.source_sid {
            listing = listing.source_sid(source);
        }
        if let Some(after) = &self.created_after {
            listing = listing.created_after(after.instant);
        }
        if let Some(before) = &self.created_before {
            listing = listing.created_before(before.instant);
        }
        listing
    }
}
