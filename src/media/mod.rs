//! The media of one recording.

mod file;
mod partial;
mod reader;
mod request;
mod source;

pub use reader::MediaReader;
pub use request::{Downloaded, Media, Progress};
