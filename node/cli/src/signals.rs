//! Signals that would end the program without a word.

use tokio::signal::unix::{SignalKind, signal};

/// Makes a limit on the size of files (`ulimit -f`) an error of the write that passes it, and no longer
/// the end of the process.
pub(crate) fn file_size_limit_is_an_error() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    let Ok(runtime) = runtime else { return };
    let _entered = runtime.enter();
    // The handler stays for as long as the process. Without it, the signal does what it did before.
    let _ = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()));
}
