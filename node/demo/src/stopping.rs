//! The one word that everything in a running county listens for, and the only way it waits.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::crew::hold;

/// Said once: stop.
#[derive(Debug, Default)]
pub struct Stopping {
    said: Mutex<bool>,
    told: Condvar,
}

impl Stopping {
    /// Says it.
    pub fn say(&self) {
        *hold(&self.said) = true;
        self.told.notify_all();
    }

    /// Whether it was said.
    pub fn said(&self) -> bool {
        *hold(&self.said)
    }

    /// Waits so many milliseconds, or until it is said. Returns whether it was.
    pub fn wait_ms(&self, ms: u64) -> bool {
        let said = hold(&self.said);
        let waited = self
            .told
            .wait_timeout_while(said, Duration::from_millis(ms), |said| !*said);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_when_it_is_said() {
        let stopping = Stopping::default();
        assert!(!stopping.wait_ms(1));
        std::thread::scope(|scope| {
            scope.spawn(|| stopping.say());
            assert!(stopping.wait_ms(60_000));
        });
        assert!(stopping.said());
    }
}
