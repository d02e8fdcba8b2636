//! Failures of everything: the threads pause together, and then the run ends.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Counts downloads that failed, one after the other, for reasons that are not their own. After as
/// many as there are threads, one thread tries at a time while the others wait.
pub struct Outage {
    jobs: u32,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// The number of threads that are downloading.
    trying: u32,
    is_over: bool,
}

/// What a download says about the others.
pub enum Outcome {
    Success,
    /// A failure that others may have too.
    Failure,
    Other,
}

/// The number of downloads that are tried one by one.
const TRIALS: u32 = 3;

impl Outage {
    pub fn new(jobs: u16) -> Self {
        Self { jobs: jobs.into(), state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits while another thread tries whether downloads work again. Returns `false` if they don't.
    pub fn wait_for_turn(&self) -> bool {
        let mut state = self.locked();
        while state.failures >= self.jobs && state.trying > 0 {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.trying += u32::from(!state.is_over);
        !state.is_over
    }

    /// Ends the turn. Returns the number of failures in a row, if there is no point in going on.
    pub fn end_turn(&self, outcome: Outcome) -> Option<u32> {
        let mut state = self.locked();
        state.trying -= 1;
        match outcome {
            Outcome::Success => state.failures = 0,
            Outcome::Failure => state.failures += 1,
            Outcome::Other => {}
        }
        state.is_over = state.failures >= self.jobs + TRIALS;
        self.changed.notify_all();
        state.is_over.then_some(state.failures)
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
