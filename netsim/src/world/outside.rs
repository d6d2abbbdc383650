//! Requests that no engine made: from somebody who is no node of this world, or in a node's name.

use crdt_model::engine::{InboundId, Input, RequestId};
use crdt_model::ids::NodeId;

use super::World;

/// Milliseconds that an answer to a request from outside is waited for.
const OUTSIDE_WAIT_MS: u64 = 200;

impl World {
    /// Gives a node a request from somebody who is no node of this world, and waits for its answer.
    pub fn ask_from_outside(
        &mut self,
        from: NodeId,
        node: NodeId,
        bytes: &[u8],
    ) -> Option<Vec<u8>> {
        self.inbound += 1;
        let id = InboundId(self.inbound);
        self.outside.insert(id, None);
        let bytes = bytes.to_vec();
        self.input(
            node,
            Input::Request {
                peer: from,
                id,
                bytes,
            },
        );
        let end = self.now_ms + OUTSIDE_WAIT_MS;
        let unanswered = |world: &Self| world.outside.get(&id).is_some_and(Option::is_none);
        while unanswered(self) && self.now_ms < end && self.step() {}
        self.outside.remove(&id).flatten()
    }

    /// Sends a frame in a node's name that its engine knows nothing of.
    pub fn attack(&mut self, from: NodeId, to: NodeId, bytes: Vec<u8>) {
        self.attacks += 1;
        // Far from any number that an engine gives.
        let id = RequestId(u64::MAX - self.attacks);
        self.transmit(from, to, true, id, bytes);
    }
}
