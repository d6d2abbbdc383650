//! Nodes and lines in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::document::Document;
use crdt_model::draft::Draft;
use crdt_model::engine::{
    Alarm, Engine, Identity, InboundId, Input, Output, RequestId, SyncToken, Ticket, WriteRefused,
};
use crdt_model::ids::{CharterVersion, CommitHash, NodeId};
use crdt_model::label::FacetId;
use crdt_model::replica::{self, ReplicaError};
use crdt_model::store::{MemoryStore, Store};
use crdt_model::time::{Instant, Now, WallTime};

use crate::crash_store::CrashStore;

/// Milliseconds a frame takes over a line.
const LINE_MS: u64 = 5;
/// Milliseconds a store takes to make writes durable.
const SYNC_MS: u64 = 2;
/// FNV-1a, 64 bits.
const LOG_START: u64 = 0xcbf2_9ce4_8422_2325;
const LOG_PRIME: u64 = 0x0000_0100_0000_01b3;
/// Milliseconds that an answer to a request from outside is waited for.
const OUTSIDE_WAIT_MS: u64 = 200;
/// Wall time at the start: 2026-07-01T00:00:00Z.
const WALL_START_MS: u64 = 1_782_864_000_000;

/// What decides whether an offered charter is adopted: the offered bundle in, the charter out.
pub type Verifier = Box<dyn FnMut(&[u8]) -> Option<Arc<dyn Charter>>>;

/// One frame on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Who sent it.
    pub from: NodeId,
    /// Who was to get it.
    pub to: NodeId,
    /// Whether it is a request.
    pub request: bool,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

pub(crate) enum Event {
    Request {
        to: NodeId,
        from: NodeId,
        id: RequestId,
        bytes: Vec<u8>,
    },
    Response {
        to: NodeId,
        from: NodeId,
        id: RequestId,
        bytes: Vec<u8>,
    },
    Durable {
        node: NodeId,
        token: SyncToken,
    },
    Wake {
        node: NodeId,
    },
}

/// One node of the world.
pub struct Node {
    /// Its engine.
    pub engine: Engine,
    /// What it keeps.
    pub store: CrashStore,
    /// What a person should know, as it came.
    pub alarms: Vec<Alarm>,
    outcomes: BTreeMap<Ticket, Result<Vec<CommitHash>, WriteRefused>>,
    inbound: BTreeMap<InboundId, (NodeId, RequestId)>,
    wakes_at: Option<u64>,
    pub(crate) identity: Identity,
    pub(crate) founding: Vec<Arc<dyn Charter>>,
}

/// All nodes, the lines between them, and time.
pub struct World {
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pub(crate) up: BTreeSet<(NodeId, NodeId)>,
    pub(crate) queue: BTreeMap<(u64, u64), Event>,
    now_ms: u64,
    events: u64,
    tickets: u64,
    inbound: u64,
    /// Answers to requests from outside, as they come.
    outside: BTreeMap<InboundId, Option<Vec<u8>>>,
    log_hash: u64,
    /// Wall time minus virtual time, in milliseconds.
    pub(crate) wall_start_ms: u64,
    pub(crate) verifier: Verifier,
    /// Every frame that was sent, in order.
    pub frames: Vec<Frame>,
}

impl World {
    /// A world without nodes.
    pub fn new(verifier: Verifier) -> Self {
        Self {
            nodes: BTreeMap::new(),
            up: BTreeSet::new(),
            queue: BTreeMap::new(),
            now_ms: 0,
            events: 0,
            tickets: 0,
            inbound: 0,
            outside: BTreeMap::new(),
            log_hash: LOG_START,
            wall_start_ms: WALL_START_MS,
            verifier,
            frames: Vec::new(),
        }
    }

    /// Adds a node with what its store holds.
    pub fn add(
        &mut self,
        identity: Identity,
        charters: Vec<Arc<dyn Charter>>,
        store: MemoryStore,
    ) -> Result<(), ReplicaError> {
        let node = identity.node;
        let founding = charters.clone();
        if let Some(engine) = Engine::open(identity.clone(), charters, &store)? {
            let state = Node {
                engine,
                store: CrashStore::new(store),
                alarms: Vec::new(),
                outcomes: BTreeMap::new(),
                inbound: BTreeMap::new(),
                wakes_at: None,
                identity,
                founding,
            };
            self.nodes.insert(node, state);
            self.input(node, Input::Tick)?;
        }
        Ok(())
    }

    /// Stands for everything that has happened: equal runs have equal ones.
    pub fn log_hash(&self) -> u64 {
        self.log_hash
    }

    fn log(&mut self, node: NodeId, what: &[u8]) {
        let entry = [
            &self.now_ms.to_be_bytes()[..],
            &node.code().to_be_bytes(),
            what,
        ]
        .concat();
        for byte in entry {
            self.log_hash = (self.log_hash ^ u64::from(byte)).wrapping_mul(LOG_PRIME);
        }
    }

    /// One node.
    pub fn node(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(&node)
    }

    /// All nodes.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().map(|(id, node)| (*id, node))
    }

    /// Virtual time, in milliseconds since the start.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn now(&self) -> Now {
        let wall = WallTime::from_ms(self.wall_start_ms + self.now_ms);
        Now {
            instant: Instant::from_ms(self.now_ms),
            wall,
        }
    }

    /// Writes at a node and waits until it is durable there.
    pub fn write(
        &mut self,
        node: NodeId,
        drafts: Vec<Draft>,
    ) -> Result<Result<Vec<CommitHash>, WriteRefused>, ReplicaError> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.input(node, Input::Write { ticket, drafts })?;
        loop {
            let outcome = self
                .nodes
                .get_mut(&node)
                .and_then(|state| state.outcomes.remove(&ticket));
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
            if !self.step()? {
                return Ok(Err(WriteRefused::Busy));
            }
        }
    }

    /// Gives a node one input, and carries out what it wants done.
    pub fn input(&mut self, node: NodeId, input: Input) -> Result<(), ReplicaError> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.now();
            let Some(state) = self.nodes.get_mut(&node) else {
                return Ok(());
            };
            let outputs = state.engine.handle(input, now, &mut state.store)?;
            for output in outputs {
                inputs.extend(self.carry_out(node, output));
            }
        }
        self.plan_wake(node);
        Ok(())
    }

    fn carry_out(&mut self, node: NodeId, output: Output) -> Option<Input> {
        match output {
            Output::Request { peer, id, bytes } => {
                self.send(node, peer, true, &bytes, |bytes| Event::Request {
                    to: peer,
                    from: node,
                    id,
                    bytes,
                });
            }
            Output::Respond { peer, id, bytes } => {
                if let Some(answer) = self.outside.get_mut(&id) {
                    *answer = Some(bytes);
                    return None;
                }
                let asked = self
                    .nodes
                    .get_mut(&node)
                    .and_then(|state| state.inbound.remove(&id));
                if let Some((_, id)) = asked {
                    self.send(node, peer, false, &bytes, |bytes| Event::Response {
                        to: peer,
                        from: node,
                        id,
                        bytes,
                    });
                }
            }
            Output::Sync { token } => self.plan(SYNC_MS, Event::Durable { node, token }),
            Output::Written { ticket, outcome } => {
                self.nodes.get_mut(&node)?.outcomes.insert(ticket, outcome);
            }
            Output::CharterOffered { peer, bundle } => {
                let version = self.nodes.get(&node)?.engine.charter().version();
                return Some(match (self.verifier)(&bundle) {
                    Some(charter) => Input::CharterAdopted { charter, bundle },
                    None => Input::CharterRefused {
                        peer,
                        version: CharterVersion(version.0 + 1),
                    },
                });
            }
            Output::Alarm(alarm) => self.nodes.get_mut(&node)?.alarms.push(alarm),
            Output::Scrub | Output::Changed { .. } | Output::Dropped { .. } => {}
        }
        None
    }

    fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        request: bool,
        bytes: &[u8],
        event: impl FnOnce(Vec<u8>) -> Event,
    ) {
        if self.up.contains(&pair(from, to)) {
            self.frames.push(Frame {
                from,
                to,
                request,
                bytes: bytes.to_vec(),
            });
            self.plan(LINE_MS, event(bytes.to_vec()));
        }
    }

    fn plan(&mut self, in_ms: u64, event: Event) {
        self.events += 1;
        self.queue.insert((self.now_ms + in_ms, self.events), event);
    }

    fn plan_wake(&mut self, node: NodeId) {
        let now_ms = self.now_ms;
        if let Some(state) = self.nodes.get_mut(&node) {
            let at = state.engine.next_timeout().ms.max(now_ms + 1);
            if state
                .wakes_at
                .is_none_or(|planned| planned > at || planned <= now_ms)
            {
                state.wakes_at = Some(at);
                self.plan(at - now_ms, Event::Wake { node });
            }
        }
    }

    /// Gives a node a request from somebody who is no node of this world, and waits for its answer.
    pub fn ask_from_outside(
        &mut self,
        from: NodeId,
        node: NodeId,
        bytes: &[u8],
    ) -> Result<Option<Vec<u8>>, ReplicaError> {
        self.inbound += 1;
        let id = InboundId(self.inbound);
        self.outside.insert(id, None);
        self.input(
            node,
            Input::Request {
                peer: from,
                id,
                bytes: bytes.to_vec(),
            },
        )?;
        let end = self.now_ms + OUTSIDE_WAIT_MS;
        let unanswered = |world: &Self| world.outside.get(&id).is_some_and(Option::is_none);
        while unanswered(self) && self.now_ms < end && self.step()? {}
        Ok(self.outside.remove(&id).flatten())
    }

    /// Lets the next event happen; `false` if there is none.
    pub fn step(&mut self) -> Result<bool, ReplicaError> {
        let Some(((at, _), event)) = self.queue.pop_first() else {
            return Ok(false);
        };
        self.now_ms = self.now_ms.max(at);
        match event {
            Event::Request {
                to,
                from,
                id,
                bytes,
            } => {
                self.log(to, &bytes);
                self.inbound += 1;
                let inbound = InboundId(self.inbound);
                if let Some(state) = self.nodes.get_mut(&to) {
                    state.inbound.insert(inbound, (from, id));
                }
                self.input(
                    to,
                    Input::Request {
                        peer: from,
                        id: inbound,
                        bytes,
                    },
                )?;
            }
            Event::Response {
                to,
                from,
                id,
                bytes,
            } => {
                self.log(to, &bytes);
                self.input(
                    to,
                    Input::Response {
                        peer: from,
                        id,
                        bytes,
                    },
                )?;
            }
            Event::Durable { node, token } => {
                self.log(node, &token.0.to_be_bytes());
                if let Some(state) = self.nodes.get_mut(&node) {
                    state.store.sync()?;
                }
                self.input(node, Input::Durable { token })?;
            }
            Event::Wake { node } => {
                if let Some(state) = self.nodes.get_mut(&node) {
                    state.wakes_at = None;
                }
                self.input(node, Input::Tick)?;
            }
        }
        Ok(true)
    }

    /// Lets this much time pass.
    pub fn run_ms(&mut self, ms: u64) -> Result<(), ReplicaError> {
        let end = self.now_ms + ms;
        while self
            .queue
            .first_key_value()
            .is_some_and(|((at, _), _)| *at <= end)
        {
            self.step()?;
        }
        self.now_ms = end;
        Ok(())
    }

    /// The document of a facet at a node; `None` if the node does not hold it.
    pub fn document(&self, node: NodeId, facet: &FacetId) -> Option<Document> {
        let store = &self.nodes.get(&node)?.store;
        replica::facet_entry(store, facet).ok()??;
        replica::document(store, facet).ok()
    }

    /// The nodes that hold a facet.
    pub fn holders(&self, facet: &FacetId) -> BTreeSet<NodeId> {
        let holds = |state: &Node| matches!(replica::facet_entry(&state.store, facet), Ok(Some(_)));
        self.nodes()
            .filter(|(_, state)| holds(state))
            .map(|(node, _)| node)
            .collect()
    }
}

pub(crate) fn pair(one: NodeId, other: NodeId) -> (NodeId, NodeId) {
    (one.min(other), one.max(other))
}
