//! The places of tracks on the time line of their room, and the ffmpeg command that puts them
//! there. Nothing here reads a file or runs a program.

mod command;
mod graph;
mod grid;
#[cfg(test)]
mod tests;
mod timeline;

pub use command::{Plan, file_url};
pub use timeline::{Contents, Kind, LONG_PAUSE, Pause, Timeline, Track};
