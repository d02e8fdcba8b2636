//! The progress and the result of a download.

use super::encryption::Encryption;

/// The progress of a download.
///
/// ```
/// use twilio_room_recordings::Progress;
///
/// fn percent(progress: Progress) -> Option<u64> {
///     (progress.received * 100).checked_div(progress.total?)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Progress {
    /// The number of bytes of the media that are written, including those of an earlier run.
    pub received: u64,
    /// The size of the media in bytes, if it is known.
    pub total: Option<u64>,
}

/// The result of a download.
///
/// ```
/// use twilio_room_recordings::Downloaded;
///
/// fn report(done: Downloaded) {
///     match done.transferred {
///         0 => println!("nothing to transfer"),
///         bytes => println!("{bytes} of {} bytes transferred now", done.size),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Downloaded {
    /// The size of the media in bytes.
    pub size: u64,
    /// The number of bytes that this call transferred. Less than the size if it resumed an earlier
    /// download, more if it started over, and 0 if nothing had to be transferred or if another
    /// download finished first.
    pub transferred: u64,
    /// The encryption data, if the media is encrypted. `None` also for a file that
    /// was already there, unless the record names an
    /// [`encryption_key`](crate::RoomRecording::encryption_key).
    pub encryption: Option<Encryption>,
}
