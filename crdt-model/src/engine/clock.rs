//! What a wall clock that is wrong, or was just set right, means for a node.

use crate::limits::{CLOCK_JUMP_MS, CLOCK_LOOK_MS};
use crate::time::{Instant, Now, WallTime};

use super::Engine;

/// How the two clocks stood to each other at the last input.
#[derive(Default)]
pub(super) struct Watch {
    apart_ms: Option<u64>,
    /// What the wall clock shows, as far as it is believed, and by how much it is apart.
    believed: Option<WallTime>,
    believed_apart_ms: Option<u64>,
    /// Whether the charter held by the clock.
    holds: bool,
    look_again: Option<Instant>,
}

impl Watch {
    /// What the wall clock shows. One that was just set is believed from the next look on: it may
    /// be set back at once.
    pub(super) fn believed(&self) -> WallTime {
        self.believed.unwrap_or(WallTime::from_ms(0))
    }

    /// Has the clock looked at again by this time.
    pub(super) fn look_by(&mut self, at: Instant) {
        self.look_again = Some(self.look_again.map_or(at, |look_again| look_again.min(at)));
    }

    /// When the clock is to be looked at again: while the charter does not hold by it, a peer gave
    /// signatures that are of the future by it, it was just set, or nobody confirms the charter.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        self.look_again
    }
}

impl Engine {
    /// Looks at the clocks. Once the wall clock was set, what was judged by the time is judged
    /// anew: charters that were refused, signatures on their log that were of the future, and what
    /// waited for the charter to hold.
    pub(super) fn watch_clock(&mut self, now: Now) {
        let apart_ms = now.wall.ms.wrapping_sub(now.instant.ms);
        let before_ms = self.clock.apart_ms.replace(apart_ms);
        let set = before_ms.is_some_and(|before_ms| before_ms.abs_diff(apart_ms) > CLOCK_JUMP_MS);
        let steady = |believed_ms: u64| believed_ms.abs_diff(apart_ms) <= CLOCK_JUMP_MS;
        let unset = self.clock.believed_apart_ms.is_none_or(steady);
        if unset || !set {
            self.clock.believed_apart_ms = Some(apart_ms);
        }
        let believed_apart_ms = self.clock.believed_apart_ms.unwrap_or(apart_ms);
        self.clock.believed = Some(WallTime::from_ms(
            now.instant.ms.wrapping_add(believed_apart_ms),
        ));
        let holds = self.may_send(now);
        let begins = holds && !std::mem::replace(&mut self.clock.holds, holds);
        if set {
            // A clock that makes no difference is nobody's business.
            for known in self.peers.values_mut() {
                let refused = known.refused_charter.take().is_some();
                let early = std::mem::take(&mut known.gave_early);
                known.gossiped = known.gossiped.filter(|_| !early);
                known.hello_due |= known.connected && (refused || begins || early);
            }
        }
        let look_again = now.instant.after_ms(CLOCK_LOOK_MS);
        let believes_it = steady(believed_apart_ms);
        let waits = self.peers.values().any(|known| known.gave_early);
        self.clock.look_again = (!holds || !believes_it || waits).then_some(look_again);
    }
}
