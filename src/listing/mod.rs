//! Listings of recordings.

mod body;
mod history;
mod page;
mod pages;
mod record;
mod recordings;
mod request;

pub use page::Page;
pub use pages::Pages;
pub(crate) use record::parse_record;
pub use recordings::RecordingsIter;
pub use request::ListRecordings;
