//! The engines of a county, one of its townships and one of that one's villages over the stores that
//! were filled, with nothing between them: what one asks, another is handed at once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::draft::Draft;
use crdt_model::engine::{Engine, Identity, InboundId, Input, Output, RequestId, Ticket};
use crdt_model::ids::{Boot, Epoch, NodeId};
use crdt_model::store::Store;
use node_machine::clock::Clock;
use node_store::SledStore;
use policy::signing::adopt::AdoptedCharter;
use policy::signing::held;

use crate::county::{CACHE_BYTES, County};
use crate::measure::worked_ns;

/// A node.
pub(crate) struct OneNode {
    pub(crate) engine: Engine,
    pub(crate) store: SledStore,
    pub(crate) adopted: AdoptedCharter,
    /// Nanoseconds that its engine and its store were at work.
    pub(crate) worked_ns: u64,
    /// It wants its store rewritten.
    pub(crate) scrub: bool,
}

/// What went between them.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Said {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

/// Nodes that hand each other what they say.
pub(crate) struct Nodes {
    pub(crate) nodes: BTreeMap<NodeId, OneNode>,
    pub(crate) said: Said,
    clock: Clock,
    /// Who asked, by the number that the answering node knows the request by.
    asked: BTreeMap<InboundId, (NodeId, RequestId)>,
    requests: u64,
}

impl OneNode {
    /// Opens it over its store.
    pub(crate) fn open(county: &County, node: NodeId) -> Self {
        let store = county.store(node, CACHE_BYTES);
        let held = held::load(&store, held::restore).expect("charters");
        let identity = Identity {
            node,
            key: county.node(node).read_secret().expect("a key"),
            epoch: Epoch(2),
            boot: Boot([0; 8]),
        };
        let engine = Engine::open(identity, held.all, &store).expect("a whole replica");
        Self {
            engine: engine.expect("a charter"),
            store,
            adopted: held.current,
            worked_ns: 0,
            scrub: false,
        }
    }

    /// Hands it an input. What it wants synced is synced at once.
    pub(crate) fn input(&mut self, input: Input, clock: &Clock) -> Vec<Output> {
        let mut inputs = VecDeque::from([input]);
        let mut outputs = Vec::new();
        let begun = worked_ns();
        while let Some(input) = inputs.pop_front() {
            let handled = self.engine.handle(input, clock.now(), &mut self.store);
            for output in handled.expect("a whole store") {
                match output {
                    Output::Sync { token } => {
                        self.store.sync().expect("a disk");
                        inputs.push_back(Input::Durable { token });
                    }
                    Output::Scrub => self.scrub = true,
                    other => outputs.push(other),
                }
            }
        }
        self.worked_ns += worked_ns() - begun;
        outputs
    }

    /// Puts the next charter in force. Returns how many facets it dropped.
    pub(crate) fn adopt(&mut self, next: AdoptedCharter, bundle: Vec<u8>, clock: &Clock) -> usize {
        let charter = Arc::clone(next.charter()) as Arc<dyn Charter>;
        let outputs = self.input(Input::CharterAdopted { charter, bundle }, clock);
        self.adopted = next;
        assert_eq!(self.engine.charter().version(), self.adopted.version());
        let dropped = outputs.iter().map(|output| match output {
            Output::Dropped { facets } => *facets,
            _ => 0,
        });
        dropped.sum()
    }
}

impl Nodes {
    /// Opens these nodes.
    pub(crate) fn open(county: &County, nodes: &[NodeId]) -> Self {
        let open = |node: &NodeId| (*node, OneNode::open(county, *node));
        Self {
            nodes: nodes.iter().map(open).collect(),
            said: Said::default(),
            clock: Clock::start(),
            asked: BTreeMap::new(),
            requests: 0,
        }
    }

    pub(crate) fn node(&mut self, node: NodeId) -> &mut OneNode {
        self.nodes.get_mut(&node).expect("one of them")
    }

    /// Connects two, the one that drives last, and carries what is said until nobody says more.
    pub(crate) fn meet(&mut self, below: NodeId, above: NodeId) {
        let clock = self.clock;
        let mut waiting = VecDeque::new();
        for (node, peer) in [(above, below), (below, above)] {
            let outputs = self.node(node).input(Input::Connected { peer }, &clock);
            waiting.extend(outputs.into_iter().map(|output| (node, output)));
        }
        self.carry(waiting);
    }

    /// Ends their connection.
    pub(crate) fn part(&mut self, below: NodeId, above: NodeId) {
        let clock = self.clock;
        for (node, peer) in [(above, below), (below, above)] {
            self.node(node).input(Input::Disconnected { peer }, &clock);
        }
    }

    /// Has a node write, and carries what follows.
    pub(crate) fn write(&mut self, node: NodeId, drafts: Vec<Draft>) {
        let clock = self.clock;
        let ticket = Ticket(1);
        let outputs = self
            .node(node)
            .input(Input::Write { ticket, drafts }, &clock);
        let written = outputs.iter().any(|output| match output {
            Output::Written { outcome, .. } => outcome.is_ok(),
            _ => false,
        });
        assert!(written, "{outputs:?}");
        self.carry(outputs.into_iter().map(|output| (node, output)).collect());
    }

    fn carry(&mut self, mut waiting: VecDeque<(NodeId, Output)>) {
        let clock = self.clock;
        while let Some((node, output)) = waiting.pop_front() {
            let (to, input) = match output {
                Output::Request { peer, id, bytes } if self.nodes.contains_key(&peer) => {
                    self.requests += 1;
                    let inbound = InboundId(self.requests);
                    self.asked.insert(inbound, (node, id));
                    self.count(bytes.len());
                    let (to, peer, id) = (peer, node, inbound);
                    (to, Input::Request { peer, id, bytes })
                }
                Output::Respond { id, bytes, .. } => {
                    let (to, request) = self.asked.remove(&id).expect("it was asked");
                    self.count(bytes.len());
                    (
                        to,
                        Input::Response {
                            peer: node,
                            id: request,
                            bytes,
                        },
                    )
                }
                _ => continue,
            };
            let outputs = self.node(to).input(input, &clock);
            waiting.extend(outputs.into_iter().map(|output| (to, output)));
        }
    }

    fn count(&mut self, bytes: usize) {
        self.said.messages += 1;
        self.said.bytes += bytes as u64;
    }
}
