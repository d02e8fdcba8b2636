//! The signals that end the process.

use std::process;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_shutdown;

#[cfg(unix)]
pub use watch::watch;

/// The signals, with the exit status of process 1.
const ENDING: [(i32, i32); 2] = [(SIGINT, 130), (SIGTERM, 143)];

/// If true, the signals end process 1 at once.
static AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(true.into()));

/// Makes a file that grows beyond the limit of the system (`ulimit -f`) an error, which would end the
/// process by SIGXFSZ otherwise.
pub fn survive_large_files() {
    #[cfg(unix)]
    // If the system allows no handler, the default of the system remains.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// Makes SIGINT and SIGTERM end process 1 of a container, as they end every other process.
///
/// Linux ignores them there unless a handler is set. For any other process the parent decides: a
/// signal that it ignores stays ignored.
pub fn end_process_1() {
    if process::id() != 1 {
        return;
    }
    for (signal, status) in ENDING {
        // If the system allows no handler, the default of the system remains.
        let _ = register_conditional_shutdown(signal, status, Arc::clone(&AT_ONCE));
    }
}

#[cfg(not(unix))]
pub fn watch<T>(work: impl FnOnce() -> T, _: impl FnOnce() + Send) -> T {
    work()
}

#[cfg(unix)]
mod watch {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;
    use std::{fs, process, thread};

    use signal_hook::flag::register_conditional_default;
    use signal_hook::iterator::{Handle, Signals};
    use signal_hook::low_level::{emulate_default_handler, exit};

    use super::{AT_ONCE, ENDING};

    /// The process ends that long after a signal, even if nobody reads what it prints.
    const LIMIT: Duration = Duration::from_secs(1);

    /// Does some work. If SIGINT or SIGTERM arrives meanwhile, calls `print` before the signal ends
    /// the process.
    pub fn watch<T>(work: impl FnOnce() -> T, print: impl FnOnce() + Send) -> T {
        let signals = ENDING.into_iter().map(|(signal, _)| signal);
        let watched: Vec<_> = signals.filter(|&signal| !is_ignored(signal)).collect();
        if process::id() != 1 {
            for &signal in &watched {
                // If the system allows no handler, the default of the system remains.
                let _ = register_conditional_default(signal, Arc::clone(&AT_ONCE));
            }
        }
        let Ok(mut signals) = Signals::new(watched) else { return work() };

        thread::scope(|scope| {
            let _watching = Watching(signals.handle());
            let wait = move || {
                if let Some(signal) = signals.forever().next() {
                    print_and_end(signal, print);
                }
            };
            let is_watched = thread::Builder::new().spawn_scoped(scope, wait).is_ok();
            AT_ONCE.store(!is_watched, Ordering::SeqCst);
            work()
        })
    }

    /// Ends the watch when it is dropped.
    struct Watching(Handle);

    impl Drop for Watching {
        fn drop(&mut self) {
            AT_ONCE.store(true, Ordering::SeqCst);
            self.0.close();
        }
    }

    fn print_and_end(signal: i32, print: impl FnOnce()) {
        AT_ONCE.store(true, Ordering::SeqCst);
        let ends = thread::Builder::new().spawn(move || {
            thread::sleep(LIMIT);
            end(signal);
        });
        if ends.is_ok() {
            print();
        }
        end(signal);
    }

    fn end(signal: i32) {
        let status = ENDING.into_iter().find(|&(ending, _)| ending == signal);
        if let (1, Some((_, status))) = (process::id(), status) {
            exit(status);
        }
        // Fails for unknown signals only.
        let _ = emulate_default_handler(signal);
    }

    /// Returns `false` only if the system says that a signal is not ignored, as Linux does.
    fn is_ignored(signal: i32) -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
    }
}
