mod deletions;
mod disk;
mod folder;
mod progress;
mod record_file;
mod run;
mod summary;
mod task;

pub use progress::Bar;
pub use run::run;
