//! What was acknowledged is never lost while the store that held it lives.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::engine::Alarm;
use crdt_model::ids::{CommitHash, NodeId};
use crdt_model::label::FacetId;
use crdt_model::replica;

use super::{Broken, Checker, Scene};
use crate::world::Happening;

const NAME: &str = "durability";

/// What each node has acknowledged.
#[derive(Default)]
pub(super) struct Durability {
    acknowledged: BTreeMap<NodeId, BTreeMap<FacetId, BTreeSet<CommitHash>>>,
    /// Acknowledged commits that no disk has shown yet. Whose facet they are of is not known, so this
    /// says nothing about nodes whose disk has lost something.
    unseen: BTreeMap<NodeId, BTreeSet<CommitHash>>,
    disk_lost: BTreeSet<NodeId>,
    due: BTreeSet<NodeId>,
}

impl Checker for Durability {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, happening) in scene.happenings {
            match happening {
                Happening::Acknowledged { commits, .. } => {
                    self.unseen.entry(*node).or_default().extend(commits);
                    self.enter(scene, *node);
                }
                Happening::DiskLost => {
                    self.acknowledged.remove(node);
                    self.unseen.remove(node);
                    self.disk_lost.insert(*node);
                }
                // The disk lost it. What another store has of it comes back, which the convergence
                // checker demands.
                Happening::Alarm(Alarm::Damaged { facet, .. }) => {
                    if let Some(ledger) = self.acknowledged.get_mut(node) {
                        ledger.remove(facet);
                    }
                    self.disk_lost.insert(*node);
                }
                Happening::Dropped(_) => {
                    self.forget_what_was_taken_away(scene, *node);
                    self.unseen.remove(node);
                }
                Happening::Started => {
                    self.due.insert(*node);
                }
                _ => {}
            }
        }
        for node in std::mem::take(&mut self.due) {
            self.check(scene, node, broken);
        }
    }

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for node in self.acknowledged.keys().copied().collect::<Vec<_>>() {
            self.check(scene, node, broken);
        }
    }
}

impl Durability {
    /// Enters what was acknowledged under the facets that it belongs to, as far as they are known.
    fn enter(&mut self, scene: &Scene<'_>, node: NodeId) {
        let unseen = self.unseen.entry(node).or_default();
        let ledger = self.acknowledged.entry(node).or_default();
        unseen.retain(|commit| match scene.truth.facet_of(commit) {
            Some(facet) => {
                ledger.entry(facet).or_default().insert(*commit);
                false
            }
            None => true,
        });
    }

    /// What a charter took away stays away, even if a later one gives the facet back.
    fn forget_what_was_taken_away(&mut self, scene: &Scene<'_>, node: NodeId) {
        let (Some(ledger), Some(state)) =
            (self.acknowledged.get_mut(&node), scene.world.node(node))
        else {
            return;
        };
        let version = state.engine.charter().version();
        ledger.retain(|facet, _| !scene.truth.may_lose(facet, node, version));
    }

    fn check(&mut self, scene: &Scene<'_>, node: NodeId, broken: &mut Vec<Broken>) {
        self.enter(scene, node);
        let unseen = self
            .unseen
            .get(&node)
            .filter(|_| !self.disk_lost.contains(&node));
        for commit in unseen.into_iter().flatten() {
            let what = format!("acknowledged {commit}, and has it no more");
            broken.push(scene.broken(NAME, node, what));
        }
        let (Some(ledger), Some(state)) = (self.acknowledged.get(&node), scene.world.node(node))
        else {
            return;
        };
        let rules = state.rules();
        for (facet, commits) in ledger {
            // What the charter took away is gone, and was meant to go.
            let kept = facet.home == node || scene.truth.may_hold(facet, node, &rules);
            let Ok(history) = replica::history(&state.store, facet) else {
                continue;
            };
            let lost = commits.iter().find(|commit| !history.contains(commit));
            let purged = history.is_empty() && (!kept || facet.home != node);
            if let Some(lost) = lost.filter(|_| !purged) {
                let (name, home) = (facet.facet, facet.home);
                let on = format!("{name} of {home} {}", facet.record);
                let what = format!("acknowledged {lost} on {on}, and has it no more");
                broken.push(scene.broken(NAME, node, what));
            }
        }
    }
}
