//! The built program, run as a person, a script or a cron job runs it.

mod account;
mod archive;
mod archive_delete;
mod archive_disk;
mod archive_exec;
mod archive_faults;
mod archive_files;
mod archive_outcome;
mod archive_parallel;
mod completions;
mod dates;
mod download;
mod fetch_and_delete;
mod limits;
mod list;
mod merge;
mod merge_faults;
mod messages;
mod readme;
mod signals;
mod streams;
mod support;
mod terminal;
mod tls;
mod usage;
mod verify;
