//! What the fullest node of each tier holds when a story is over, and what that takes.

use std::collections::BTreeMap;

use crdt_model::engine::Engine;
use crdt_model::ids::{Name, NodeId};
use crdt_model::replica;
use crdt_model::store::Store;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region};

use crate::places::tier;
use crate::world::World;
use crate::world::node::Node;

/// What one node holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holding {
    /// Which node.
    pub node: NodeId,
    /// Links that it has.
    pub links: usize,
    /// Facets, by name.
    pub facets: BTreeMap<Name, usize>,
    /// Bytes of its store on disk.
    pub disk_bytes: u64,
    /// Bytes of memory that its engine takes when it has just started, without charters and what
    /// the store keeps in memory; 0 in programs that do not count what they allocate.
    pub memory_bytes: usize,
}

impl Holding {
    /// All facets.
    pub fn facets(&self) -> usize {
        self.facets.values().sum()
    }
}

/// The fullest node of each tier, from the county down.
pub(super) fn fullest(world: &World) -> Vec<Holding> {
    let mut fullest: BTreeMap<u8, Holding> = BTreeMap::new();
    for (node, state) in world.nodes() {
        let holding = of(node, state);
        let known = fullest.get(&tier(node));
        if known.is_none_or(|known| known.facets() < holding.facets()) {
            fullest.insert(tier(node), holding);
        }
    }
    let weighed = fullest.into_values().map(|holding| Holding {
        memory_bytes: world.node(holding.node).map_or(0, memory),
        ..holding
    });
    weighed.collect()
}

fn of(node: NodeId, state: &Node) -> Holding {
    let mut facets = BTreeMap::new();
    // What cannot be read is damaged, and is not held.
    let _ = replica::for_each_facet(&state.store, |facet, _| {
        *facets.entry(facet.facet).or_insert(0) += 1;
    });
    Holding {
        node,
        links: state.engine.link_states().count(),
        facets,
        disk_bytes: state.store.disk_bytes().unwrap_or(0),
        memory_bytes: 0,
    }
}

/// What another engine on the same store allocates and keeps.
fn memory(state: &Node) -> usize {
    let charters = [std::sync::Arc::clone(state.engine.charter())];
    let before = Region::new(&INSTRUMENTED_SYSTEM);
    let engine = Engine::open(state.identity().clone(), charters, &state.store);
    let change = before.change();
    drop(engine);
    change
        .bytes_allocated
        .saturating_sub(change.bytes_deallocated)
}
