mod buckets;
mod disk;
mod outage;

pub use buckets::{Buckets, bucket_of};
pub use disk::{FullDisk, io_cause, is_full};
pub use outage::{Outage, Outcome};
