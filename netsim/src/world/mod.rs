//! Nodes and lines in virtual time.
//!
//! * [`node`]: one node: its engine, its disk, its clocks.
//! * [`mod@line`]: what a frame meets on its way.
//! * `carry`: what an engine wants done, done.
//! * `power`: nodes that start, stop, sleep and die; lines that come and go.
//! * `outside`: requests that no engine made.
//! * `order`: which of two events at the same time comes first.
//! * [`log`]: what happened, as a hash and in words; [`watch`]: what one node saw.

mod carry;
pub mod line;
pub mod log;
pub mod node;
mod order;
mod outside;
mod power;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crdt_model::charter::{Charter, Declared};
use crdt_model::document::Document;
use crdt_model::draft::Draft;
use crdt_model::engine::{
    Alarm, Identity, InboundId, Input, RequestId, SyncToken, Ticket, WriteRefused,
};
use crdt_model::ids::{CharterDigest, CharterVersion, CommitHash, NodeId};
use crdt_model::label::{FacetId, Label};
use crdt_model::replica;
use crdt_model::store::Store;
use crdt_model::time::WallTime;

use crate::counters::Counters;
use crate::truth::Rules;
use line::Line;
use log::{EventLog, What};
use node::{Node, Off};
use order::Turn;
use watch::Watch;

/// Milliseconds a store takes to make writes durable.
const SYNC_MS: u64 = 2;
/// Wall time at the start: 2026-07-01T00:00:00Z.
pub const WALL_START_MS: u64 = 1_782_864_000_000;

/// What decides about charters: the very functions that a running node calls, or a table.
pub trait Verifier {
    /// The charters that a store holds, oldest first.
    ///
    /// # Errors
    /// Why there is none that can be used.
    fn load(&mut self, store: &dyn Store) -> Result<Vec<Arc<dyn Charter>>, String>;

    /// The charter in a bundle, if it may follow the one in force.
    ///
    /// # Errors
    /// Why not.
    fn next(
        &mut self,
        current: &dyn Charter,
        bundle: &[u8],
        wall: WallTime,
    ) -> Result<Arc<dyn Charter>, String>;

    /// The older charter in a bundle, if it is the one that its successor names.
    ///
    /// # Errors
    /// Why not.
    fn before(
        &mut self,
        successor: &dyn Charter,
        bundle: &[u8],
    ) -> Result<Arc<dyn Charter>, String>;
}

/// Changes what a hostile node sends.
pub trait Tamper {
    /// The frame that leaves in place of this one, `None` for none; what was done to it is counted.
    fn passes(&mut self, frame: &Frame, counters: &mut Counters) -> Option<Vec<u8>>;
}

/// One frame on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it was sent, in milliseconds.
    pub at_ms: u64,
    /// Who sent it.
    pub from: NodeId,
    /// Who was to get it.
    pub to: NodeId,
    /// What the sender goes by; every day's rules if no emergency ever counted at the other end,
    /// and that end does not lie.
    pub rules: Rules,
    /// Whether it is a request.
    pub request: bool,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Something that a node's driver was told, or that befell the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// What was asked to be written is durable.
    Acknowledged {
        /// Which.
        ticket: Ticket,
        /// The commits.
        commits: Vec<CommitHash>,
    },
    /// What was asked to be written was refused.
    Refused {
        /// Which.
        ticket: Ticket,
        /// Why.
        why: WriteRefused,
    },
    /// Commits of a facet became durable.
    Changed {
        /// The facet.
        facet: FacetId,
        /// Its label.
        label: Label,
        /// Who sent them.
        from: Option<NodeId>,
        /// Virtual time, in milliseconds.
        at_ms: u64,
    },
    /// The node began to go by this version of the charter: it started with it, or adopted it.
    GoesBy {
        /// Which.
        version: CharterVersion,
        /// Virtual time, in milliseconds.
        at_ms: u64,
    },
    /// Facets were dropped.
    Dropped(usize),
    /// Something a person should know.
    Alarm(Alarm),
    /// A charter that was offered was not adopted.
    CharterRefused(String),
    /// The node runs.
    Started,
    /// The node has stopped.
    Stopped(String),
    /// What the node's disk held is gone, in part or whole.
    DiskLost,
    /// What the node keeps of emergencies or of townships' signatures was damaged on its disk, and it
    /// has dropped it: peers give it back, or nobody has it any more.
    NotesDamaged,
    /// A copy of the machine was put in its place.
    CopyTakesOver,
}

pub(crate) enum Event {
    Frame {
        connection: u64,
        request: bool,
        from: NodeId,
        to: NodeId,
        id: RequestId,
        bytes: Vec<u8>,
    },
    TimedOut {
        node: NodeId,
        start: u64,
        peer: NodeId,
        id: RequestId,
    },
    Durable {
        node: NodeId,
        start: u64,
        token: SyncToken,
    },
    Wake {
        node: NodeId,
        start: u64,
    },
    Redial {
        one: NodeId,
        other: NodeId,
    },
}

/// All nodes, the lines between them, and time.
pub struct World {
    seed: u64,
    nodes: BTreeMap<NodeId, Node>,
    off: BTreeMap<NodeId, Off>,
    lines: BTreeMap<(NodeId, NodeId), Line>,
    queue: BTreeMap<Turn, Event>,
    now_ms: u64,
    events: u64,
    connections: u64,
    /// How often each node has started, and how many writes it was asked for: numbers that tell a
    /// node nothing of others.
    starts: BTreeMap<NodeId, u64>,
    tickets: BTreeMap<NodeId, u64>,
    inbound: u64,
    attacks: u64,
    /// Answers to requests from outside, as they come.
    outside: BTreeMap<InboundId, Option<Vec<u8>>>,
    log: EventLog,
    watch: Watch,
    /// Wall time minus virtual time, in milliseconds.
    wall_start_ms: u64,
    verifier: Box<dyn Verifier>,
    tampers: BTreeMap<NodeId, Box<dyn Tamper>>,
    /// Where an emergency has counted, and under which charter.
    emergencies: BTreeSet<(NodeId, CharterDigest)>,
    /// Nodes that are given no charter by anybody.
    pub withheld_from: BTreeSet<NodeId>,
    /// Whether lines that went down are dialled again.
    pub redials: bool,
    /// What faults took effect, and how often.
    pub counters: Counters,
    /// Every frame that was sent, in order, until somebody takes them.
    pub frames: Vec<Frame>,
    /// What the nodes' drivers were told, in order, until somebody takes it.
    pub happenings: Vec<(NodeId, Happening)>,
}

impl World {
    /// A world without nodes.
    pub fn new(seed: u64, verifier: Box<dyn Verifier>) -> Self {
        Self {
            seed,
            nodes: BTreeMap::new(),
            off: BTreeMap::new(),
            lines: BTreeMap::new(),
            queue: BTreeMap::new(),
            now_ms: 0,
            events: 0,
            connections: 0,
            starts: BTreeMap::new(),
            tickets: BTreeMap::new(),
            inbound: 0,
            attacks: 0,
            outside: BTreeMap::new(),
            log: EventLog::default(),
            watch: Watch::default(),
            wall_start_ms: WALL_START_MS,
            verifier,
            tampers: BTreeMap::new(),
            emergencies: BTreeSet::new(),
            withheld_from: BTreeSet::new(),
            redials: false,
            counters: Counters::default(),
            frames: Vec::new(),
            happenings: Vec::new(),
        }
    }

    /// What has happened.
    pub fn log(&self) -> &EventLog {
        &self.log
    }

    /// One running node.
    pub fn node(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(&node)
    }

    /// One running node, to set how it fares.
    pub fn node_mut(&mut self, node: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(&node)
    }

    /// All running nodes.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().map(|(id, node)| (*id, node))
    }

    /// Nodes that do not run.
    pub fn off(&self) -> impl Iterator<Item = (NodeId, &Off)> {
        self.off.iter().map(|(id, off)| (*id, off))
    }

    /// Virtual time, in milliseconds since the start.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// The true wall time.
    pub fn wall(&self) -> WallTime {
        WallTime::from_ms(self.wall_start_ms + self.now_ms)
    }

    /// Has the world begin at another time than it would: before nodes are added.
    pub fn begin_at(&mut self, wall: WallTime) {
        self.wall_start_ms = wall.ms;
    }

    /// Moves the true wall time, and nothing else.
    pub fn pass_wall_ms(&mut self, ms: u64) {
        self.wall_start_ms += ms;
    }

    /// Lets a hostile node's frames be changed on their way out.
    pub fn tamper(&mut self, node: NodeId, tamper: Box<dyn Tamper>) {
        self.tampers.insert(node, tamper);
    }

    /// Notes something in words.
    pub fn tell(&mut self, node: NodeId, words: impl Into<String>) {
        let what = What::Told(words.into());
        self.log.note(self.now_ms, node, what, &[]);
    }

    /// Begins to write at a node; what becomes of it is a [`Happening`].
    pub fn start_write(&mut self, node: NodeId, drafts: Vec<Draft>) -> Ticket {
        let tickets = self.tickets.entry(node).or_default();
        *tickets += 1;
        let ticket = Ticket(*tickets);
        self.input(node, Input::Write { ticket, drafts });
        ticket
    }

    /// Writes at a node and waits until it is durable there, or refused. Busy where it does not
    /// come to either.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn write(
        &mut self,
        node: NodeId,
        drafts: Vec<Draft>,
    ) -> Result<Vec<CommitHash>, WriteRefused> {
        let seen = self.happenings.len();
        let ticket = self.start_write(node, drafts);
        let start = self.nodes.get(&node).map(|state| state.start);
        loop {
            let found = self.happenings.iter().skip(seen);
            let here = found.filter(|(at, _)| *at == node);
            let mut outcome = here.filter_map(|(_, happening)| match happening {
                Happening::Acknowledged {
                    ticket: of,
                    commits,
                } if *of == ticket => Some(Ok(commits.clone())),
                Happening::Refused { ticket: of, why } if *of == ticket => Some(Err(why.clone())),
                _ => None,
            });
            if let Some(outcome) = outcome.next_back() {
                return outcome;
            }
            let runs = start.is_some() && self.nodes.get(&node).map(|one| one.start) == start;
            if !runs || !self.step() {
                return Err(WriteRefused::Busy);
            }
        }
    }

    /// Brings a charter to a node, as a person does.
    ///
    /// # Errors
    /// Why the node does not take it.
    pub fn offer(&mut self, node: NodeId, bundle: &[u8]) -> Result<(), String> {
        let Some(state) = self.nodes.get(&node) else {
            return Err("the node does not run".to_owned());
        };
        let wall = state.now(self.now_ms, self.wall_start_ms).wall;
        let wall = state.engine.floored(wall);
        let current = Arc::clone(state.engine.charter());
        let charter = self.verifier.next(&*current, bundle, wall)?;
        let bundle = bundle.to_vec();
        self.input(node, Input::CharterAdopted { charter, bundle });
        Ok(())
    }

    /// Brings a declaration of an emergency to a node, as a person does; what it says, if the node's
    /// charter bears it out.
    pub fn declare(&mut self, node: NodeId, declaration: Vec<u8>) -> Option<Declared> {
        let charter = self.nodes.get(&node)?.engine.charter();
        let declared = charter.declared(&declaration)?;
        self.input(node, Input::EmergencyDeclared { declaration });
        Some(declared)
    }

    /// Gives a node one input, and carries out what it wants done. A node whose store fails stops.
    pub fn input(&mut self, node: NodeId, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(state) = self.nodes.get_mut(&node) else {
                return;
            };
            let now = state.now(self.now_ms, self.wall_start_ms);
            match state.engine.handle(input, now, &mut state.store) {
                Ok(outputs) => {
                    for output in outputs {
                        if self.dies_before_output(node) {
                            return;
                        }
                        inputs.extend(self.carry_out(node, output));
                    }
                }
                Err(error) => {
                    self.stop(node, &error.to_string());
                    return;
                }
            }
        }
        if let Some(rules) = self.nodes.get(&node).map(Node::rules)
            && rules.emergency
        {
            self.emergencies.insert((node, rules.digest));
        }
        self.lay_lines(node);
        self.plan_wake(node);
    }

    fn plan(&mut self, at_ms: u64, event: Event) {
        self.events += 1;
        let turn = Turn::of(&event, at_ms.max(self.now_ms), self.events);
        self.queue.insert(turn, event);
    }

    fn plan_wake(&mut self, node: NodeId) {
        let now_ms = self.now_ms;
        if let Some(state) = self.nodes.get_mut(&node) {
            let at = state.timeout_at(now_ms).max(now_ms + 1);
            let planned = state.wakes_at;
            if planned.is_none_or(|planned| planned > at || planned <= now_ms) {
                state.wakes_at = Some(at);
                let start = state.start;
                self.plan(at, Event::Wake { node, start });
            }
        }
    }

    /// Lets the next event happen; `false` if there is none.
    pub fn step(&mut self) -> bool {
        let Some((turn, event)) = self.queue.pop_first() else {
            return false;
        };
        self.now_ms = self.now_ms.max(turn.at_ms);
        self.happen(event);
        true
    }

    /// Lets this much time pass.
    pub fn run_ms(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while self
            .queue
            .first_key_value()
            .is_some_and(|(turn, _)| turn.at_ms <= end)
        {
            self.step();
        }
        self.now_ms = end;
    }

    /// The document of a facet at a node; `None` if the node does not hold it.
    pub fn document(&self, node: NodeId, facet: &FacetId) -> Option<Document> {
        let store = &self.nodes.get(&node)?.store;
        replica::facet_entry(store, facet).ok()??;
        replica::document(store, facet).ok()
    }

    /// The running nodes that hold a facet.
    pub fn holders(&self, facet: &FacetId) -> BTreeSet<NodeId> {
        let holds = |state: &Node| matches!(replica::facet_entry(&state.store, facet), Ok(Some(_)));
        let holders = self.nodes().filter(|(_, state)| holds(state));
        holders.map(|(node, _)| node).collect()
    }

    /// Who a node is, running or not.
    pub fn identity(&self, node: NodeId) -> Option<&Identity> {
        let running = self.nodes.get(&node).map(|state| &state.identity);
        running.or_else(|| self.off.get(&node).map(|off| &off.identity))
    }
}

pub(crate) fn pair(one: NodeId, other: NodeId) -> (NodeId, NodeId) {
    (one.min(other), one.max(other))
}
