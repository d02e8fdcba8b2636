mod entry;
mod hash;
mod lines;
mod lock;
mod record_file;
pub mod sync;

pub use entry::{Archived, Entry, MediaPath};
pub use hash::Sha256;
pub use record_file::RecordFile;

/// The name of the record file in the folder of an archive.
pub const RECORD_FILE: &str = "recordings.ndjson";
