//! Once all faults are over, nodes that can reach each other hold the same.

use crdt_model::charter::{Audience, Tier};
use crdt_model::engine::LinkState;
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::replica::{self, FacetEntry};

use super::{Broken, Checker, Scene, excused};
use crate::world::World;
use crate::world::node::Node;

pub(super) const NAME: &str = "convergence";

/// See the module.
pub(super) struct Convergence;

impl Checker for Convergence {
    fn look(&mut self, _scene: &Scene<'_>, _broken: &mut Vec<Broken>) {}

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            for (peer, other) in scene.honest() {
                let linked = node < peer && scene.world.is_up(node, peer);
                let same = state.engine.charter().digest() == other.engine.charter().digest();
                if !linked || !same {
                    continue;
                }
                for (one, two) in [
                    ((node, state), (peer, other)),
                    ((peer, other), (node, state)),
                ] {
                    broken.extend(unequal(scene, one, two));
                }
            }
        }
    }
}

/// The links that are up between nodes that keep to the rules and are not in sync, as one of the
/// two ends sees it. `forked` lets be those whose ends go by different charters.
pub fn unsettled(
    world: &World,
    ignored: &dyn Fn(NodeId) -> bool,
    forked: bool,
) -> Vec<(NodeId, NodeId, LinkState)> {
    let mut unsettled = Vec::new();
    for (node, state) in world.nodes().filter(|(node, _)| !ignored(*node)) {
        for (peer, link) in state
            .engine
            .link_states()
            .filter(|(peer, _)| !ignored(*peer))
        {
            // First, for the rest reads histories.
            if matches!(link, LinkState::InSync | LinkState::Disconnected) {
                continue;
            }
            let other = world.node(peer);
            let apart = other.is_some_and(|other| {
                excused::link(world, (node, state), (peer, other), forked, ignored)
            });
            if !apart {
                unsettled.push((node, peer, link));
            }
        }
    }
    unsettled
}

/// What the link between two nodes carries and one of them lacks.
fn unequal(
    scene: &Scene<'_>,
    (node, state): (NodeId, &Node),
    (peer, other): (NodeId, &Node),
) -> Option<Broken> {
    let mut wrong = None;
    let listed = replica::for_each_facet(&state.store, |facet, entry| {
        if wrong.is_some() || !carried(state, node, peer, &facet, &entry) {
            return;
        }
        let theirs = replica::facet_entry(&other.store, &facet).ok().flatten();
        // What it lacks has a grade that goes another way, where the ends are compared too.
        let comes_otherwise = |theirs: &Option<FacetEntry>| {
            theirs.as_ref().is_some_and(|theirs| {
                !carried(state, node, peer, &facet, theirs) && has_all_of(state, other, &facet)
            })
        };
        let same = theirs.as_ref().map(|theirs| theirs.digest) == Some(entry.digest);
        if !same && !comes_otherwise(&theirs) && !excused::facet(scene, state, other, &facet) {
            let has = if theirs.is_some() {
                "another state of"
            } else {
                "no"
            };
            let (name, home) = (facet.facet, facet.home);
            let what = format!("{peer} has {has} {name} of {home} {}", facet.record);
            wrong = Some(scene.broken(NAME, node, what));
        }
    });
    listed
        .err()
        .map(|why| scene.broken(NAME, node, why.to_string()))
        .or(wrong)
}

/// Whether the other node has all commits of a facet that the first one has.
fn has_all_of(state: &Node, other: &Node, facet: &FacetId) -> bool {
    let histories = (
        replica::history(&state.store, facet),
        replica::history(&other.store, facet),
    );
    let (Ok(ours), Ok(theirs)) = histories else {
        return false;
    };
    ours.commits()
        .all(|(commit, _)| theirs.contains(&commit.hash()))
}

fn carried(state: &Node, node: NodeId, peer: NodeId, facet: &FacetId, entry: &FacetEntry) -> bool {
    let charter = state.engine.rules_with(peer);
    let roster = charter.roster();
    let audience: Audience = charter.audience(&facet.label(entry.grade));
    let belongs = |node| {
        roster
            .index(node)
            .is_some_and(|index| audience.contains(index))
    };
    let tier = |node| roster.active(node).map(|member| member.tier);
    let township = match (tier(node), tier(peer)) {
        (Some(Tier::Village), Some(Tier::County)) => node.township(),
        (Some(Tier::County), Some(Tier::Village)) => peer.township(),
        _ => None,
    };
    belongs(node) && belongs(peer) && !township.is_some_and(belongs)
}
