mod entries;
mod ffmpeg;
mod ffprobe;
mod options;
mod output;
mod plan;
mod program;
mod progress;
mod run;
mod shell;

pub use options::Merge;
pub use run::run;
