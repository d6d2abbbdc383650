//! Time, always passed in as an argument: the core never reads a clock.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Wall time: milliseconds since 1970-01-01T00:00:00Z, as a node's clock showed it. Never used for
/// ordering.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WallTime {
    /// Milliseconds since the epoch.
    pub ms: u64,
}

impl WallTime {
    /// The wall time this many milliseconds after the epoch.
    pub const fn from_ms(ms: u64) -> Self {
        Self { ms }
    }
}

/// Monotonic time of one node: milliseconds since some start, never going back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant {
    /// Milliseconds since the start.
    pub ms: u64,
}

impl Instant {
    /// The instant this many milliseconds after the start.
    pub fn from_ms(ms: u64) -> Self {
        Self { ms }
    }

    /// This instant moved on.
    pub fn after_ms(self, ms: u64) -> Self {
        Self {
            ms: self.ms.saturating_add(ms),
        }
    }

    /// Milliseconds from `earlier` to this instant, zero if it is not earlier.
    pub fn since_ms(self, earlier: Self) -> u64 {
        self.ms.saturating_sub(earlier.ms)
    }
}

/// Both clocks at one moment, as the driver reads them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// For timers.
    pub instant: Instant,
    /// For what people read, and for a charter's validity.
    pub wall: WallTime,
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.ms)
    }
}
