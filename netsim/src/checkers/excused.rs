//! What the checkers do not demand of two nodes, and why: each reason is a rule of the mesh or a
//! limit of the engine that `docs/simulator.md` names.

use std::collections::BTreeSet;

use crdt_model::charter::{Standing, Tier};
use crdt_model::checkpoint::Roots;
use crdt_model::engine::Rung;
use crdt_model::history::History;
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::replica;

use super::Scene;
use crate::world::World;
use crate::world::node::Node;

/// Whether there is a reason why a link does not get in sync. `forked` says that two charters with
/// one version are about.
pub(super) fn link(
    world: &World,
    (node, state): (NodeId, &Node),
    (peer, other): (NodeId, &Node),
    forked: bool,
    hostile: &dyn Fn(NodeId) -> bool,
) -> bool {
    let by_fork = || {
        state.engine.charter().digest() != other.engine.charter().digest()
            || waits_for_township(world, node, peer)
            || was_refused(state, peer)
            || was_refused(other, node)
    };
    forked && by_fork()
        || waits_for_a_person(state, peer)
        || waits_for_a_person(other, node)
        || cannot_be_confirmed(world, state, hostile)
        || cannot_be_confirmed(world, other, hostile)
        || !begun_twice(state, other).is_empty()
}

/// Whether a node has narrowed what it sends, and fewer townships than its charter asks for run, keep
/// to the rules and go by its history: nobody can confirm its charter.
fn cannot_be_confirmed(world: &World, state: &Node, hostile: &dyn Fn(NodeId) -> bool) -> bool {
    let charter = state.engine.charter();
    let Some(freshness) = charter.freshness() else {
        return false;
    };
    let own = Roots::of(&charter.log());
    let confirms = |(node, other): &(NodeId, &Node)| {
        let member = charter.roster().active(*node);
        let theirs = Roots::of(&other.engine.charter().log());
        member.is_some_and(|member| member.tier == Tier::Township)
            && !hostile(*node)
            && theirs.size() <= own.size()
            && theirs.at(theirs.size()) == own.at(theirs.size())
    };
    state.engine.rung() != Rung::Fresh
        && world.nodes().filter(confirms).count() < freshness.cosigners
}

/// Whether there is a reason why two nodes stay unequal in a facet that both may hold.
pub(super) fn facet(scene: &Scene<'_>, state: &Node, other: &Node, facet: &FacetId) -> bool {
    let hostile = |node| scene.hostile.contains(&node);
    of_revoked(state, facet)
        || of_revoked(other, facet)
        || cannot_be_confirmed(scene.world, state, &hostile)
        || cannot_be_confirmed(scene.world, other, &hostile)
        || scene.forked && under_another_edition(scene, state, other, facet)
        || begun_twice(state, other).contains(facet)
}

/// Whether a node took nothing of what a peer's commits say under rules that it never had.
fn was_refused(state: &Node, peer: NodeId) -> bool {
    let status = state.engine.peer_status(peer);
    let by_rule = ["may-not-author", "may-not-regrade"];
    status.is_some_and(|status| {
        by_rule
            .iter()
            .any(|code| status.refused.contains_key(*code))
    })
}

/// Whether two nodes differ only in commits that name a version of which there are two: what one of
/// the two allowed its author, the other may not.
fn under_another_edition(scene: &Scene<'_>, state: &Node, other: &Node, facet: &FacetId) -> bool {
    let histories = (
        replica::history(&state.store, facet),
        replica::history(&other.store, facet),
    );
    let (Ok(ours), Ok(theirs)) = histories else {
        return false;
    };
    let forked = |one: &History, lacking: &History| {
        let mut missing = one
            .commits()
            .filter(|(commit, _)| !lacking.contains(&commit.hash()));
        missing.all(|(commit, _)| scene.truth.tables_of(commit.body().charter).count() > 1)
    };
    forked(&ours, &theirs) && forked(&theirs, &ours)
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
