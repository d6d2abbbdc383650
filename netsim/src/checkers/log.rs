//! What townships sign of the log of charters is what they signed, evidence stays, and once all
//! faults are over whoever goes by another history than a township that it can hear of can prove it.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::Tier;
use crdt_model::checkpoint::{Cosignature, Roots};
use crdt_model::engine::{Alarm, SplitView};
use crdt_model::ids::{NodeId, PublicKey};

use super::{Broken, Checker, Scene};
use crate::world::Happening;
use crate::world::node::Node;

const NAME: &str = "log";

/// Who says that there are two histories, of which size.
type Proof = (u64, NodeId, Option<NodeId>);

/// See the module.
#[derive(Default)]
pub(super) struct Log {
    /// What each node's people were told.
    told: BTreeMap<NodeId, BTreeSet<Proof>>,
    /// Signatures that were checked, so that each is once.
    genuine: BTreeSet<Cosignature>,
}

impl Checker for Log {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, happening) in scene.happenings {
            let told = self.told.entry(*node).or_default();
            match happening {
                // A disk that was set back, or has rotten bits, may have lost it. Peers give it back.
                Happening::DiskLost | Happening::NotesDamaged => told.clear(),
                Happening::Alarm(Alarm::SplitView { size, one, other }) => {
                    told.insert((*size, *one, *other));
                }
                _ => {}
            }
        }
        for (node, state) in scene.honest() {
            broken.extend(self.forged(scene, node, state));
            let now = proofs(state);
            let mut told = self.told.get(&node).into_iter().flatten();
            if let Some((size, one, _)) = told.find(|one| !is_held(one, &now)) {
                let what = format!("forgot evidence against {one} of version {size}");
                broken.push(scene.broken(NAME, node, what));
            }
        }
    }

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        let histories: Vec<_> = scene
            .honest()
            .map(|(node, state)| (node, Roots::of(&state.engine.charter().log())))
            .collect();
        for (node, state) in scene.honest() {
            let log = state.engine.log_status();
            if !log.splits.is_empty() {
                continue;
            }
            let Some((_, own)) = histories.iter().find(|(of, _)| *of == node) else {
                continue;
            };
            let heard = heard_of(scene, node);
            let cosigners = histories.iter().filter(|(of, _)| {
                let member = state.engine.charter().roster().active(*of);
                heard.contains(of) && member.is_some_and(|member| member.tier == Tier::Township)
            });
            let (same, others): (Vec<_>, Vec<_>) =
                cosigners.partition(|(_, other)| agree(own, other));
            let other = others.into_iter().find(|(_, other)| {
                // Of a longer history it sees by itself only that there is one; who goes by that
                // proves it as soon as it hears of a township that goes by this one.
                let proves = |(_, one): &&&(NodeId, Roots)| one.size() <= other.size();
                other.size() <= own.size() || same.iter().any(|one| proves(&one))
            });
            if let Some((other, theirs)) = other {
                let size = theirs.size();
                let what = format!("{other} signs another version {size}, and it has no evidence");
                broken.push(scene.broken(NAME, node, what));
            }
        }
    }
}

impl Log {
    /// A signature that a node holds in a township's name and that the township's key did not make.
    fn forged(&mut self, scene: &Scene<'_>, node: NodeId, state: &Node) -> Option<Broken> {
        let genuine = |one: &Cosignature| {
            let identity = scene.world.identity(one.cosigner);
            identity.is_some_and(|identity| {
                let key = PublicKey(identity.key.verifying_key().to_bytes());
                one.signed_by(&key)
            })
        };
        for one in state.engine.cosignatures() {
            if self.genuine.contains(one) {
                continue;
            }
            if !genuine(one) {
                let (cosigner, size) = (one.cosigner, one.size);
                let what = format!("holds what {cosigner} never signed of version {size}");
                return Some(scene.broken(NAME, node, what));
            }
            self.genuine.insert(*one);
        }
        None
    }
}

/// Whether one of two histories goes on where the other ends.
fn agree(one: &Roots, other: &Roots) -> bool {
    let size = one.size().min(other.size());
    one.at(size) == other.at(size)
}

/// Evidence that a node holds.
fn proofs(state: &Node) -> BTreeSet<Proof> {
    let proof = |split: SplitView| {
        let other = split.other.map(|other| other.node);
        (split.one.size, split.one.node, other)
    };
    state
        .engine
        .log_status()
        .splits
        .into_iter()
        .map(proof)
        .collect()
}

/// Whether evidence is held: as it was told, or, of what was proved against the node's own log, by two
/// signatures since.
fn is_held(told: &Proof, now: &BTreeSet<Proof>) -> bool {
    let (size, one, other) = told;
    let same = |proof: &Proof| proof.0 == *size && (proof.1 == *one || proof.2 == Some(*one));
    now.contains(told) || other.is_none() && now.iter().any(same)
}

/// The nodes that keep to the rules and that a node hears of: over lines between such.
fn heard_of(scene: &Scene<'_>, node: NodeId) -> BTreeSet<NodeId> {
    let honest: Vec<_> = scene.honest().map(|(node, _)| node).collect();
    let mut heard = BTreeSet::from([node]);
    let mut edge = vec![node];
    while let Some(at) = edge.pop() {
        for next in &honest {
            if scene.world.is_up(at, *next) && heard.insert(*next) {
                edge.push(*next);
            }
        }
    }
    heard
}
