//! Failures of everything in one place: the threads pause together, and then most recordings are left
//! out.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Counts downloads that failed, one after the other, for reasons that may not be their own.
///
/// After as many as there are threads, one thread tries at a time while the others wait. After some
/// more, recordings are left out before each try, ever more of them. How many is random, so that
/// recordings that fail for ever do not keep the same others from the archive every night. Each bucket
/// of the account's own is a place of its own, because it can reject everything while others do not.
pub struct Outage {
    jobs: u32,
    /// The states, by the bucket, or `None` for the service's storage.
    places: Mutex<BTreeMap<Option<String>, State>>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// The number of threads that are downloading.
    trying: u32,
    /// The number of recordings that are left out before the next try.
    left_out: u64,
}

/// What a download says about the others.
pub enum Outcome {
    Success,
    /// A failure that others may have too.
    Failure,
    Other,
}

/// The number of downloads that are tried one by one before recordings are left out.
const TRIALS: u32 = 3;

impl Outage {
    pub fn new(jobs: u16) -> Self {
        Self { jobs: jobs.into(), places: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits while another thread tries whether downloads from this place work again. Returns `false`
    /// if this recording is left out.
    pub fn wait_for_turn(&self, place: Option<&str>) -> bool {
        let mut places = self.locked();
        loop {
            let state = places.entry(place.map(str::to_owned)).or_default();
            if state.failures < self.jobs || state.trying == 0 {
                let is_tried = state.left_out == 0;
                if is_tried {
                    state.trying += 1;
                } else {
                    state.left_out -= 1;
                }
                return is_tried;
            }
            places = self.changed.wait(places).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the turn. Returns the number of failures in a row, if recordings of this place are left out
    /// from now on.
    pub fn end_turn(&self, place: Option<&str>, outcome: Outcome) -> Option<u32> {
        let mut places = self.locked();
        let state = places.entry(place.map(str::to_owned)).or_default();
        state.trying -= 1;
        let limit = self.jobs + TRIALS;
        let begins = match outcome {
            Outcome::Success => {
                (state.failures, state.left_out) = (0, 0);
                false
            }
            Outcome::Failure => {
                state.failures += 1;
                if let Some(further) = state.failures.checked_sub(limit) {
                    let most = 4_u64.saturating_pow(further);
                    state.left_out = RandomState::new().hash_one(()) % most;
                }
                state.failures == limit
            }
            Outcome::Other => false,
        };

        self.changed.notify_all();
        begins.then_some(limit)
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Option<String>, State>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
