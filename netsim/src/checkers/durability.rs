//! What was acknowledged is never lost while the store that held it lives.

use std::collections::{BTreeMap, BTreeSet};

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
    due: BTreeSet<NodeId>,
}

impl Checker for Durability {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, happening) in scene.happenings {
            match happening {
                Happening::Acknowledged { commits, .. } => {
                    let ledger = self.acknowledged.entry(*node).or_default();
                    for commit in commits {
                        if let Some(facet) = scene.truth.facet_of(commit) {
                            ledger.entry(facet).or_default().insert(*commit);
                        }
                    }
                }
                Happening::DiskLost => {
                    self.acknowledged.remove(node);
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
    fn check(&self, scene: &Scene<'_>, node: NodeId, broken: &mut Vec<Broken>) {
        let (Some(ledger), Some(state)) = (self.acknowledged.get(&node), scene.world.node(node))
        else {
            return;
        };
        let digest = state.engine.charter().digest();
        for (facet, commits) in ledger {
            // What the charter took away is gone, and was meant to go.
            let kept = facet.home == node || scene.truth.may_hold(facet, node, &digest);
            let Ok(history) = replica::history(&state.store, facet) else {
                continue;
            };
            let lost = commits.iter().find(|commit| !history.contains(commit));
            let purged = history.is_empty() && (!kept || facet.home != node);
            if let Some(lost) = lost.filter(|_| !purged) {
                let what = format!("acknowledged {lost} on {}, and has it no more", facet.facet);
                broken.push(scene.broken(NAME, node, what));
            }
        }
    }
}
