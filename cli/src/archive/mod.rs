mod acknowledged;
mod archiver;
mod delete;
mod deletions;
mod exec;
mod failures;
mod folder;
mod options;
mod preview;
mod progress;
mod queue;
mod records;
mod run;
mod save;
mod summary;

pub use options::Archive;
pub use progress::Bar;
pub use run::run;
