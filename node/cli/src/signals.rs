//! Signals that would end the program without a word.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// How a command ends that was interrupted a second time, as shells count it.
const INTERRUPTED_EXIT: i32 = 130;

/// Whether somebody pressed Ctrl-C.
pub(super) struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    /// From now on the first Ctrl-C is remembered; the second ends the process on the spot. None where
    /// the system does not allow that: the first ends it then.
    pub(super) fn listen() -> Option<Self> {
        let set = Arc::new(AtomicBool::new(false));
        let pressed = Arc::clone(&set);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.ok()?;
        let entered = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt()).ok()?;
        drop(entered);
        let listen = async move {
            while interrupt.recv().await.is_some() {
                if pressed.swap(true, Ordering::Relaxed) {
                    std::process::exit(INTERRUPTED_EXIT);
                }
            }
        };
        let thread = std::thread::Builder::new().name("signals".to_owned());
        let listening = thread.spawn(move || runtime.block_on(listen));
        listening.ok().map(|_| Self(set))
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

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
