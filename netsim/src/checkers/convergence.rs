//! Once all faults are over, nodes that can reach each other hold the same.

use std::collections::BTreeSet;

use crdt_model::charter::{Audience, Standing, Tier};
use crdt_model::engine::LinkState;
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::replica::{self, FacetEntry};

use super::{Broken, Checker, Scene};
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
            let digest = |node| world.node(node).map(|one| one.engine.charter().digest());
            let apart = forked
                && (digest(node) != digest(peer) || waits_for_township(world, node, peer))
                || waits_for_a_person(state, peer)
                || world
                    .node(peer)
                    .is_some_and(|other| !begun_twice(state, other).is_empty())
                || world
                    .node(peer)
                    .is_some_and(|other| waits_for_a_person(other, node));
            if !apart {
                unsettled.push((node, peer, link));
            }
        }
    }
    unsettled
}

/// Whether what one end lacks goes over the township between them, which has another charter than
/// they: a facet whose new grade is the township's business too leaves the direct link.
fn waits_for_township(world: &World, node: NodeId, peer: NodeId) -> bool {
    let township = node.township().or(peer.township());
    let digest = |node| world.node(node).map(|one| one.engine.charter().digest());
    township.is_some_and(|between| {
        let other = digest(between).is_some_and(|theirs| Some(theirs) != digest(node));
        between != node && between != peer && other
    })
}

/// Whether a link cannot become equal before a person at the parent has vouched for what a node
/// wrote that was revoked since: that is kept where it was, and nowhere taken. (The engine has no
/// vouching yet.)
fn waits_for_a_person(state: &Node, peer: NodeId) -> bool {
    let status = state.engine.peer_status(peer);
    status.is_some_and(|status| {
        status.refused.contains_key("author-revoked") || status.commits_refused_by_peer > 0
    }) && has_revoked(state)
}

fn has_revoked(state: &Node) -> bool {
    let members = state.engine.charter().roster().members();
    members
        .iter()
        .any(|member| member.standing == Standing::Revoked)
}

/// Whether a facet has commits of an author who was revoked since.
fn of_revoked(state: &Node, facet: &FacetId) -> bool {
    let roster = state.engine.charter().roster();
    let history = replica::history(&state.store, facet);
    has_revoked(state)
        && history.is_ok_and(|history| {
            let mut authors = history.commits().map(|(commit, _)| commit.body().author);
            authors.any(|author| roster.active(author).is_none())
        })
}

/// Facets that two authors began at once with different grades, of which each end has one beginning.
/// Together they have the higher grade: who may hold only the lower one keeps what it has, and may
/// not be told of the other.
fn begun_twice(state: &Node, other: &Node) -> BTreeSet<FacetId> {
    let mut facets = BTreeSet::new();
    // A damaged entry is told of where the two are compared.
    let _ = replica::for_each_facet(&state.store, |facet, _| {
        if replica::facet_entry(&other.store, &facet).is_ok_and(|theirs| theirs.is_some()) {
            facets.insert(facet);
        }
    });
    let beginnings = |node: &Node, facet: &FacetId| -> BTreeSet<_> {
        let history = replica::history(&node.store, facet);
        let commits = history.iter().flat_map(|history| history.commits());
        let first = commits.filter(|(commit, _)| commit.body().parents.is_empty());
        first
            .map(|(commit, _)| (commit.hash(), commit.body().grade))
            .collect()
    };
    facets.retain(|facet| {
        let (ours, theirs) = (beginnings(state, facet), beginnings(other, facet));
        let grades: BTreeSet<_> = ours.union(&theirs).map(|(_, grade)| *grade).collect();
        ours != theirs && grades.len() > 1
    });
    facets
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
        let same = theirs.as_ref().map(|theirs| theirs.digest) == Some(entry.digest);
        if !same && !excused(state, other, &facet, theirs.as_ref(), node, peer) {
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

/// Whether there is a reason why two nodes stay unequal in a facet.
fn excused(
    state: &Node,
    other: &Node,
    facet: &FacetId,
    theirs: Option<&FacetEntry>,
    node: NodeId,
    peer: NodeId,
) -> bool {
    // What it lacks has a grade that goes another way, where the ends are compared too.
    let comes_otherwise = theirs.is_some_and(|theirs| {
        !carried(state, node, peer, facet, theirs) && has_all_of(state, other, facet)
    });
    comes_otherwise
        || of_revoked(state, facet)
        || of_revoked(other, facet)
        || begun_twice(state, other).contains(facet)
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
    let charter = state.engine.charter();
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
