//! Private functions for the fuzz targets. Compiled for those alone.
#![allow(clippy::expect_used)]

use crate::error::{ApiError, read_api_error};
use crate::model::{Filters, List, MAX_PAGE_SIZE, PageToken, Query, RoomSid};

fn room() -> RoomSid {
    "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().expect("a room SID")
}

/// Reads the body of an error response.
pub fn error_body(body: &[u8], status: u16) -> ApiError {
    read_api_error(&String::from_utf8_lossy(body), status)
}

/// The path of the page that a `next_page_url` leads to.
pub fn next_path(url: &str) -> Option<String> {
    let list = List::Room(room());
    let query = Query { list, filters: Filters::default(), page_size: MAX_PAGE_SIZE };
    let token = PageToken::from_url(url).ok()??;
    Some(query.path(Some(&token)))
}
