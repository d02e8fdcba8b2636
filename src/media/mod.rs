//! The media of one recording.

mod copy;
mod failures;
mod file;
mod folder;
mod partial;
mod reader;
mod request;
mod source;
mod version;

pub use reader::MediaReader;
pub use request::{Downloaded, Media, Progress};
