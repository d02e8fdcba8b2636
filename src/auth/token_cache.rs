//! The cached access token, which all threads of a client share.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::authorization::Authorization;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};

const MAX_MARGIN: Duration = Duration::from_secs(60);

/// A token from the token endpoint.
pub(crate) struct Token {
    authorization: Arc<Authorization>,
    /// The instant from which a new token is fetched.
    renewal: Option<Instant>,
}

impl Token {
    /// A token that was requested at this instant. It is renewed a minute before it expires, or
    /// after half its lifetime if that is shorter than two minutes.
    pub(crate) fn new(
        authorization: Authorization,
        requested: Instant,
        lifetime: Duration,
    ) -> Self {
        let margin = MAX_MARGIN.min(lifetime / 2);
        Self {
            authorization: Arc::new(authorization),
            renewal: requested.checked_add(lifetime - margin),
        }
    }

    fn is_fresh(&self) -> bool {
        self.renewal.is_none_or(|renewal| Instant::now() < renewal)
    }
}

/// The current token, and the one request for the next token that all threads wait for.
#[derive(Default)]
pub(super) struct TokenCache {
    state: Mutex<State>,
    fetched: Condvar,
}

#[derive(Default)]
struct State {
    last: Option<Outcome>,
    /// The token before it, which requests that are under way may have.
    previous: Option<Arc<Authorization>>,
    /// The thread that fetches a token.
    fetching: Option<ThreadId>,
    /// The number of tokens fetched, and of failures to fetch one.
    fetches: u64,
}

/// The outcome of the last request for a token.
enum Outcome {
    Fetched(Token),
    Failed(Error),
}

impl State {
    fn replace(&mut self, outcome: Option<Outcome>) {
        if let Some(Outcome::Fetched(token)) = mem::replace(&mut self.last, outcome) {
            self.previous = Some(token.authorization);
        }
    }

    /// The outcome that a thread may use which began to wait after that number of fetches. A
    /// token that was fetched since then is used even if it has expired, so that a short lifetime
    /// can't keep a thread waiting forever.
    fn outcome_since(&self, fetches: u64) -> Option<Result<Arc<Authorization>, Error>> {
        let is_new = self.fetches > fetches;
        match self.last.as_ref()? {
            Outcome::Fetched(token) if is_new || token.is_fresh() => {
                Some(Ok(Arc::clone(&token.authorization)))
            }
            Outcome::Failed(error) if is_new => Some(Err(error.clone())),
            _ => None,
        }
    }
}

impl TokenCache {
    /// Returns the cached token. If there is none, one thread fetches a token, and the others wait
    /// for it until their deadline.
    pub(super) fn get(
        &self,
        deadline: Deadline,
        fetch: impl FnOnce() -> Result<Token, Error>,
    ) -> Result<Arc<Authorization>, Error> {
        let mut state = self.lock();
        let fetches = state.fetches;
        let this_thread = thread::current().id();
        loop {
            if let Some(outcome) = state.outcome_since(fetches) {
                return outcome;
            }
            // A callback may use the client while its own thread fetches a token.
            if state.fetching.is_none_or(|thread| thread == this_thread) {
                break;
            }
            state = self.wait(state, deadline)?;
        }

        state.fetching = Some(this_thread);
        drop(state);
        let fetching = Fetching(self);
        let outcome = fetch();
        fetching.finish(outcome)
    }

    /// Discards this token if it is still the current one.
    pub(super) fn discard(&self, rejected: &Arc<Authorization>) {
        let mut state = self.lock();
        if matches!(&state.last, Some(Outcome::Fetched(token))
            if Arc::ptr_eq(&token.authorization, rejected))
        {
            state.replace(None);
        }
    }

    /// The current token, fresh or not, and the one before it.
    pub(super) fn tokens(&self) -> Vec<Arc<Authorization>> {
        let state = self.lock();
        let current = match &state.last {
            Some(Outcome::Fetched(token)) => Some(&token.authorization),
            _ => None,
        };
        current.into_iter().chain(&state.previous).cloned().collect()
    }

    // No state is invalid, so a panic of another thread changes nothing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        deadline: Deadline,
    ) -> Result<MutexGuard<'a, State>, Error> {
        Ok(match deadline.remaining()? {
            None => self.fetched.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(remaining) => {
                let woken = self.fetched.wait_timeout(state, remaining);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
        })
    }
}

/// A request for a token under way. When it ends, even by a panic, the next thread can go on.
struct Fetching<'a>(&'a TokenCache);

impl Fetching<'_> {
    fn finish(self, outcome: Result<Token, Error>) -> Result<Arc<Authorization>, Error> {
        let mut state = self.0.lock();
        let (outcome, result) = match outcome {
            Ok(token) => {
                let authorization = Arc::clone(&token.authorization);
                (Some(Outcome::Fetched(token)), Ok(authorization))
            }
            // The deadline of this thread is not that of the others.
            Err(error) if matches!(error.kind(), ErrorKind::DeadlineExceeded) => (None, Err(error)),
            Err(error) => (Some(Outcome::Failed(error.clone())), Err(error)),
        };

        state.fetches += u64::from(outcome.is_some());
        state.replace(outcome);
        result
    }
}

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        self.0.lock().fetching = None;
        self.0.fetched.notify_all();
    }
}
