//! The query of a listing.

use std::fmt::Write as _;

use super::page_token::PageToken;
use super::percent::{pairs, push_pair};
use super::sid::RoomSid;

/// The maximum number of records that the API puts on a page.
pub(crate) const MAX_PAGE_SIZE: u32 = 1000;

/// The filters of a listing as they stand in its query, percent-encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Filters(String);

impl Filters {
    /// Adds a filter.
    pub(crate) fn push(&mut self, parameter: &str, value: &str) {
        push_pair(&mut self.0, parameter, value);
    }
}

/// The part of a listing's requests that is the same for each page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Query {
    pub room: RoomSid,
    pub filters: Filters,
    pub page_size: u32,
}

impl Query {
    /// The path and query of a page; of the first page if there is no token.
    pub(crate) fn path(&self, token: Option<&PageToken>) -> String {
        let Self { room, filters: Filters(filters), page_size } = self;
        let mut path = format!("/v1/Rooms/{room}/Recordings?{filters}");
        let separator = if filters.is_empty() { "" } else { "&" };
        let _ = write!(path, "{separator}PageSize={page_size}");

        let parameter = |name, value: Option<&str>| value.map(|value| format!("&{name}={value}"));
        path.extend(parameter("Page", token.and_then(PageToken::page)));
        path.extend(parameter("PageToken", token.and_then(PageToken::token)));
        path
    }

    /// Reads a path that [`path`](Self::path) has made. The page token is not part of the query.
    pub(crate) fn from_path(path: &str) -> Option<Self> {
        let (room, rest) = path.strip_prefix("/v1/Rooms/")?.split_once('/')?;
        let (mut filters, mut page_size) = (Vec::new(), None);

        for (name, value) in pairs(rest.strip_prefix("Recordings?")?) {
            match name {
                "Page" | "PageToken" => {}
                "PageSize" => page_size = Some(value.parse().ok()?),
                "Status" | "SourceSid" | "DateCreatedAfter" | "DateCreatedBefore" => {
                    filters.push(format!("{name}={value}"));
                }
                _ => return None,
            }
        }

        let page_size = page_size.filter(|size| (1..=MAX_PAGE_SIZE).contains(size))?;
        Some(Self { room: room.parse().ok()?, filters: Filters(filters.join("&")), page_size })
    }
}
