mod arguments;
mod entries;
mod ffmpeg;
mod ffprobe;
mod output;
mod plan;
mod program;
mod progress;
mod run;
mod shell;

pub use arguments::Merge;
pub use run::run;
