//! Nodes that start, stop, sleep and die; lines that come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crdt_model::engine::{Engine, Identity, Input, links};
use crdt_model::ids::{Boot, CharterVersion, Epoch, NodeId};
use crdt_model::replica;
use crdt_model::store::{Batch, Store};

use super::line::{Line, Quality};
use super::log::What;
use super::node::{Clocks, Node, Off};
use super::watch::Seen;
use super::{Event, Happening, World, pair};
use crate::counters::Counters;
use crate::disk::{Counts, LogStore, Platter, PowerCut};
use crate::seed::Seed;

/// Milliseconds until a line that went down is dialled again, at least and at most.
const REDIAL_MS: (u64, u64) = (500, 3_000);

impl World {
    /// Adds a node that begins with these charters, and starts it.
    ///
    /// # Errors
    /// Why it does not start.
    pub fn add(
        &mut self,
        identity: Identity,
        founding: &[(CharterVersion, Vec<u8>)],
    ) -> Result<(), String> {
        let node = identity.node;
        let platter = founded(founding)?;
        let off = Off {
            identity,
            platter,
            clocks: Clocks::default(),
            why: "new".to_owned(),
        };
        self.off.insert(node, off);
        self.start(node)
    }

    /// Everything that has taken effect, with what the disks of running nodes have counted.
    pub fn all_counters(&self) -> Counters {
        let mut counters = self.counters.clone();
        for state in self.nodes.values() {
            count_since(&mut counters, state.store.counts(), &state.counts_at_start);
        }
        counters
    }

    /// Takes a node's machine away, running or not.
    pub fn take_away(&mut self, node: NodeId) -> Option<Off> {
        self.power_cut(node, &PowerCut::default());
        self.off.remove(&node)
    }

    /// Puts a machine in a node's place; it does not run yet.
    pub fn put_in_place(&mut self, machine: Off) {
        self.off.insert(machine.identity.node, machine);
    }

    /// Starts a node from what its disk holds.
    ///
    /// # Errors
    /// Why it does not start. It stays off.
    pub fn start(&mut self, node: NodeId) -> Result<(), String> {
        let Some(off) = self.off.get(&node) else {
            return Ok(());
        };
        match LogStore::open(off.platter.clone()) {
            Ok((store, _)) => self.start_with(node, store),
            Err(refused) => {
                let (now, before) = (refused.platter.counts(), off.platter.counts());
                count_since(&mut self.counters, now, before);
                Err(refused.error.to_string())
            }
        }
    }

    /// Starts a node whose operator has said that an older disk is what there is: a new life of
    /// its author begins.
    ///
    /// # Errors
    /// Why it does not start. It stays off.
    pub fn start_rolled_back(&mut self, node: NodeId, epoch: Epoch) -> Result<(), String> {
        let Some(off) = self.off.get_mut(&node) else {
            return Ok(());
        };
        off.identity.epoch = epoch;
        let store = LogStore::accept_rollback(off.platter.clone());
        let (store, opened) = store.map_err(|why| why.to_string())?;
        self.start_with(node, store)?;
        let damaged: BTreeSet<_> = opened
            .removed
            .iter()
            .filter_map(|key| replica::facet_of_entry(key))
            .collect();
        for facet in damaged {
            self.input(node, Input::Damaged { facet });
        }
        Ok(())
    }

    fn start_with(&mut self, node: NodeId, store: LogStore) -> Result<(), String> {
        let charters = self.verifier.load(&store)?;
        let Some(off) = self.off.get(&node) else {
            return Ok(());
        };
        let notes = |key: &[u8]| replica::is_emergency(key) || replica::is_cosignature(key);
        let lost = store.damaged().any(notes);
        let start = self.starts.get(&node).copied().unwrap_or_default() + 1;
        let mut identity = off.identity.clone();
        identity.boot = Boot(start.to_be_bytes());
        let engine = Engine::open(identity, charters, &store);
        let engine = engine.map_err(|why| why.to_string())?;
        let engine = engine.ok_or("the store holds no charter")?;
        let Some(off) = self.off.remove(&node) else {
            return Ok(());
        };
        self.starts.insert(node, start);
        let counts_at_start = *store.counts();
        let state = Node {
            counts_at_start,
            engine,
            store,
            clocks: off.clocks,
            slow_sync_ms: 0,
            dies_after_outputs: None,
            asleep_until_ms: None,
            identity: off.identity,
            start,
            inbound: BTreeMap::new(),
            open: BTreeSet::new(),
            wakes_at: None,
            scrub_due: false,
            version: CharterVersion(0),
        };
        self.nodes.insert(node, state);
        self.befell(node, Happening::Started);
        if lost {
            self.befell(node, Happening::NotesDamaged);
        }
        self.tell(node, "starts");
        self.input(node, Input::Tick);
        self.redial_all(node);
        Ok(())
    }

    /// Stops a node whose store has failed, as its process does.
    pub(super) fn stop(&mut self, node: NodeId, why: &str) {
        self.counters.count("stopped by its store");
        self.die(
            node,
            &PowerCut {
                lost: true,
                ..PowerCut::default()
            },
            why,
        );
    }

    /// Cuts a node's power.
    pub fn power_cut(&mut self, node: NodeId, how: &PowerCut) {
        self.die(node, how, "power cut");
    }

    fn die(&mut self, node: NodeId, how: &PowerCut, why: &str) {
        self.cut_all(node);
        let Some(state) = self.nodes.remove(&node) else {
            return;
        };
        let mut chance = Seed::split(self.seed ^ state.start, "power", &[node]);
        let before = state.counts_at_start;
        let platter = state.store.power_cut(*how, &mut chance);
        count_since(&mut self.counters, platter.counts(), &before);
        let (identity, clocks, why) = (state.identity, state.clocks, why.to_owned());
        self.tell(node, format!("stops: {why}"));
        self.befell(node, Happening::Stopped(why.clone()));
        self.off.insert(
            node,
            Off {
                identity,
                platter,
                clocks,
                why,
            },
        );
    }

    /// Whether a node that was to die in the middle of its work dies now.
    pub(super) fn dies_before_output(&mut self, node: NodeId) -> bool {
        let Some(left) = self
            .nodes
            .get_mut(&node)
            .map(|state| &mut state.dies_after_outputs)
        else {
            return true;
        };
        match left {
            None => false,
            Some(0) => {
                self.counters.count("crash in the middle of work");
                let how = PowerCut {
                    lost: true,
                    torn: true,
                    reordered: false,
                };
                self.die(node, &how, "killed in the middle of work");
                true
            }
            Some(more) => {
                *more -= 1;
                false
            }
        }
    }

    /// Lets a node sleep: it neither answers nor counts the time, and its lines are gone when it
    /// wakes.
    pub fn sleep(&mut self, node: NodeId, ms: u64) {
        let until = self.now_ms + ms;
        self.cut_all(node);
        if let Some(state) = self.nodes.get_mut(&node) {
            state.asleep_until_ms = Some(until);
            state.clocks.slept_ms += ms;
            self.counters.count("suspended");
            self.tell(node, "falls asleep");
        }
    }

    /// Puts up every line that the charters provide for.
    pub fn connect_all(&mut self) {
        for node in self.nodes.keys().copied().collect::<Vec<_>>() {
            for peer in self.links_of(node) {
                self.connect(node, peer);
            }
        }
    }

    fn links_of(&self, node: NodeId) -> Vec<NodeId> {
        let charter = self
            .nodes
            .get(&node)
            .map(|state| Arc::clone(state.engine.charter()));
        charter
            .map(|charter| links(&*charter, node))
            .unwrap_or_default()
    }

    /// Puts up one line, if nothing blocks it, both ends run and both have it in their charter.
    pub fn connect(&mut self, one: NodeId, other: NodeId) {
        let awake = |node: NodeId| {
            let state = self.nodes.get(&node);
            state.is_some_and(|state| state.asleep_until_ms.is_none_or(|ms| ms <= self.now_ms))
        };
        let linked = self.links_of(one).contains(&other) && self.links_of(other).contains(&one);
        if !awake(one) || !awake(other) || !linked {
            return;
        }
        let line = self.line(one, other);
        if line.up || line.blocked {
            return;
        }
        self.connections += 1;
        let connection = self.connections;
        let line = self.line(one, other);
        line.up = true;
        line.connection = connection;
        for (node, peer) in [(one, other), (other, one)] {
            self.log.note(self.now_ms, node, What::LineUp { peer }, &[]);
            if self.is_watched(node) {
                self.see(node, Seen::Line { peer, up: true });
            }
            self.input(node, Input::Connected { peer });
        }
    }

    fn line(&mut self, one: NodeId, other: NodeId) -> &mut Line {
        let (low, high) = pair(one, other);
        let seed = self.seed;
        self.lines
            .entry((low, high))
            .or_insert_with(|| Line::new(seed, low, high))
    }

    /// Whether the line between two nodes is up.
    pub fn is_up(&self, one: NodeId, other: NodeId) -> bool {
        self.lines
            .get(&pair(one, other))
            .is_some_and(|line| line.up)
    }

    /// Takes one line down; what is under way on it is lost.
    pub fn cut(&mut self, one: NodeId, other: NodeId) {
        let line = self.line(one, other);
        if !std::mem::replace(&mut line.up, false) {
            return;
        }
        for (node, peer) in [(one, other), (other, one)] {
            self.log
                .note(self.now_ms, node, What::LineDown { peer }, &[]);
            if self.is_watched(node) {
                self.see(node, Seen::Line { peer, up: false });
            }
            if let Some(state) = self.nodes.get_mut(&node) {
                state.inbound.retain(|_, (from, _, _)| *from != peer);
            }
            self.input(node, Input::Disconnected { peer });
        }
        self.plan_redial(one, other);
    }

    /// Takes all lines of a node down.
    pub fn cut_all(&mut self, node: NodeId) {
        let lines: Vec<_> = self
            .lines
            .iter()
            .filter(|(_, line)| line.up)
            .map(|(ends, _)| *ends)
            .collect();
        for (one, other) in lines {
            if one == node || other == node {
                self.cut(one, other);
            }
        }
    }

    /// Blocks the line between two nodes: it goes down and stays down.
    pub fn block(&mut self, one: NodeId, other: NodeId) {
        self.line(one, other).blocked = true;
        self.cut(one, other);
    }

    /// Unblocks the line between two nodes, in both directions; it is dialled again.
    pub fn unblock(&mut self, one: NodeId, other: NodeId) {
        let line = self.line(one, other);
        line.blocked = false;
        line.there.mute = false;
        line.back.mute = false;
        self.plan_redial(one, other);
    }

    /// Swallows what goes one way, and tells nobody.
    pub fn mute(&mut self, from: NodeId, to: NodeId) {
        let line = self.line(from, to);
        line.direction(from < to).mute = true;
    }

    /// Sets how good a line is.
    pub fn set_quality(&mut self, one: NodeId, other: NodeId, quality: Quality) {
        self.line(one, other).quality = quality;
    }

    /// Makes every line good, whole and dialled again.
    pub fn heal_lines(&mut self) {
        for (one, other) in self.lines.keys().copied().collect::<Vec<_>>() {
            self.line(one, other).quality = Quality::GOOD;
            self.unblock(one, other);
        }
    }

    fn plan_redial(&mut self, one: NodeId, other: NodeId) {
        let redials = self.redials;
        let now_ms = self.now_ms;
        let line = self.line(one, other);
        if redials && !line.up && !line.redial_planned {
            line.redial_planned = true;
            let at = now_ms + line.redial.between(REDIAL_MS.0, REDIAL_MS.1);
            self.plan(at, Event::Redial { one, other });
        }
    }

    /// Plans to dial every line of a node that is not up.
    pub fn redial_all(&mut self, node: NodeId) {
        if self.redials {
            for peer in self.links_of(node) {
                self.plan_redial(node, peer);
            }
        }
    }

    /// Reads all that a node's disk holds, as its nightly check does, and reports what is damaged.
    pub fn check_disk(&mut self, node: NodeId) {
        let Some(state) = self.nodes.get(&node) else {
            return;
        };
        let lasting = |key: &&[u8]| matches!(key.first(), Some(b'k' | b'm'));
        if state.store.damaged().any(|key| lasting(&key)) {
            self.stop(node, "a charter or a mark is damaged");
            return;
        }
        let damaged: BTreeSet<_> = state
            .store
            .damaged()
            .filter_map(replica::facet_of_entry)
            .collect();
        for facet in damaged {
            self.input(node, Input::Damaged { facet });
        }
    }

    /// Lays the lines that a charter just adopted provides for, and no others.
    pub(super) fn lay_lines(&mut self, node: NodeId) {
        if let Some(state) = self.nodes.get_mut(&node) {
            let version = state.engine.charter().version();
            if std::mem::replace(&mut state.version, version) != version {
                let links = self.links_of(node);
                let ends = self
                    .lines
                    .iter()
                    .filter(|(_, line)| line.up)
                    .map(|(ends, _)| *ends);
                let peers: Vec<_> = ends
                    .filter_map(|(one, other)| match node {
                        _ if one == node => Some(other),
                        _ if other == node => Some(one),
                        _ => None,
                    })
                    .filter(|peer| !links.contains(peer))
                    .collect();
                peers.into_iter().for_each(|peer| self.cut(node, peer));
                self.see(node, Seen::Charter(version));
                let at_ms = self.now_ms;
                self.happenings
                    .push((node, Happening::GoesBy { version, at_ms }));
                self.redial_all(node);
            }
        }
    }

    pub(super) fn redial(&mut self, one: NodeId, other: NodeId) {
        self.line(one, other).redial_planned = false;
        self.connect(one, other);
        let sleeps = |node: NodeId| {
            let until = self
                .nodes
                .get(&node)
                .and_then(|state| state.asleep_until_ms);
            until.is_some_and(|until| until > self.now_ms)
        };
        if sleeps(one) || sleeps(other) {
            self.plan_redial(one, other);
        }
    }
}

/// Counts what faults of the disk took effect since a node started.
fn count_since(counters: &mut Counters, now: &Counts, before: &Counts) {
    for ((what, now), (_, before)) in now.iter().zip(before.iter()) {
        counters.add(what, now.saturating_sub(before));
    }
}

/// A disk with these charters and nothing else.
fn founded(founding: &[(CharterVersion, Vec<u8>)]) -> Result<Platter, String> {
    let mut store = LogStore::create();
    let mut batch = Batch::default();
    for (version, bundle) in founding {
        batch.put(replica::charter_key(*version), bundle.clone());
    }
    store.write(&batch).map_err(|why| why.to_string())?;
    store.sync().map_err(|why| why.to_string())?;
    Ok(store.killed())
}
