//! What happens to a county: lines go down and come up, nodes die and start again, clocks move on.

use std::sync::Arc;

use crdt_model::engine::{Input, links};
use crdt_model::ids::NodeId;
use crdt_model::replica::ReplicaError;
use crdt_model::store::Store;

use crate::world::{Event, World, pair};

impl World {
    /// Puts up every line that the charter provides for.
    pub fn connect_all(&mut self) -> Result<(), ReplicaError> {
        for node in self.nodes.keys().copied().collect::<Vec<_>>() {
            let charter = self
                .nodes
                .get(&node)
                .map(|state| Arc::clone(state.engine.charter()));
            for peer in charter
                .map(|charter| links(&*charter, node))
                .unwrap_or_default()
            {
                self.connect(node, peer)?;
            }
        }
        Ok(())
    }

    /// Puts up one line.
    pub fn connect(&mut self, one: NodeId, other: NodeId) -> Result<(), ReplicaError> {
        let both = self.nodes.contains_key(&one) && self.nodes.contains_key(&other);
        if both && self.up.insert(pair(one, other)) {
            self.input(one, Input::Connected { peer: other })?;
            self.input(other, Input::Connected { peer: one })?;
        }
        Ok(())
    }

    /// Takes one line down; what is under way on it is lost.
    pub fn cut(&mut self, one: NodeId, other: NodeId) -> Result<(), ReplicaError> {
        if self.up.remove(&pair(one, other)) {
            self.queue.retain(|_, event| match event {
                Event::Request { to, from, .. } | Event::Response { to, from, .. } => {
                    pair(*to, *from) != pair(one, other)
                }
                Event::Durable { .. } | Event::Wake { .. } => true,
            });
            self.input(one, Input::Disconnected { peer: other })?;
            self.input(other, Input::Disconnected { peer: one })?;
        }
        Ok(())
    }

    /// Takes all lines of a node down.
    pub fn cut_all(&mut self, node: NodeId) -> Result<(), ReplicaError> {
        for (one, other) in self.up.clone() {
            if one == node || other == node {
                self.cut(one, other)?;
            }
        }
        Ok(())
    }

    /// Kills a node and starts it again from what a crash left in its store: what was synced, and
    /// this many of the batches after that. Its lines are down afterwards.
    pub fn crash(&mut self, node: NodeId, kept: usize) -> Result<(), ReplicaError> {
        let Some(state) = self.nodes.remove(&node) else {
            return Ok(());
        };
        self.cut_all(node)?;
        self.queue.retain(|_, event| match event {
            Event::Durable { node: of, .. } | Event::Wake { node: of } => *of != node,
            Event::Request { .. } | Event::Response { .. } => true,
        });
        let store = state.store.crashed(kept)?;
        let mut charters = state.founding.clone();
        for (_, bundle) in store.scan(b"k", None, usize::MAX)? {
            charters.extend((self.verifier)(&bundle));
        }
        let founding = state.founding;
        self.add(state.identity, charters, store)?;
        if let Some(state) = self.nodes.get_mut(&node) {
            state.founding = founding;
        }
        Ok(())
    }

    /// Moves every node's wall clock, and nothing else.
    pub fn pass_wall_ms(&mut self, ms: u64) {
        self.wall_start_ms += ms;
    }
}
