//! What a node still sends whose charter nobody has confirmed for long.
//!
//! The charter says how many townships must have signed the log that this node goes by, and how
//! old that may be. The time that enough of them have confirmed is a floor for this node's clock too,
//! so that setting the clock back brings no charter to life again. The floor is only lifted by
//! confirmations that lead the wall clock by a day at most, and it goes back where as many townships
//! as had lifted it sign again by clocks that agree with this one: clocks that were years ahead for a
//! minute leave nothing behind for good. While the floor leads the wall clock by more than a day, one
//! of the two is wrong: then nothing moves by itself (`confirms`).
//!
//! | rung | sends |
//! | --- | --- |
//! | fresh | what the charter allows |
//! | narrowed | facets of its own home, to nodes above; it still receives |
//! | holding | nothing; what is written waits |
//!
//! What is not sent looks to a peer exactly like what does not exist.

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::label::FacetId;
use crate::limits::LADDER_LOOK_MS;
use crate::planted::{self, Plant};
use crate::time::{Now, WallTime};

use super::Engine;

/// How far a node has come down the ladder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// The charter was confirmed lately, or asks for no confirmation.
    #[default]
    Fresh,
    /// It was confirmed too long ago to pass on what is others'.
    Narrowed,
    /// It was confirmed too long ago to send anything.
    Holding,
}

/// Which facets may be sent.
#[derive(Clone, Copy)]
pub(super) enum Passage {
    All,
    /// Those of one home.
    Of(NodeId),
    None,
}

impl Passage {
    pub(super) fn lets(self, facet: &FacetId) -> bool {
        match self {
            Self::All => true,
            Self::Of(home) => facet.home == home,
            Self::None => false,
        }
    }
}

impl Engine {
    /// The wall clock, not behind what enough townships have confirmed.
    pub fn floored(&self, wall: WallTime) -> WallTime {
        self.checkpoints
            .confirmed
            .map_or(wall, |confirmed| confirmed.max(wall))
    }

    /// Whether enough townships have confirmed a time that is so close to this wall clock that it can
    /// be gone by for what nobody has looked at: behind it by so much at most, and ahead of it by a day
    /// at most. A charter that asks for no confirmation trusts the clock, but not one that was just set
    /// by days.
    pub fn confirms(&self, wall: WallTime, within_ms: u64) -> bool {
        let confirmed = self.checkpoints.confirmed;
        let agrees = self.confirmed_ahead(self.clock.believed()).is_none()
            && confirmed.is_some_and(|at| wall.ms.saturating_sub(at.ms) <= within_ms);
        !self.clock.in_doubt() && (agrees || self.charter().freshness().is_none())
    }

    /// The wall clock as this node goes by it for what takes hours: one that was just set is
    /// believed from the next input on.
    pub(super) fn believed_wall(&self) -> WallTime {
        self.floored(self.clock.believed())
    }

    /// How far this node has come down.
    pub fn rung(&self) -> Rung {
        self.checkpoints.rung
    }

    fn rung_now(&self) -> Rung {
        let Some(freshness) = self.charter().freshness() else {
            return Rung::Fresh;
        };
        if planted::is(Plant::LadderIgnored) {
            return Rung::Fresh;
        }
        let from = self.charter().validity().from;
        let confirmed = self.checkpoints.confirmed.map_or(from, |at| at.max(from));
        let age_ms = self.believed_wall().ms.saturating_sub(confirmed.ms);
        match age_ms {
            age_ms if age_ms <= freshness.fresh_ms => Rung::Fresh,
            age_ms if age_ms <= freshness.narrow_ms => Rung::Narrowed,
            _ => Rung::Holding,
        }
    }

    /// Looks where this node stands. What it held back goes on when it has come up.
    pub(super) fn climb(&mut self, now: Now) {
        let rung = self.rung_now();
        if rung != Rung::Fresh {
            self.clock.look_by(now.instant.after_ms(LADDER_LOOK_MS));
        }
        let before = std::mem::replace(&mut self.checkpoints.rung, rung);
        if rung < before {
            for known in self.peers.values_mut().filter(|known| known.connected) {
                known.went_well();
                known.doubt();
            }
        }
        if rung == Rung::Holding && before != rung {
            for known in self.peers.values_mut() {
                known.end_session();
            }
        }
    }

    /// Whether this node sends and takes commits at all just now.
    pub(super) fn exchanges(&self, now: Now) -> bool {
        self.may_send(now) && self.checkpoints.rung != Rung::Holding
    }

    /// Which of the facets that the link with a peer carries may be sent over it just now.
    pub(super) fn passage(&self, peer: NodeId) -> Passage {
        match self.checkpoints.rung {
            Rung::Fresh => Passage::All,
            Rung::Narrowed if self.drives(peer) => Passage::Of(self.node()),
            Rung::Narrowed | Rung::Holding => Passage::None,
        }
    }
}
