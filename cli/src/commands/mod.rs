pub mod completions;
pub mod delete;
pub mod download;
pub mod fetch;
pub mod list;
pub mod url;
