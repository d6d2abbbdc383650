//! Which event comes first. At equal times nodes have their turns by code, and what befalls one node
//! comes in an order of its own: its timer, its disk, then its lines by peer, each in the order in
//! which things were sent there. So nothing that happens elsewhere changes the order here.

use crdt_model::ids::NodeId;

use super::Event;

/// When an event happens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Turn {
    pub(super) at_ms: u64,
    node: NodeId,
    sort: u8,
    peer: NodeId,
    /// Tells events of one sort at one node and line apart, in the order they were planned.
    number: u64,
}

impl Turn {
    pub(super) fn of(event: &Event, at_ms: u64, number: u64) -> Self {
        let (node, sort, peer) = match event {
            // A timer goes first: whatever comes in would do the same work by the way.
            Event::Wake { node, .. } => (*node, 0, *node),
            Event::TimedOut { node, peer, .. } => (*node, 1, *peer),
            Event::Durable { node, .. } => (*node, 2, *node),
            Event::Frame { from, to, .. } => (*to, 3, *from),
            Event::Redial { one, other } => (*one, 4, *other),
        };
        Self {
            at_ms,
            node,
            sort,
            peer,
            number,
        }
    }
}
