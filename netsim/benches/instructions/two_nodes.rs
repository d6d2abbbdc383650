//! Two engines of Linze with stores in memory and nothing between them: what one asks, the other is
//! handed at once.

use std::collections::VecDeque;
use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::draft::Draft;
use crdt_model::engine::{Engine, Identity, InboundId, Input, Output, Ticket};
use crdt_model::ids::{Boot, Epoch, NodeId};
use crdt_model::store::MemoryStore;
use crdt_model::time::{Instant, Now, WallTime};
use netsim::charters::linze::Linze;

/// A day after the charter came in force.
const WALL_MS: u64 = 1_782_518_400_000;

/// A node.
pub(crate) struct OneNode {
    pub(crate) engine: Engine,
    pub(crate) store: MemoryStore,
    at_ms: u64,
}

impl OneNode {
    /// A node that holds nothing.
    pub(crate) fn new(linze: &Linze, charter: &Arc<dyn Charter>, node: NodeId) -> Self {
        let store = linze.v1.store().expect("memory does not fail");
        let identity = Identity {
            node,
            key: linze.key(node),
            epoch: Epoch(node.code()),
            boot: Boot([0; 8]),
        };
        let engine = Engine::open(identity, [Arc::clone(charter)], &store);
        Self {
            engine: engine.expect("it is whole").expect("a charter"),
            store,
            at_ms: 0,
        }
    }

    /// Has it write.
    pub(crate) fn write(&mut self, drafts: Vec<Draft>) {
        let ticket = Ticket(1);
        let outputs = self.input(Input::Write { ticket, drafts });
        let written = outputs.iter().any(|output| match output {
            Output::Written { outcome, .. } => outcome.is_ok(),
            _ => false,
        });
        assert!(written, "{outputs:?}");
    }

    /// Hands it an input. What it wants synced is durable at once.
    fn input(&mut self, input: Input) -> Vec<Output> {
        let mut inputs = VecDeque::from([input]);
        let mut outputs = Vec::new();
        while let Some(input) = inputs.pop_front() {
            self.at_ms += 1;
            let now = Now {
                instant: Instant::from_ms(self.at_ms),
                wall: WallTime::from_ms(WALL_MS + self.at_ms),
            };
            let handled = self.engine.handle(input, now, &mut self.store);
            for output in handled.expect("memory does not fail") {
                match output {
                    Output::Sync { token } => inputs.push_back(Input::Durable { token }),
                    other => outputs.push(other),
                }
            }
        }
        outputs
    }
}

/// A pair with a link.
pub(crate) struct TwoNodes {
    pub(crate) nodes: [OneNode; 2],
}

impl TwoNodes {
    /// Connects the two and carries what they say until they say nothing more. Returns how many
    /// requests that were.
    pub(crate) fn meet(&mut self) -> usize {
        let names = [0, 1].map(|index: usize| self.nodes[index].engine.node());
        let mut asked = 0;
        let mut waiting = VecDeque::new();
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let peer = names[1 - index];
            let outputs = node.input(Input::Connected { peer });
            waiting.extend(outputs.into_iter().map(|output| (index, output)));
        }
        while let Some((index, output)) = waiting.pop_front() {
            let Output::Request { id, bytes, .. } = output else {
                continue;
            };
            asked += 1;
            let (asking, answering) = (names[index], 1 - index);
            let inbound = Input::Request {
                peer: asking,
                id: InboundId(id.0),
                bytes,
            };
            for output in self.nodes[answering].input(inbound) {
                match output {
                    Output::Respond { bytes, .. } => {
                        let peer = names[answering];
                        let outputs = self.nodes[index].input(Input::Response { peer, id, bytes });
                        waiting.extend(outputs.into_iter().map(|output| (index, output)));
                    }
                    other => waiting.push_back((answering, other)),
                }
            }
        }
        asked
    }

    /// Ends the connection.
    pub(crate) fn part(&mut self) {
        let names = [0, 1].map(|index: usize| self.nodes[index].engine.node());
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let peer = names[1 - index];
            node.input(Input::Disconnected { peer });
        }
    }
}
