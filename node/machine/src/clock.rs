//! The one place that reads clocks.

use crdt_model::time::{Instant, Now, WallTime};

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: std::time::Instant,
}

impl Clock {
    /// Monotonic time begins now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the driver's clock, which others are handed"
    )]
    pub fn start() -> Self {
        Self {
            started: std::time::Instant::now(),
        }
    }

    /// Both clocks now. A wall clock before 1970 counts as 1970.
    #[expect(
        clippy::disallowed_methods,
        reason = "the driver's clock, which others are handed"
    )]
    pub fn now(&self) -> Now {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let wall_ms = wall.map_or(0, |passed| passed.as_millis());
        let passed_ms = self.started.elapsed().as_millis();
        Now {
            instant: Instant::from_ms(u64::try_from(passed_ms).unwrap_or(u64::MAX)),
            wall: WallTime::from_ms(u64::try_from(wall_ms).unwrap_or(u64::MAX)),
        }
    }
}
