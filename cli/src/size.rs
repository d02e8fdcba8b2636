//! Sizes as people read them.

use std::fmt;

/// A number of bytes in at most five characters, with decimal units: `999 B`, `12.3K`, `456M`.
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1000 {
            return write!(f, "{} B", self.0);
        }

        let mut tenths = self.0 / 100;
        for unit in ["K", "M", "G", "T", "P"] {
            match tenths {
                0..1000 => return write!(f, "{}.{}{unit}", tenths / 10, tenths % 10),
                1000..10_000 => return write!(f, "{}{unit}", tenths / 10),
                _ => tenths /= 1000,
            }
        }
        write!(f, "{}E", tenths / 10)
    }
}
