//! Since when each node's wall clock has kept step with true time: what hangs on it is demanded only
//! where the node has surely noticed what it shows.

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use crdt_model::limits::ANTI_ENTROPY_INTERVAL_MS;

use crate::world::World;
use crate::world::node::Node;

/// Milliseconds after which a node has surely noticed what its clock shows.
pub(super) const SLACK_MS: u64 = 2 * ANTI_ENTROPY_INTERVAL_MS;

/// See the module.
#[derive(Default)]
pub(super) struct Steady {
    /// How far each wall clock is ahead of virtual time, in milliseconds, and since when.
    clocks: BTreeMap<NodeId, (u64, u64)>,
}

impl Steady {
    /// How far a node's wall clock is ahead of virtual time, and from when on it has surely noticed.
    pub(super) fn look(&mut self, world: &World, node: NodeId, state: &Node) -> (u64, u64) {
        let now_ms = world.now_ms();
        let ahead_ms = state.wall(world).ms.wrapping_sub(now_ms);
        let clock = self.clocks.entry(node).or_insert((ahead_ms, now_ms));
        if clock.0 != ahead_ms {
            *clock = (ahead_ms, now_ms);
        }
        (ahead_ms, clock.1 + SLACK_MS)
    }
}
