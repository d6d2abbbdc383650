//! Looking over one node's shoulder: everything that reaches it, in order, and what befell all
//! others.

use crdt_model::ids::{CharterVersion, NodeId};
use crdt_model::label::FacetId;
use crdt_model::replica::{self, FacetEntry};

use super::{Happening, World};

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Virtual time, in milliseconds.
    pub at_ms: u64,
    /// Where.
    pub node: NodeId,
    /// What.
    pub seen: Seen,
}

/// What can be seen. Lines and frames are noted at the observer, and where its frames arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A frame left.
    Sent {
        /// To whom.
        to: NodeId,
        /// Whether it is a request.
        request: bool,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A frame arrived.
    Arrived {
        /// From whom.
        from: NodeId,
        /// Whether it is a request.
        request: bool,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A line came up or went down.
    Line {
        /// The other end.
        peer: NodeId,
        /// Whether it came up.
        up: bool,
    },
    /// Commits of a facet became durable.
    Holds {
        /// The facet.
        facet: FacetId,
        /// What is kept about it now, if it could be read.
        entry: Option<FacetEntry>,
    },
    /// A charter came into force.
    Charter(CharterVersion),
    /// The node's driver was told something, or something befell the node.
    Happened(Happening),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    observer: Option<NodeId>,
    sights: Vec<Sight>,
}

impl World {
    /// Begins to watch a node.
    pub fn watch(&mut self, observer: NodeId) {
        self.watch.observer = Some(observer);
    }

    /// What was seen since this was last asked.
    pub fn take_sights(&mut self) -> Vec<Sight> {
        std::mem::take(&mut self.watch.sights)
    }

    /// Whether a node is the observer.
    pub(super) fn is_watched(&self, node: NodeId) -> bool {
        self.watch.observer == Some(node)
    }

    /// Notes something that the observer saw, or that befell another.
    pub(super) fn see(&mut self, node: NodeId, seen: Seen) {
        if self.watch.observer.is_some() {
            let at_ms = self.now_ms;
            self.watch.sights.push(Sight { at_ms, node, seen });
        }
    }

    /// Notes what a node's driver was told, or what befell the node.
    pub(super) fn befell(&mut self, node: NodeId, happening: Happening) {
        if let Happening::Changed { facet, .. } = happening
            && self.watch.observer.is_some()
        {
            let state = self.nodes.get(&node);
            let entry = state.and_then(|state| replica::facet_entry(&state.store, &facet).ok());
            self.see(
                node,
                Seen::Holds {
                    facet,
                    entry: entry.flatten(),
                },
            );
        }
        self.see(node, Seen::Happened(happening.clone()));
        self.happenings.push((node, happening));
    }
}
