//! What a wall clock that is wrong, or was just set right, means for a node.

use crate::limits::{CLOCK_JUMP_MS, CLOCK_LOOK_MS};
use crate::time::{Instant, Now};

use super::Engine;

/// How the two clocks stood to each other at the last input.
#[derive(Default)]
pub(super) struct Watch {
    apart_ms: Option<u64>,
    /// Whether the charter held by the clock.
    holds: bool,
    look_again: Option<Instant>,
}

impl Watch {
    /// When the clock is to be looked at again, if the charter does not hold by it.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        self.look_again
    }
}

impl Engine {
    /// Looks at the clocks. Once the wall clock was set, what was judged by the time is judged
    /// anew: charters that were refused, and what waited for the charter to hold.
    pub(super) fn watch_clock(&mut self, now: Now) {
        let apart_ms = now.wall.ms.wrapping_sub(now.instant.ms);
        let before_ms = self.clock.apart_ms.replace(apart_ms);
        let set = before_ms.is_some_and(|before_ms| before_ms.abs_diff(apart_ms) > CLOCK_JUMP_MS);
        let holds = self.may_send(now);
        let begins = holds && !std::mem::replace(&mut self.clock.holds, holds);
        if set {
            // A clock that makes no difference is nobody's business.
            for known in self.peers.values_mut() {
                let refused = known.refused_charter.take().is_some();
                known.hello_due |= known.connected && (refused || begins);
            }
        }
        let look_again = now.instant.after_ms(CLOCK_LOOK_MS);
        self.clock.look_again = (!holds).then_some(look_again);
    }
}
