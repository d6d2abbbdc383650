//! All promises together: what each checker is shown, and what they found.

use std::collections::BTreeSet;

use crdt_model::commit::Commit;
use crdt_model::engine::LinkState;
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::store::Store;
use crdt_model::wire::{Request, Response};

use super::{Broken, Checker, Scene};
use crate::truth::Truth;
use crate::world::{Frame, Happening, World};

/// See the module.
pub struct Checkers {
    checkers: Vec<Box<dyn Checker>>,
    /// Nodes that keep to no rule.
    pub hostile: BTreeSet<NodeId>,
    /// Whether reviewers signed two charters with one number.
    pub forked: bool,
    /// What was found broken, the first first.
    pub broken: Vec<Broken>,
    handed: BTreeSet<(NodeId, FacetId)>,
}

/// What the checkers were shown.
pub struct Shown {
    /// The frames since the last look.
    pub frames: Vec<Frame>,
    /// What happened since the last look.
    pub happenings: Vec<(NodeId, Happening)>,
}

impl Default for Checkers {
    fn default() -> Self {
        Self {
            checkers: super::all(),
            hostile: BTreeSet::new(),
            forked: false,
            broken: Vec::new(),
            handed: BTreeSet::new(),
        }
    }
}

impl Checkers {
    /// Shows them what has happened since they last looked; what is true grows with what was
    /// written.
    pub fn look(&mut self, world: &mut World, truth: &mut Truth) -> Shown {
        self.show(world, truth, false)
    }

    /// Shows them the world when all faults are over and time to heal has passed.
    pub fn last_look(&mut self, world: &mut World, truth: &mut Truth) -> Shown {
        self.show(world, truth, true)
    }

    fn show(&mut self, world: &mut World, truth: &mut Truth, at_end: bool) -> Shown {
        let happenings = std::mem::take(&mut world.happenings);
        let frames = std::mem::take(&mut world.frames);
        learn(world, truth, &happenings);
        let hostile = |frame: &&Frame| self.hostile.contains(&frame.from);
        for frame in frames.iter().filter(hostile) {
            self.handed.extend(handed(frame));
        }
        let scene = Scene {
            world,
            truth,
            frames: &frames,
            happenings: &happenings,
            hostile: &self.hostile,
            handed: &self.handed,
            forked: self.forked,
        };
        for checker in &mut self.checkers {
            checker.look(&scene, &mut self.broken);
            if at_end {
                checker.at_end(&scene, &mut self.broken);
            }
        }
        Shown { frames, happenings }
    }

    /// The links that are up between nodes that keep to the rules, and are not in sync.
    pub fn unsettled(&self, world: &World) -> Vec<(NodeId, NodeId, LinkState)> {
        let hostile = |node: NodeId| self.hostile.contains(&node);
        super::unsettled(world, &hostile, self.forked)
    }

    /// Whether all of them are in sync, and nobody waits for a charter that another one has.
    pub fn settled(&self, world: &World) -> bool {
        let hostile = |node: NodeId| self.hostile.contains(&node);
        self.unsettled(world).is_empty()
            && super::adoption::behind(world, &hostile, self.forked).is_empty()
    }

    /// Notes who is apart although all had time to heal.
    pub fn say_who_is_apart(&mut self, world: &World) {
        let at_ms = world.now_ms();
        for (node, peer, link) in self.unsettled(world) {
            let status = world
                .node(node)
                .and_then(|state| state.engine.peer_status(peer));
            let refused = status.map(|status| status.refused).unwrap_or_default();
            let what = format!("{link:?} with {peer} after a minute: {refused:?}");
            self.broken.push(Broken {
                checker: super::convergence::NAME,
                at_ms,
                node,
                what,
            });
        }
    }
}

/// Learns what was written, from whoever wrote it.
fn learn(world: &World, truth: &mut Truth, happenings: &[(NodeId, Happening)]) {
    for (node, happening) in happenings {
        if let Happening::Changed { facet, label, .. } = happening {
            truth.learn_grade(facet, label.grade);
        }
        if let Happening::Changed {
            facet, from: None, ..
        } = happening
            && let Some(state) = world.node(*node)
            && let Ok(history) = replica::history(&state.store, facet)
        {
            truth.learn(&history);
        }
        // What reached the disk before a crash counts as written, though nobody was told.
        if let (Happening::Started, Some(state)) = (happening, world.node(*node)) {
            learn_all(&state.store, truth);
        }
    }
}

fn learn_all(store: &dyn Store, truth: &mut Truth) {
    let mut facets = Vec::new();
    // A damaged entry is told of when its node meets it.
    let _ = replica::for_each_facet(store, |facet, entry| facets.push((facet, entry.grade)));
    for (facet, grade) in facets {
        if let Ok(history) = replica::history(store, &facet) {
            truth.learn(&history);
            truth.learn_grade(&facet, grade);
        }
    }
}

/// The facets of the commits in a frame, and to whom it went.
fn handed(frame: &Frame) -> Vec<(NodeId, FacetId)> {
    let commits = match frame.request {
        true => match Request::decode(&frame.bytes) {
            Ok(Request::Push { commits, .. }) => commits,
            _ => Vec::new(),
        },
        false => match Response::decode(&frame.bytes) {
            Ok(Response::Fetched(found)) => {
                found.into_iter().flat_map(|found| found.commits).collect()
            }
            _ => Vec::new(),
        },
    };
    let facets = commits
        .iter()
        .filter_map(|commit| Commit::decode(commit).ok());
    facets
        .map(|commit| (frame.to, commit.body().facet))
        .collect()
}
