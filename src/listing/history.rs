//! The pages that a listing has fetched, to find pagination loops.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use crate::error::{Error, ErrorKind};
use crate::model::{PageToken, RoomRecording};

/// The number of repeated pages in a row that is a loop. Fewer are possible without one: recordings
/// that begin during the listing move the others to later pages.
const LOOP: u32 = 3;

/// The pages fetched so far.
#[derive(Default)]
pub(super) struct History {
    /// One hash of the token and one of the records of each page: sixteen bytes a page, however long
    /// they are.
    hashes: HashSet<u64>,
    hasher: RandomState,
    repeated_pages: u32,
    /// The number of empty pages since the last page with records.
    pub empty_pages: u32,
}

impl History {
    pub(super) fn add_token(&mut self, token: Option<&PageToken>) {
        self.hashes.insert(self.hash_of_token(token));
    }

    pub(super) fn contains_token(&self, token: &PageToken) -> bool {
        self.hashes.contains(&self.hash_of_token(Some(token)))
    }

    /// Adds the records of a page. Returns `true` if they are those of an earlier page, or the error
    /// if an API that ignores the page token sends the same pages again and again.
    pub(super) fn add_records(
        &mut self,
        page: u64,
        records: &[Result<RoomRecording, Error>],
    ) -> Result<bool, Error> {
        if records.is_empty() {
            self.empty_pages += 1;
            return Ok(false);
        }

        self.empty_pages = 0;
        if self.hashes.insert(self.hash_of_records(records)) {
            self.repeated_pages = 0;
            return Ok(false);
        }
        self.repeated_pages += 1;
        if self.repeated_pages == LOOP {
            let page = page.saturating_sub(1);
            return Err(Error::new(ErrorKind::PaginationLoop { page }));
        }
        Ok(true)
    }

    fn hash_of_token(&self, token: Option<&PageToken>) -> u64 {
        let (token, number) = match token {
            None => (None, Some("0")),
            Some(PageToken { page, token: None }) => (None, page.as_deref()),
            Some(PageToken { token, .. }) => (token.as_deref(), None),
        };
        self.hasher.hash_one((token, number))
    }

    fn hash_of_records(&self, records: &[Result<RoomRecording, Error>]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        records.iter().for_each(|record| identity(record).hash(&mut hasher));
        hasher.finish()
    }
}

/// The text that identifies a record: its SID, or if the record is invalid, all of it.
fn identity(record: &Result<RoomRecording, Error>) -> &str {
    match record {
        Ok(record) => record.sid.as_str(),
        Err(error) => match error.kind() {
            ErrorKind::InvalidRecord(record) => &record.json,
            _ => "",
        },
    }
}
