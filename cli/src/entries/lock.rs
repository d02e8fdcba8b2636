//! The lock by which the runs on one record file take turns.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::messages::Messages;

/// A run waits that long in silence for its turn.
const SILENCE: Duration = Duration::from_secs(1);
const DELAY: Duration = Duration::from_millis(20);

/// A lock that is released when it is dropped.
pub struct Lock<'a>(&'a File);

impl<'a> Lock<'a> {
    /// Waits for the lock of a file; `None` if its file system has no locks. Fails when the deadline
    /// passes.
    pub fn wait(
        file: &'a File,
        path: &Path,
        deadline: Instant,
        messages: &Messages,
    ) -> Result<Option<Self>, String> {
        let start = Instant::now();
        let mut is_said = false;

        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self(file))),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(_)) => return Ok(None),
            }
            if Instant::now() >= deadline {
                let path = path.display();
                return Err(format!(
                    "the deadline has passed: another run holds the lock of {path}"
                ));
            }
            if !is_said && start.elapsed() >= SILENCE {
                let path = path.display();
                messages
                    .warning(format_args!("waiting for the lock of {path}: another run has it"));
                is_said = true;
            }
            thread::sleep(DELAY);
        }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // An unlock fails only if there is no lock.
        let _ = self.0.unlock();
    }
}
