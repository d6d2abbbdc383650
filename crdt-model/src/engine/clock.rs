//! What a wall clock that is wrong, or was just set right, means for a node.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::limits::{
    CLOCK_DOUBT_JUMP_MS, CLOCK_DOUBT_MS, CLOCK_DOUBT_START_MS, CLOCK_JUMP_MS, CLOCK_LOOK_MS,
    CLOCK_SIGHT_MS, CONFIRMED_LEAD_MS, ROSTER_NODES_MAX,
};
use crate::time::{Instant, Now, WallTime};

use super::{Alarm, Engine};

/// Townships whose signatures are all of the future, from which on it is this node's clock that is
/// behind.
const WITNESSES: usize = 2;

/// How it stands with the clocks: this node's, and those of others as far as what they sent shows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ClockStatus {
    /// What this machine's wall clock shows, if it was looked at.
    pub shows: Option<WallTime>,
    /// The time that enough townships have confirmed, if it leads the wall clock by more than a day: the
    /// node goes by it, and nothing moves by itself.
    pub confirmed_ahead: Option<WallTime>,
    /// Whether the wall clock was set by days, or starts weeks after the confirmed time, and has not
    /// stood for long: nothing moves by itself until it has.
    pub in_doubt: bool,
    /// Milliseconds that this node's clock is behind, at least, by what several townships sign.
    pub behind_ms: Option<u64>,
    /// Other nodes whose clocks are ahead of this node's.
    pub ahead: Vec<ClockAhead>,
}

/// A node whose clock is ahead of this one's by more than a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClockAhead {
    /// The node.
    pub node: NodeId,
    /// By how many milliseconds, at least.
    pub ahead_ms: u64,
}

/// What was seen of another node's clock.
#[derive(Clone, Copy)]
struct Sight {
    ahead_ms: u64,
    at: Instant,
    /// Whether it stands in a signature of the log of charters, which is as new as can be.
    signed: bool,
}

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
    /// Until when the clock has to stand before anything moves by itself.
    doubted_until: Option<Instant>,
    sights: BTreeMap<NodeId, Sight>,
    /// Whether the alarm was raised that the confirmed time leads the clock.
    told_apart: bool,
    /// Alarms to be raised with the next outputs.
    alarms: Vec<Alarm>,
}

impl Watch {
    /// What the wall clock shows. One that was just set is believed from the next look on: it may
    /// be set back at once.
    pub(super) fn believed(&self) -> WallTime {
        self.believed.unwrap_or(WallTime::from_ms(0))
    }

    /// Whether the clock has yet to stand for a while before anything moves by itself.
    pub(super) fn in_doubt(&self) -> bool {
        self.doubted_until.is_some()
    }

    pub(super) fn take_alarms(&mut self) -> Vec<Alarm> {
        std::mem::take(&mut self.alarms)
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
        self.doubt_clock(now, before_ms.map(|before_ms| before_ms.abs_diff(apart_ms)));
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
        self.compare_with_confirmed();
        let expired = |sight: &Sight| now.instant.since_ms(sight.at) > CLOCK_SIGHT_MS;
        self.clock.sights.retain(|_, sight| !expired(sight));
        let look_again = now.instant.after_ms(CLOCK_LOOK_MS);
        let believes_it = steady(believed_apart_ms);
        let waits = self.peers.values().any(|known| known.gave_early);
        self.clock.look_again = (!holds || !believes_it || waits).then_some(look_again);
    }

    /// Doubts a wall clock that was set by days while this node ran, or that shows weeks after the
    /// confirmed time when it starts.
    fn doubt_clock(&mut self, now: Now, moved_ms: Option<u64>) {
        let starts_late = || {
            let confirmed = self.checkpoints.confirmed;
            confirmed.is_some_and(|at| now.wall.ms.saturating_sub(at.ms) > CLOCK_DOUBT_START_MS)
        };
        let doubted = match moved_ms {
            Some(moved_ms) => moved_ms > CLOCK_DOUBT_JUMP_MS,
            None => starts_late(),
        };
        if doubted {
            self.clock.doubted_until = Some(now.instant.after_ms(CLOCK_DOUBT_MS));
        }
        let until = self.clock.doubted_until;
        self.clock.doubted_until = until.filter(|until| now.instant < *until);
    }

    /// Raises the alarm when the confirmed time leads the wall clock by more than it may.
    fn compare_with_confirmed(&mut self) {
        let shows = self.clock.believed();
        let apart = self.confirmed_ahead(shows);
        if let Some(confirmed) = apart.filter(|_| !self.clock.told_apart) {
            self.clock
                .alarms
                .push(Alarm::ClockApart { confirmed, shows });
        }
        self.clock.told_apart = apart.is_some();
    }

    /// The confirmed time, if it leads a wall clock by more than it may.
    pub(super) fn confirmed_ahead(&self, wall: WallTime) -> Option<WallTime> {
        let confirmed = self.checkpoints.confirmed;
        confirmed.filter(|at| at.ms.saturating_sub(wall.ms) > CONFIRMED_LEAD_MS)
    }

    /// Notes what another node's clock showed when it signed something. Only what is more than a day
    /// ahead of the time that this node goes by says anything: what is older may have waited.
    pub(super) fn note_clock_of(&mut self, node: NodeId, shown: WallTime, signed: bool, now: Now) {
        let ahead_ms = shown.ms.saturating_sub(self.believed_wall().ms);
        let full = self.clock.sights.len() >= ROSTER_NODES_MAX;
        if node == self.node() {
            return;
        }
        if ahead_ms <= CONFIRMED_LEAD_MS {
            if signed {
                // It signs by a right clock now.
                self.clock.sights.remove(&node);
            }
            return;
        }
        let known = self.clock.sights.get(&node).copied();
        if known.is_none() && full {
            return;
        }
        if known.is_none() {
            self.clock.alarms.push(Alarm::ClockAhead { node, ahead_ms });
        }
        let sight = Sight {
            ahead_ms,
            at: now.instant,
            signed: signed || known.is_some_and(|known| known.signed),
        };
        self.clock.sights.insert(node, sight);
    }

    /// How it stands with the clocks.
    pub fn clock_status(&self) -> ClockStatus {
        let watch = &self.clock;
        let signed = watch.sights.values().filter(|sight| sight.signed);
        let mut witnesses: Vec<u64> = signed.map(|sight| sight.ahead_ms).collect();
        witnesses.sort_unstable_by(|one, other| other.cmp(one));
        let ahead = watch.sights.iter().map(|(node, sight)| ClockAhead {
            node: *node,
            ahead_ms: sight.ahead_ms,
        });
        ClockStatus {
            shows: watch.believed,
            confirmed_ahead: watch.believed.and_then(|shows| self.confirmed_ahead(shows)),
            in_doubt: watch.in_doubt(),
            behind_ms: witnesses.get(WITNESSES - 1).copied(),
            ahead: ahead.collect(),
        }
    }
}
