//! The media of one recording.

mod copy;
mod download;
mod encryption;
mod failures;
mod file;
mod folder;
mod partial;
mod partial_file;
mod progress;
mod reader;
mod request;
mod source;
mod version;

pub use download::Download;
pub use encryption::Encryption;
pub use partial_file::PartialFile;
pub use progress::{Downloaded, Progress};
pub use reader::MediaReader;
pub use source::Media;
