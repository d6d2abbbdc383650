//! Charter versions only move forward, through crashes too, and only to editions that the
//! reviewers signed.

use std::collections::BTreeMap;

use crdt_model::ids::{CharterVersion, NodeId};

use super::{Broken, Checker, Scene};
use crate::truth::Rules;
use crate::world::{Happening, World};

/// See the module.
#[derive(Default)]
pub(super) struct Adoption {
    highest: BTreeMap<NodeId, CharterVersion>,
}

const NAME: &str = "adoption";

impl Checker for Adoption {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, happening) in scene.happenings {
            if *happening == Happening::DiskLost {
                self.highest.remove(node);
            }
        }
        for (node, state) in scene.honest() {
            let charter = state.engine.charter();
            let (version, digest) = (charter.version(), charter.digest());
            let rules = Rules {
                digest,
                emergency: false,
            };
            if scene.truth.table(&rules).is_none() {
                let what = format!("goes by version {version}, which the reviewers never signed");
                broken.push(scene.broken(NAME, node, what));
            }
            let highest = self.highest.entry(node).or_insert(version);
            if version < *highest {
                let what = format!("went back from version {highest} to {version}");
                broken.push(scene.broken(NAME, node, what));
            }
            *highest = version.max(*highest);
        }
    }

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        let hostile = |node| scene.hostile.contains(&node);
        let behind = behind(scene.world, &hostile, scene.forked);
        broken.extend(
            behind
                .into_iter()
                .map(|(node, what)| scene.broken(NAME, node, what)),
        );
    }
}

/// Nodes that do not go by the highest version that any node has that they can talk to, unless
/// reviewers signed two charters under one number; and what is wrong.
pub(super) fn behind(
    world: &World,
    ignored: &dyn Fn(NodeId) -> bool,
    forked: bool,
) -> Vec<(NodeId, String)> {
    let mut behind = Vec::new();
    let honest = || world.nodes().filter(|(node, _)| !ignored(*node));
    for (node, state) in honest().filter(|_| !forked) {
        let ours = state.engine.charter();
        for (peer, other) in honest() {
            let theirs = other.engine.charter();
            let valid = !theirs.validity().expired(state.wall(world));
            if world.is_up(node, peer) && valid && ours.version() < theirs.version() {
                let (ours, theirs) = (ours.version(), theirs.version());
                let what = format!("still goes by version {ours}, where {peer} has {theirs}");
                behind.push((node, what));
            }
        }
    }
    behind
}
