mod entry;
mod hash;
mod lines;
mod lock;
mod open;
mod read;
mod record_file;
mod stamp;
pub mod sync;

pub use entry::{Archived, Entry, EntryHead, MediaPath, NO_ENCRYPTION_DATA, may_be_of_room};
pub use read::{read_last_entries, read_lines};
pub use record_file::{RecordFile, key};
pub use stamp::{Stamp, hash_file};

/// The name of the record file in the folder of an archive.
pub const RECORD_FILE: &str = "recordings.ndjson";
