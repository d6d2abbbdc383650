//! A county with the checkers looking on: what a drawn run of the soak and a scenario have in
//! common.

use std::collections::BTreeSet;

use crdt_model::engine::LinkState;
use crdt_model::ids::NodeId;
use crdt_model::replica;

use crate::checkers::{self, Broken, Checker, Scene, unsettled};
use crate::hostile::Hostile;
use crate::truth::Truth;
use crate::world::{Frame, Happening, World};

/// Virtual milliseconds within which everything must have come about after the last fault.
pub const HEALS_WITHIN_MS: u64 = 60_000;

/// See the module.
pub struct Stage {
    /// The world.
    pub world: World,
    /// What is true in it.
    pub truth: Truth,
    /// Those who keep to no rule, as they act.
    pub hostile: Vec<Hostile>,
    /// Nodes that keep to no rule.
    pub hostile_nodes: BTreeSet<NodeId>,
    /// What was found broken, the first first.
    pub broken: Vec<Broken>,
    /// Whether reviewers signed two charters with one number.
    pub forked: bool,
    checkers: Vec<Box<dyn Checker>>,
}

/// What the checkers were shown.
pub struct Seen {
    /// The frames since the last look.
    pub frames: Vec<Frame>,
    /// What happened since the last look.
    pub happenings: Vec<(NodeId, Happening)>,
}

impl Stage {
    /// A county that nobody has looked at yet.
    pub fn new(world: World, truth: Truth) -> Self {
        Self {
            world,
            truth,
            hostile: Vec::new(),
            hostile_nodes: BTreeSet::new(),
            broken: Vec::new(),
            forked: false,
            checkers: checkers::all(),
        }
    }

    /// A node turns hostile.
    pub fn turn_hostile(&mut self, node: NodeId, seed: u64) {
        if let Some(identity) = self.world.identity(node).cloned() {
            self.hostile.push(Hostile::new(identity, seed, &mut self.world));
            self.hostile_nodes.insert(node);
        }
    }

    /// Lets the checkers look at what has happened since they last did.
    pub fn look(&mut self) -> Seen {
        self.show(false)
    }

    /// Lets the checkers look when all faults are over and time to heal has passed.
    pub fn last_look(&mut self) -> Seen {
        self.show(true)
    }

    fn show(&mut self, at_end: bool) -> Seen {
        let happenings = std::mem::take(&mut self.world.happenings);
        let frames = std::mem::take(&mut self.world.frames);
        self.learn(&happenings);
        let scene = Scene {
            world: &self.world,
            truth: &self.truth,
            frames: &frames,
            happenings: &happenings,
            hostile: &self.hostile_nodes,
            forked: self.forked,
        };
        for checker in &mut self.checkers {
            checker.look(&scene, &mut self.broken);
            if at_end {
                checker.at_end(&scene, &mut self.broken);
            }
        }
        Seen { frames, happenings }
    }

    /// Learns what was written, from whoever wrote it.
    fn learn(&mut self, happenings: &[(NodeId, Happening)]) {
        for (node, happening) in happenings {
            if let Happening::Changed { facet, label, .. } = happening {
                self.truth.learn_grade(facet, label.grade);
            }
            if let Happening::Changed { facet, from: None, .. } = happening
                && let Some(state) = self.world.node(*node)
                && let Ok(history) = replica::history(&state.store, facet)
            {
                self.truth.learn(&history);
            }
        }
    }

    /// The links that are up between nodes that keep to the rules, and are not in sync.
    pub fn unsettled(&self) -> Vec<(NodeId, NodeId, LinkState)> {
        let hostile = |node: NodeId| self.hostile_nodes.contains(&node);
        unsettled(&self.world, &hostile, self.forked)
    }

    /// Whether all of them are in sync.
    pub fn settled(&self) -> bool {
        self.unsettled().is_empty()
    }

    /// Notes who is apart although all had time to heal, unless something else broke before.
    pub fn say_who_is_apart(&mut self) {
        if !self.broken.is_empty() {
            return;
        }
        let at_ms = self.world.now_ms();
        for (node, peer, link) in self.unsettled() {
            let status = self.world.node(node).and_then(|state| state.engine.peer_status(peer));
            let refused = status.map(|status| status.refused).unwrap_or_default();
            let what = format!("{link:?} with {peer} after a minute: {refused:?}");
            self.broken.push(Broken { checker: "convergence", at_ms, node, what });
        }
    }
}
