//! A county of three nodes over flawed stores, in virtual time.

use std::collections::{BTreeMap, VecDeque};

use crdt_model::charter::Tier;
use crdt_model::document::Document;
use crdt_model::draft::Draft;
use crdt_model::engine::{
    Alarm, Engine, Identity, InboundId, Input, LinkState, Output, RequestId, Ticket,
};
use crdt_model::ids::{Boot, Epoch, NodeId, RecordId};
use crdt_model::label::FacetId;
use crdt_model::replica::{self, ReplicaError};
use crdt_model::time::{Instant, Now, WallTime};
use crdt_model::value::Value;

use crate::charter::{Small, grade, key, name};
use crate::flawed::FlawedStore;

pub(crate) const COUNTY: u64 = 620_723_000_000;
pub(crate) const TOWNSHIP: u64 = 620_723_101_000;
pub(crate) const VILLAGE: u64 = 620_723_101_201;
const NODES: [(u64, Tier); 3] = [
    (COUNTY, Tier::County),
    (TOWNSHIP, Tier::Township),
    (VILLAGE, Tier::Village),
];
const STEP_MS: u64 = 100;

pub(crate) fn id(code: u64) -> NodeId {
    NodeId::from_code(code).expect("a node code")
}

pub(crate) fn facet(facet: &str, record: u8) -> FacetId {
    let home = id(VILLAGE);
    FacetId {
        record: RecordId([record; 16]),
        facet: name(facet),
        home,
        addressee: home,
    }
}

pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) store: FlawedStore,
    pub(crate) alarms: Vec<Alarm>,
    /// Frames sent to each node.
    pub(crate) sent: BTreeMap<NodeId, usize>,
}

pub(crate) struct County {
    nodes: BTreeMap<NodeId, Node>,
    asked: BTreeMap<InboundId, RequestId>,
    now_ms: u64,
}

fn open(code: u64, store: &FlawedStore) -> Result<Engine, ReplicaError> {
    let identity = Identity {
        node: id(code),
        key: key(id(code)),
        epoch: Epoch(1),
        boot: Boot([0; 8]),
    };
    let charter = Small::of(&NODES.map(|(code, tier)| (id(code), tier)));
    Ok(Engine::open(identity, [charter], store)?.expect("a charter"))
}

impl County {
    pub(crate) fn new() -> Self {
        let mut county = Self {
            nodes: BTreeMap::new(),
            asked: BTreeMap::new(),
            now_ms: 0,
        };
        for (code, _) in NODES {
            county.start(code, FlawedStore::default()).expect("a node");
        }
        county
    }

    /// Starts a node over a store, in the place of the one that runs; its lines are down.
    pub(crate) fn start(&mut self, code: u64, store: FlawedStore) -> Result<(), ReplicaError> {
        let node = Node {
            engine: open(code, &store)?,
            store,
            alarms: Vec::new(),
            sent: BTreeMap::new(),
        };
        self.nodes.insert(id(code), node);
        self.input(code, Input::Tick)
    }

    /// Stops a node and starts it again.
    pub(crate) fn restart(&mut self, code: u64) -> Result<(), ReplicaError> {
        self.disconnect(code);
        let store = self.node(code).store.clone();
        self.start(code, store)
    }

    pub(crate) fn node(&mut self, code: u64) -> &mut Node {
        self.nodes.get_mut(&id(code)).expect("a node")
    }

    pub(crate) fn input(&mut self, code: u64, input: Input) -> Result<(), ReplicaError> {
        self.inputs(vec![(id(code), input)])
    }

    fn inputs(&mut self, inputs: Vec<(NodeId, Input)>) -> Result<(), ReplicaError> {
        let mut inputs = VecDeque::from(inputs);
        while let Some((node, input)) = inputs.pop_front() {
            let now = Now {
                instant: Instant::from_ms(self.now_ms),
                wall: WallTime::from_ms(self.now_ms + 1_782_864_000_000),
            };
            let state = self.nodes.get_mut(&node).expect("a node");
            for output in state.engine.handle(input, now, &mut state.store)? {
                match output {
                    Output::Request { peer, id, bytes } => {
                        *state.sent.entry(peer).or_default() += 1;
                        let inbound = InboundId(self.asked.len() as u64);
                        self.asked.insert(inbound, id);
                        let (to, peer, id) = (peer, node, inbound);
                        inputs.push_back((to, Input::Request { peer, id, bytes }));
                    }
                    Output::Respond { peer, id, bytes } => {
                        let (to, peer, id) = (peer, node, self.asked[&id]);
                        inputs.push_back((to, Input::Response { peer, id, bytes }));
                    }
                    Output::Sync { token } => inputs.push_back((node, Input::Durable { token })),
                    Output::Written { outcome, .. } => {
                        outcome.expect("a permitted write");
                    }
                    Output::Alarm(alarm) => state.alarms.push(alarm),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, code: u64, facet: FacetId, key: &str, text: &str) {
        self.write_at(code, facet, key, text, None);
    }

    pub(crate) fn write_at(
        &mut self,
        code: u64,
        facet: FacetId,
        key: &str,
        text: &str,
        level: Option<&str>,
    ) {
        let value = Some(Value::Text(text.to_owned()));
        let draft = Draft {
            facet,
            grade: level.map(grade),
            fields: BTreeMap::from([(key.to_owned(), value)]),
        };
        let (ticket, drafts) = (Ticket(0), vec![draft]);
        self.input(code, Input::Write { ticket, drafts })
            .expect("a store");
    }

    fn links(&mut self, code: u64) -> Vec<NodeId> {
        let peers = self.node(code).engine.peers();
        peers.iter().map(|peer| peer.node).collect()
    }

    pub(crate) fn disconnect(&mut self, code: u64) {
        for peer in self.links(code) {
            let ends = [(id(code), peer), (peer, id(code))];
            let inputs = ends.map(|(at, peer)| (at, Input::Disconnected { peer }));
            self.inputs(inputs.into()).expect("a store");
        }
    }

    pub(crate) fn connect(&mut self, code: u64) {
        for peer in self.links(code) {
            let ends = [(id(code), peer), (peer, id(code))];
            let inputs = ends.map(|(at, peer)| (at, Input::Connected { peer }));
            self.inputs(inputs.into()).expect("a store");
        }
    }

    pub(crate) fn run_ms(&mut self, ms: u64) {
        for _ in 0..ms / STEP_MS {
            self.now_ms += STEP_MS;
            for (code, _) in NODES {
                self.input(code, Input::Tick).expect("a store");
            }
        }
    }

    pub(crate) fn in_sync(&mut self) -> bool {
        let mut links = self.nodes.values().flat_map(|node| node.engine.peers());
        links.all(|peer| peer.link == LinkState::InSync)
    }

    pub(crate) fn document(&mut self, code: u64, facet: &FacetId) -> Document {
        replica::document(&self.node(code).store, facet).expect("a document")
    }

    pub(crate) fn commits(&mut self, code: u64, facet: &FacetId) -> usize {
        let history = replica::history(&self.node(code).store, facet);
        history.expect("a history").len()
    }

    /// The keys of a facet's commits in a node's store.
    pub(crate) fn commit_keys(&mut self, code: u64, facet: &FacetId) -> Vec<Vec<u8>> {
        let record = facet.record.0;
        let mut keys = self.node(code).store.keys(b'c');
        keys.retain(|key| key[1..].starts_with(&record));
        keys
    }

    /// The key of a facet's entry in a node's store, if there is one.
    pub(crate) fn entry_keys(&mut self, code: u64, facet: &FacetId) -> Vec<Vec<u8>> {
        let record = facet.record.0;
        let mut keys = self.node(code).store.keys(b'f');
        keys.retain(|key| key[1..].starts_with(&record));
        keys
    }

    /// The facets that a node said were damaged, with what it kept of each.
    pub(crate) fn damaged(&mut self, code: u64) -> Vec<(FacetId, usize)> {
        let told = self
            .node(code)
            .alarms
            .iter()
            .filter_map(|alarm| match alarm {
                Alarm::Damaged { facet, kept } => Some((*facet, *kept)),
                _ => None,
            });
        told.collect()
    }

    /// Whether any node saw a fork.
    pub(crate) fn forked(&self) -> bool {
        let mut alarms = self.nodes.values().flat_map(|node| &node.alarms);
        alarms.any(|alarm| matches!(alarm, Alarm::Equivocated { .. }))
    }
}
