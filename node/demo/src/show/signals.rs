//! Ctrl-C, and being told to end: both stop the county in good order.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::stopping::Stopping;

/// From now on these signals say stop instead of ending the process on the spot. Where the system
/// does not allow that they end it; the nodes then stop because their standard input closes.
pub(super) fn obey(stopping: &Arc<Stopping>) {
    let stopping = Arc::clone(stopping);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async move {
            let signals = [
                SignalKind::interrupt(),
                SignalKind::terminate(),
                SignalKind::hangup(),
            ];
            let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = signals.map(signal) else {
                return;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            stopping.say();
        });
    });
}
