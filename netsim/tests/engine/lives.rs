//! A node's life moves on by itself where going on in it would sign a number twice.

use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::commit::Commit;
use crdt_model::engine::{Alarm, Input};
use crdt_model::ids::Epoch;
use crdt_model::label::FacetId;
use crdt_model::replica;
use netsim::world::World;

use crate::county::*;

const VILLAGE: &str = VILLAGES[0];
const TOWNSHIP: &str = TOWNSHIPS[0];

fn up() -> FacetId {
    facet("note.up", 1, VILLAGE)
}

fn adopt(world: &mut World, version: u64, held_back: &[&str]) {
    let charter: Arc<dyn Charter> = Arc::new(open_charter(version, held_back, &[]));
    let bundle = bundle_of(version);
    world.input(id(COUNTY), Input::CharterAdopted { charter, bundle });
    world.run_ms(5_000);
}

fn commits(world: &World, node: &str, facet: &FacetId) -> Vec<Commit> {
    let store = &world.node(id(node)).expect("a node").store;
    let history = replica::history(store, facet).expect("a history");
    history
        .commits()
        .map(|(commit, _)| commit.clone())
        .collect()
}

fn life(world: &World, node: &str) -> Epoch {
    let state = world.node(id(node)).expect("a node");
    state.engine.life_on(&up(), &state.store).expect("a life")
}

fn forks(world: &World) -> usize {
    let alarms = world.nodes().flat_map(|(node, _)| alarms(world, node));
    alarms
        .filter(|alarm| matches!(alarm, Alarm::Equivocated { .. }))
        .count()
}

#[test]
fn a_node_that_dropped_its_own_commits_and_writes_again_signs_no_number_twice() {
    let mut world = world_of(vec![
        open_charter(1, &[], &[]),
        open_charter(2, &["note.up"], &[]),
        open_charter(3, &[], &[]),
    ]);
    world.connect_all();
    write(&mut world, VILLAGE, vec![draft(up(), &[("text", "ours")])]);
    world.run_ms(1_000);
    write(&mut world, TOWNSHIP, vec![draft(up(), &[("step", "seen")])]);
    world.run_ms(1_000);
    adopt(&mut world, 2, &["note.up"]);
    assert_eq!(world.holders(&up()), ids(&[VILLAGE]));
    // Alone under a charter that lets it, it begins the facet anew.
    world.cut_all(id(TOWNSHIP));
    adopt(&mut world, 3, &[]);
    let charter: Arc<dyn Charter> = Arc::new(open_charter(3, &[], &[]));
    let bundle = bundle_of(3);
    world.input(id(TOWNSHIP), Input::CharterAdopted { charter, bundle });
    world.run_ms(100);
    let again = draft(up(), &[("text", "again"), ("step", "again")]);
    write(&mut world, TOWNSHIP, vec![again]);
    world.connect_all();
    world.run_ms(10_000);
    assert!(in_sync(&world));
    assert_eq!(forks(&world), 0);
    let document = world.document(id(VILLAGE), &up()).expect("held");
    assert_eq!(document.frozen(), []);
    assert_eq!(document.values("step").len(), 2, "both stand");
}

#[test]
fn with_each_charter_a_new_life_begins_whether_anything_was_dropped_or_not() {
    let mut lives = Vec::new();
    for writes in [true, false] {
        let mut world = world_of(vec![
            open_charter(1, &[], &[]),
            open_charter(2, &["note.up"], &[]),
        ]);
        world.connect_all();
        if writes {
            write(&mut world, VILLAGE, vec![draft(up(), &[("text", "ours")])]);
        }
        world.run_ms(2_000 - world.now_ms());
        assert_eq!(life(&world, TOWNSHIP), Epoch(1));
        adopt(&mut world, 2, &["note.up"]);
        let after = life(&world, TOWNSHIP);
        crash(&mut world, id(TOWNSHIP));
        assert_eq!(life(&world, TOWNSHIP), after, "it stays so after a restart");
        lives.push(after);
    }
    assert_ne!(lives[0], Epoch(1));
    assert_eq!(
        lives[0], lives[1],
        "nobody can tell whether it had to drop anything"
    );
}

/// A world in which the village wrote, with its commit.
fn written(text: &str) -> (World, Commit) {
    let mut world = world();
    write(&mut world, VILLAGE, vec![draft(up(), &[("text", text)])]);
    let commit = commits(&world, VILLAGE, &up()).remove(0);
    (world, commit)
}

fn bring(world: &mut World, commit: &Commit) {
    let commits = vec![commit.encoded().to_vec()];
    let answer = hostile(TOWNSHIP).push(world, id(VILLAGE), commits);
    assert!(answer.is_some());
}

#[test]
fn a_node_whose_life_is_forked_goes_on_in_another_and_what_it_writes_then_counts() {
    let (mut world, _) = written("one");
    let (_, other) = written("other");
    assert_eq!(life(&world, VILLAGE), Epoch(1));
    bring(&mut world, &other);
    let after = life(&world, VILLAGE);
    assert_ne!(after, Epoch(1));
    assert_eq!(forks(&world), 1, "the node itself is told");
    world.run_ms(100);
    crash(&mut world, id(VILLAGE));
    assert_eq!(life(&world, VILLAGE), after, "it stays so after a restart");
    write(&mut world, VILLAGE, vec![draft(up(), &[("text", "after")])]);
    world.connect_all();
    world.run_ms(5_000);
    assert!(in_sync(&world));
    for node in [COUNTY, TOWNSHIP, VILLAGE] {
        let document = world.document(id(node), &up()).expect("held");
        assert!(document.settled("text").is_some(), "at {node}");
        assert_eq!(document.frozen().len(), 2, "at {node}");
    }
    bring(&mut world, &other);
    assert_eq!(life(&world, VILLAGE), after, "once is enough");
}

#[test]
fn two_clones_that_learn_of_each_other_go_on_in_different_lives() {
    let (mut here, one) = written("one");
    let (mut there, other) = written("other");
    assert_eq!(here.now_ms(), there.now_ms());
    bring(&mut here, &other);
    bring(&mut there, &one);
    assert_eq!(here.now_ms(), there.now_ms());
    assert_ne!(life(&here, VILLAGE), life(&there, VILLAGE));
}

#[test]
fn what_is_written_in_a_new_life_is_acknowledged_only_when_the_life_is_durable() {
    let (mut world, _) = written("one");
    let (_, other) = written("other");
    let store = |world: &World| world.node(id(VILLAGE)).expect("a node").store.unsynced();
    assert_eq!(store(&world), 0);
    let push = crdt_model::wire::Request::Push {
        charter: netsim::hostile::HostilePeer::mark_of(&world, id(VILLAGE)).expect("a mark"),
        unfinished: false,
        commits: vec![other.encoded().to_vec()],
    };
    let arrives = Input::Request {
        peer: id(TOWNSHIP),
        id: crdt_model::engine::InboundId(u64::MAX),
        bytes: push.encode(),
    };
    world.input(id(VILLAGE), arrives);
    assert_eq!(store(&world), 1, "the fork and the life go in one batch");
    let before = life(&world, VILLAGE);
    assert_ne!(before, Epoch(1));
    // Neither is there after a crash now, and both are after the next write was acknowledged.
    write(&mut world, VILLAGE, vec![draft(up(), &[("text", "after")])]);
    crash(&mut world, id(VILLAGE));
    assert_eq!(life(&world, VILLAGE), before);
    assert_eq!(commits(&world, VILLAGE, &up()).len(), 3);
}
