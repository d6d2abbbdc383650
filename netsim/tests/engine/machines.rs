//! Two machines that run with one key: both ends of every link are told, and no link is called equal.

use std::collections::BTreeSet;

use crdt_model::engine::{Alarm, LinkState};
use crdt_model::ids::{Boot, NodeId};
use crdt_model::limits::TWO_MACHINES_MS;
use crdt_model::wire::Response;
use netsim::hostile::HostilePeer;
use netsim::world::World;

use crate::county::*;

const VILLAGE: &str = VILLAGES[0];
const TOWNSHIP: &str = TOWNSHIPS[0];

/// A copy of the village's folder that runs elsewhere.
fn copy() -> HostilePeer {
    let mut copy = hostile(VILLAGE);
    copy.identity.boot = Boot([9; 8]);
    copy
}

/// The line between the village and the township is laid anew, which begins with a hello.
fn lay_anew(world: &mut World) {
    world.cut(id(VILLAGE), id(TOWNSHIP));
    world.run_ms(10);
    world.connect_all();
    world.run_ms(5_000);
}

fn told(world: &World, node: &str) -> Vec<(NodeId, Option<NodeId>)> {
    let alarms = alarms(world, id(node)).into_iter();
    let told = alarms.filter_map(|alarm| match alarm {
        Alarm::TwoMachines { node, told_by } => Some((node, told_by)),
        _ => None,
    });
    told.collect()
}

fn link(world: &World, node: &str, peer: &str) -> (LinkState, Option<NodeId>) {
    let state = world.node(id(node)).expect("a node");
    let status = state.engine.peer_status(id(peer)).expect("a link");
    (status.link, status.two_machines)
}

/// A village, then its copy, then the village again greet the township.
fn taken_turns() -> World {
    let mut world = world();
    world.connect_all();
    world.run_ms(5_000);
    copy().greet(&mut world, id(TOWNSHIP), [0; 32]);
    lay_anew(&mut world);
    world
}

#[test]
fn both_ends_learn_that_two_machines_take_turns_and_do_not_say_equal() {
    let world = taken_turns();
    let village = id(VILLAGE);
    assert_eq!(told(&world, TOWNSHIP), [(village, None)]);
    assert_eq!(told(&world, VILLAGE), [(village, Some(id(TOWNSHIP)))]);
    for (node, peer) in [(TOWNSHIP, VILLAGE), (VILLAGE, TOWNSHIP)] {
        let expected = (LinkState::TwoMachines, Some(village));
        assert_eq!(link(&world, node, peer), expected, "at {node}");
    }
    assert_eq!(told(&world, COUNTY), [], "nobody else is concerned");
}

#[test]
fn what_two_machines_write_flows_all_the_same() {
    let mut world = taken_turns();
    let up = facet("note.up", 1, VILLAGE);
    write(&mut world, VILLAGE, vec![draft(up, &[("text", "ours")])]);
    world.run_ms(5_000);
    let document = world.document(id(TOWNSHIP), &up).expect("held");
    assert!(document.settled("text").is_some());
}

#[test]
fn the_copy_is_told_as_well() {
    let mut world = taken_turns();
    let mut hellos = BTreeSet::new();
    for _ in 0..2 {
        let answer = copy().greet(&mut world, id(TOWNSHIP), [0; 32]);
        if let Some(Response::Hello(hello)) = answer {
            hellos.insert(hello.two_machines);
        }
    }
    assert_eq!(hellos, BTreeSet::from([true]));
}

#[test]
fn a_node_that_only_restarts_is_no_second_machine() {
    let mut world = world();
    world.connect_all();
    world.run_ms(5_000);
    for _ in 0..6 {
        crash(&mut world, id(VILLAGE));
        world.connect_all();
        world.run_ms(10_000);
    }
    assert!(in_sync(&world));
    assert_eq!(told(&world, TOWNSHIP), []);
    assert_eq!(told(&world, VILLAGE), []);
}

#[test]
fn the_alarm_ends_once_one_of_the_two_is_gone_for_an_hour() {
    let mut world = taken_turns();
    world.run_ms(TWO_MACHINES_MS);
    lay_anew(&mut world);
    assert!(in_sync(&world));
    assert_eq!(told(&world, TOWNSHIP).len(), 1, "told once");
}
