//! What the fuzz targets reach that is not public otherwise; compiled for them alone.
#![allow(clippy::expect_used)]

use crate::error::Result;
use crate::list::{MAX_PAGE_SIZE, Query};
use crate::page::PageToken;
use crate::service_error::{self, ServiceError};
use crate::sid::RoomSid;

fn room() -> RoomSid {
    "RMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().expect("a room SID")
}

/// Reads the body of an error.
pub fn error_body(body: &[u8], status: u16) -> ServiceError {
    service_error::read(&String::from_utf8_lossy(body), status)
}

/// The path that the page of a `next_page_url` is asked for with.
pub fn next_path(url: &str) -> Result<Option<String>> {
    let query = Query { room: room(), filters: String::new(), page_size: MAX_PAGE_SIZE };
    Ok(PageToken::from_url(url)?.map(|token| query.path(Some(&token))))
}
