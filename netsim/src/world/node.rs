//! One node: its engine, its disk, its clocks.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::engine::{Engine, Identity, InboundId, RequestId};
use crdt_model::ids::{CharterVersion, NodeId};
use crdt_model::time::{Instant, Now, WallTime};

use super::World;
use crate::disk::{Counts, LogStore, Platter};
use crate::truth::Rules;

/// How a node's clocks differ from true time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clocks {
    /// Milliseconds that the wall clock is ahead.
    pub wall_ahead_ms: i64,
    /// Milliseconds slept, which the monotonic clock has not counted.
    pub slept_ms: u64,
}

/// A node that runs.
pub struct Node {
    /// Its engine.
    pub engine: Engine,
    /// What it keeps.
    pub store: LogStore,
    /// Its clocks.
    pub clocks: Clocks,
    /// Milliseconds a sync takes beyond the usual.
    pub slow_sync_ms: u64,
    /// It dies after carrying out this many more outputs.
    pub dies_after_outputs: Option<usize>,
    /// Until when it sleeps.
    pub asleep_until_ms: Option<u64>,
    pub(super) identity: Identity,
    /// Tells one life of the process from the next.
    pub(super) start: u64,
    pub(super) inbound: BTreeMap<InboundId, (NodeId, RequestId, u64)>,
    /// Requests that it made and that nobody has answered.
    pub(super) open: BTreeSet<RequestId>,
    pub(super) wakes_at: Option<u64>,
    pub(super) scrub_due: bool,
    pub(super) counts_at_start: Counts,
    /// The charter version that its lines were laid by.
    pub(super) version: CharterVersion,
}

/// A node that does not run.
#[derive(Clone)]
pub struct Off {
    /// Who it is.
    pub identity: Identity,
    /// Its disk.
    pub platter: Platter,
    /// Its clocks.
    pub clocks: Clocks,
    /// Why it stopped.
    pub why: String,
}

impl Node {
    /// Its clocks at a moment of true time.
    pub(super) fn now(&self, now_ms: u64, wall_start_ms: u64) -> Now {
        let wall = (wall_start_ms + now_ms).saturating_add_signed(self.clocks.wall_ahead_ms);
        Now {
            instant: Instant::from_ms(now_ms.saturating_sub(self.clocks.slept_ms)),
            wall: WallTime::from_ms(wall),
        }
    }

    /// When its engine wants to be called again, in true time.
    pub(super) fn timeout_at(&self, now_ms: u64) -> u64 {
        let at = self.engine.next_timeout().ms;
        let at = at.saturating_add(self.clocks.slept_ms);
        at.max(self.asleep_until_ms.unwrap_or(now_ms))
    }

    /// What its wall clock shows.
    pub fn wall(&self, world: &World) -> WallTime {
        self.now(world.now_ms, world.wall_start_ms).wall
    }

    /// A copy of the whole machine.
    pub fn backup(&self) -> Off {
        Off {
            identity: self.identity.clone(),
            platter: self.store.platter().clone(),
            clocks: self.clocks,
            why: "a copy".to_owned(),
        }
    }

    /// What it goes by.
    pub fn rules(&self) -> Rules {
        Rules {
            digest: self.engine.charter().digest(),
            emergency: self.engine.in_emergency(),
        }
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}
