//! How long something took. The library is handed the time; only this program reads a clock.

use std::time::{Duration, Instant};

use policy::review::pace::Clock;

/// Runs since it was started.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "a measurement for people needs a clock"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Stopwatch {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
