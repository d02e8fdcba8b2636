//! The query of a listing: the list, its filters and the page size.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::grouping_sid::GroupingSid;
use super::page_token::PageToken;
use super::percent::{decode, pairs, push_encoded_pair, push_pair};
use super::record_fields::InvalidField;
use super::recording::{RecordingType, RoomRecording, Status};
use super::sid::{RoomSid, SourceSid};

/// The maximum number of records that the API puts on a page of a room's list.
pub(crate) const MAX_PAGE_SIZE: u32 = 1000;

/// The maximum number of records that the API puts on a page of the account-wide list.
const MAX_ACCOUNT_PAGE_SIZE: u32 = 100;

/// The page size of a URL that names none.
const DEFAULT_PAGE_SIZE: u32 = 50;

/// A list of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum List {
    /// The recordings of a room.
    Room(RoomSid),
    /// The recordings of all rooms.
    Account,
}

impl List {
    /// Checks that a record is of this list.
    pub(crate) fn check(self, record: &RoomRecording) -> Result<(), InvalidField> {
        match self {
            Self::Room(room) if record.room_sid != room => {
                let expected = format!("{room}, the requested room");
                Err(InvalidField::unexpected("room_sid", record.room_sid.as_str(), expected))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn room(self) -> Option<RoomSid> {
        match self {
            Self::Room(room) => Some(room),
            Self::Account => None,
        }
    }

    pub(crate) fn max_page_size(self) -> u32 {
        match self {
            Self::Room(_) => MAX_PAGE_SIZE,
            Self::Account => MAX_ACCOUNT_PAGE_SIZE,
        }
    }
}

/// The filters of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Filters {
    pub status: Option<Status>,
    pub source_sid: Option<SourceSid>,
    pub created_after: Option<OffsetDateTime>,
    pub created_before: Option<OffsetDateTime>,
    pub grouping_sids: Vec<GroupingSid>,
    pub media_type: Option<RecordingType>,
}

impl Filters {
    /// Adds to the grouping SIDs, which have no order and no duplicates.
    pub(crate) fn add_grouping_sid(&mut self, sid: GroupingSid) {
        if let Err(index) = self.grouping_sids.binary_search(&sid) {
            self.grouping_sids.insert(index, sid);
        }
    }

    /// The name and the value of a filter that is set and that only the account-wide list has.
    pub(crate) fn account_only(&self) -> Option<(&'static str, &str)> {
        let grouping = self.grouping_sids.first().map(|sid| ("grouping SID filter", sid.as_str()));
        grouping.or(self.media_type.as_ref().map(|media| ("media type filter", media.as_str())))
    }

    /// Checks that a record passes the filters, as far as it has what they are about.
    fn check(&self, record: &RoomRecording) -> Result<(), InvalidField> {
        let differs = |name, value: &str, expected: &str| {
            let expected = format!("{expected}, as requested");
            Err(InvalidField::unexpected(name, value, expected))
        };
        let created = record.date_created;
        let is_of = |sid: &GroupingSid| match sid {
            GroupingSid::Room(room) => *room == record.room_sid,
            GroupingSid::Participant(sid) => {
                record.participant_sid().is_none_or(|participant| participant == *sid)
            }
        };

        if let Some(status) = self.status.as_ref().filter(|status| **status != record.status) {
            return differs("status", record.status.as_str(), status.as_str());
        }
        if let (Some(source), Some(other)) = (self.source_sid, record.source_sid)
            && source != other
        {
            return differs("source_sid", other.as_str(), source.as_str());
        }
        if let Some(after) = self.created_after.filter(|after| created < *after) {
            return differs("date_created", &created.to_string(), &format!("{after} or later"));
        }
        if let Some(before) = self.created_before.filter(|before| created >= *before) {
            let expected = format!("a date before {before}");
            return differs("date_created", &created.to_string(), &expected);
        }
        if !self.grouping_sids.is_empty() && !self.grouping_sids.iter().any(is_of) {
            let room = record.room_sid;
            return differs("grouping_sids", room.as_str(), "another room or participant");
        }
        match (&self.media_type, &record.recording_type) {
            (Some(media_type), Some(other)) if media_type != other => {
                differs("type", other.as_str(), media_type.as_str())
            }
            _ => Ok(()),
        }
    }

    fn push_to(&self, query: &mut String) {
        let mut push = |name, value: Option<&str>| {
            value.into_iter().for_each(|value| push_pair(query, name, value));
        };
        push("Status", self.status.as_ref().map(Status::as_str));
        push("SourceSid", self.source_sid.as_ref().map(SourceSid::as_str));
        push("DateCreatedAfter", self.created_after.map(date_time).as_deref());
        push("DateCreatedBefore", self.created_before.map(date_time).as_deref());
        self.grouping_sids.iter().for_each(|sid| push("GroupingSid", Some(sid.as_str())));
        push("MediaType", self.media_type.as_ref().map(RecordingType::as_str));
    }
}

/// The part of a listing's requests that is the same for each page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Query {
    pub list: List,
    pub filters: Filters,
    pub page_size: u32,
}

impl Query {
    /// Checks that a record is one that was requested.
    pub(crate) fn check(&self, record: &RoomRecording) -> Result<(), InvalidField> {
        self.list.check(record)?;
        self.filters.check(record)
    }

    /// The path and query of a page; of the first page if there is no token.
    pub(crate) fn path(&self, token: Option<&PageToken>) -> String {
        let parameters = self.parameters(token);
        match self.list {
            List::Room(room) => format!("/v1/Rooms/{room}/Recordings?{parameters}"),
            List::Account => format!("/v1/Recordings?{parameters}"),
        }
    }

    /// The query of a page, without the path.
    pub(super) fn parameters(&self, token: Option<&PageToken>) -> String {
        let mut query = String::new();
        self.filters.push_to(&mut query);
        push_pair(&mut query, "PageSize", &self.page_size.to_string());

        if let Some(page) = token.and_then(|it| it.page.as_deref()) {
            push_encoded_pair(&mut query, "Page", page);
        }
        if let Some(token) = token.and_then(|it| it.token.as_deref()) {
            push_encoded_pair(&mut query, "PageToken", token);
        }
        query
    }

    /// Reads the filters and the page size of a URL's query. Parameters of other names are ignored.
    pub(crate) fn from_parameters(list: List, query: &str) -> Result<Self, String> {
        let mut found = Self { list, filters: Filters::default(), page_size: DEFAULT_PAGE_SIZE };
        for (name, value) in pairs(query) {
            found.read(name, value).ok_or_else(|| format!("an invalid {name}"))?;
        }
        Ok(found)
    }

    /// Reads a parameter. Returns `None` if the list does not accept it.
    fn read(&mut self, name: &str, value: &str) -> Option<()> {
        let value = decode(value, '%');
        let filters = &mut self.filters;
        match name {
            "GroupingSid" | "MediaType" if self.list != List::Account => return None,
            "Status" => match Status::from(&*value?) {
                Status::Other(_) => return None,
                status => filters.status = Some(status),
            },
            "SourceSid" => filters.source_sid = Some(value?.parse().ok()?),
            "DateCreatedAfter" => filters.created_after = Some(parse_date_time(&value?)?),
            "DateCreatedBefore" => filters.created_before = Some(parse_date_time(&value?)?),
            "GroupingSid" => filters.add_grouping_sid(value?.parse().ok()?),
            "MediaType" => match RecordingType::from(&*value?) {
                RecordingType::Other(_) => return None,
                media_type => filters.media_type = Some(media_type),
            },
            "PageSize" => {
                let size = value?.parse().ok();
                self.page_size = size.filter(|it| (1..=self.list.max_page_size()).contains(it))?;
            }
            _ => {}
        }
        Some(())
    }
}

/// `YYYY-MM-DDThh:mm:ssZ`, the form that the API documents. Only a year after 9999 has none.
fn date_time(utc: OffsetDateTime) -> String {
    utc.format(&Rfc3339).unwrap_or_default()
}

/// Reads a date-time of whole seconds, in UTC and in the years that [`date_time`] can write.
fn parse_date_time(text: &str) -> Option<OffsetDateTime> {
    let instant = OffsetDateTime::parse(text, &Rfc3339).ok()?.checked_to_offset(UtcOffset::UTC)?;
    (instant.nanosecond() == 0 && (0..=9999).contains(&instant.year())).then_some(instant)
}
