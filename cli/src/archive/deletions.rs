//! The time at which recordings of a listing may be deleted.

use std::mem;
use std::sync::{Mutex, PoisonError};

use twilio_room_recordings::RecordingSid;

use crate::entries::Stamp;

/// A recording whose entry is written, and whose file this run has read from the first byte to the
/// last.
pub struct Proven {
    pub sid: RecordingSid,
    /// `None` if the program of `--exec` has moved or removed the file.
    pub file: Option<Stamp>,
}

/// Holds deletions back until the listing is complete: a deletion moves the recordings of the
/// pages after it, so a listing that continues would leave some out.
pub struct Deletions(Mutex<State>);

enum State {
    /// The listing continues. These are archived.
    Listing(Vec<Proven>),
    /// The listing is complete.
    Allowed,
    /// The listing has failed, or nothing is to be deleted.
    Forbidden,
}

impl Deletions {
    pub fn new(are_wanted: bool) -> Self {
        let state = if are_wanted { State::Listing(Vec::new()) } else { State::Forbidden };
        Self(Mutex::new(state))
    }

    /// Takes a recording that is archived, and returns it if it may be deleted now.
    pub fn release(&self, recording: Proven) -> Option<Proven> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            State::Listing(archived) => {
                archived.push(recording);
                None
            }
            State::Allowed => Some(recording),
            State::Forbidden => None,
        }
    }

    /// Ends the listing, and returns the recordings that may be deleted now.
    pub fn end_listing(&self, is_complete: bool) -> Vec<Proven> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = match (&*state, is_complete) {
            (State::Listing(_), true) => State::Allowed,
            _ => State::Forbidden,
        };
        match (mem::replace(&mut *state, ended), is_complete) {
            (State::Listing(archived), true) => archived,
            _ => Vec::new(),
        }
    }
}
