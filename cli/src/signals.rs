//! The signals that end the process.

use std::process;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

/// Makes a file that grows beyond the limit of the system (`ulimit -f`) an error, which would end the
/// process by SIGXFSZ otherwise.
pub fn survive_large_files() {
    #[cfg(unix)]
    // If the system allows no handler, the default of the system remains.
    let _ = register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// Makes SIGINT and SIGTERM end process 1 of a container, as they end every other process.
///
/// Linux ignores them there unless a handler is set. For any other process the parent decides: a
/// signal that it ignores stays ignored.
pub fn end_process_1() {
    if process::id() != 1 {
        return;
    }
    for (signal, status) in [(SIGINT, 130), (SIGTERM, 143)] {
        let always = Arc::new(AtomicBool::new(true));
        // If the system allows no handler, the default of the system remains.
        let _ = register_conditional_shutdown(signal, status, always);
    }
}
