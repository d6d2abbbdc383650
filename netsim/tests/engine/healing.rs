//! Links recover from whatever happens on them, and stop when there is nothing left to say.

use crdt_model::engine::{Input, LinkState, PeerStatus};
use crdt_model::ids::CharterVersion;
use crdt_model::limits::RETRY_LAST_MS;
use netsim::world::World;

use crate::county::*;

fn status(world: &World, node: &str, peer: &str) -> PeerStatus {
    world
        .node(id(node))
        .expect("a node")
        .engine
        .peer_status(id(peer))
        .expect("a link")
}

/// Requests and responses between two nodes from now on for this long.
fn frames_in_ms(world: &mut World, ms: u64) -> usize {
    world.frames.clear();
    world.run_ms(ms);
    world.frames.len()
}

#[test]
fn two_writes_to_a_facet_in_one_sync_are_pushed_without_a_refusal() {
    let mut world = world();
    world.connect_all();
    let up = facet("note.up", 1, VILLAGES[0]);
    write(
        &mut world,
        VILLAGES[0],
        vec![draft(up, &[("text", "first")])],
    );
    world.run_ms(1_000);
    for step in 0..20 {
        // Three more writes before the first of them is durable.
        for part in 0..3 {
            let text = format!("{step} {part}");
            let input = Input::Write {
                ticket: crdt_model::engine::Ticket(1_000_000 + step * 10 + part),
                drafts: vec![draft(up, &[("step", &text)])],
            };
            world.input(id(VILLAGES[0]), input);
            world.run_ms(1);
        }
        world.run_ms(7);
    }
    world.run_ms(1_000);
    assert_eq!(
        status(&world, TOWNSHIPS[0], VILLAGES[0]).refused,
        Default::default()
    );
    assert_eq!(
        status(&world, COUNTY, TOWNSHIPS[0]).refused,
        Default::default()
    );
    assert!(in_sync(&world));
}

#[test]
fn after_a_back_off_has_passed_the_engine_asks_for_no_more_wakes() {
    let mut world = world();
    world.connect_all();
    world.run_ms(1_000);
    let refused = Input::CharterRefused {
        peer: id(TOWNSHIPS[0]),
        version: CharterVersion(2),
    };
    world.input(id(VILLAGES[0]), refused);
    world.run_ms(RETRY_LAST_MS);
    let node = world.node(id(VILLAGES[0])).expect("a node");
    assert!(node.engine.next_timeout().ms > world.now_ms());
}

#[test]
fn a_link_that_cannot_become_equal_backs_off_instead_of_exchanging_forever() {
    // What the village wrote is too old under the charter that came then: the township does not take
    // it, so the two never become equal.
    let mut second = open_charter(2, &[], &[]);
    second.accept_since = CharterVersion(2);
    let mut world = world_of(vec![open_charter(1, &[], &[]), second.clone()]);
    let up = facet("note.up", 1, VILLAGES[0]);
    let draft = draft(up, &[("text", "written before")]);
    write(&mut world, VILLAGES[0], vec![draft]);
    let charter = std::sync::Arc::new(second);
    for node in [VILLAGES[0], TOWNSHIPS[0]] {
        let (charter, bundle) = (charter.clone(), bundle_of(2));
        let adopted = Input::CharterAdopted { charter, bundle };
        world.input(id(node), adopted);
    }
    world.run_ms(100);
    world.connect(id(VILLAGES[0]), id(TOWNSHIPS[0]));
    world.run_ms(120_000);
    let frames = frames_in_ms(&mut world, 120_000);
    assert!(frames < 200, "{frames} frames in two minutes");
    assert_eq!(
        status(&world, TOWNSHIPS[0], VILLAGES[0]).link,
        LinkState::Syncing
    );
}

#[test]
fn a_facet_handed_up_arrives_whole_and_with_what_was_written_meanwhile() {
    let mut world = world();
    world.connect_all();
    let step = facet("note.step", 1, VILLAGES[0]);
    write(
        &mut world,
        VILLAGES[0],
        vec![draft(step, &[("text", "small matter")])],
    );
    write(
        &mut world,
        VILLAGES[0],
        vec![draft(step, &[("line/1", "talked")])],
    );
    world.run_ms(1_000);
    assert_eq!(world.holders(&step), ids(&[VILLAGES[0]]));
    for level in ["two", "xcounty"] {
        let mut up = draft(step, &[]);
        up.grade = Some(grade(level));
        write(
            &mut world,
            VILLAGES[0],
            vec![up, draft(step, &[("line/2", "handed up")])],
        );
        write(
            &mut world,
            VILLAGES[0],
            vec![draft(step, &[(&format!("line/{level}"), "on")])],
        );
        world.run_ms(1_000);
    }
    assert_eq!(
        world.holders(&step),
        ids(&[COUNTY, TOWNSHIPS[0], VILLAGES[0]])
    );
    let at = |code: &str| world.document(id(code), &step).expect("held");
    assert_eq!(at(COUNTY), at(VILLAGES[0]));
    assert!(in_sync(&world));
    assert_eq!(
        status(&world, COUNTY, TOWNSHIPS[0]).refused,
        Default::default()
    );
}

#[test]
fn only_a_direct_link_carries_what_the_township_may_not_hold() {
    let mut world = world();
    world.connect_all();
    let skip = facet("note.skip", 1, VILLAGES[0]);
    write(
        &mut world,
        VILLAGES[0],
        vec![draft(skip, &[("text", "CANARYWORD")])],
    );
    world.run_ms(2_000);
    assert_eq!(world.holders(&skip), ids(&[COUNTY, VILLAGES[0]]));
    let leaks = world.frames.iter().filter(|frame| {
        frame
            .bytes
            .windows(10)
            .any(|window| window == b"CANARYWORD")
            && ![id(COUNTY), id(VILLAGES[0])].contains(&frame.to)
    });
    assert_eq!(leaks.count(), 0);
    assert!(in_sync(&world));
}

#[test]
fn a_node_that_is_dialled_and_not_greeted_greets_itself() {
    let mut world = world();
    let connected = Input::Connected {
        peer: id(VILLAGES[0]),
    };
    world.input(id(TOWNSHIPS[0]), connected);
    world.run_ms(crdt_model::limits::GREETING_WAIT_MS - 1);
    assert_eq!(status(&world, TOWNSHIPS[0], VILLAGES[0]).bytes_sent, 0);
    world.run_ms(10);
    assert!(status(&world, TOWNSHIPS[0], VILLAGES[0]).bytes_sent > 0);
}

#[test]
fn after_a_charter_was_refused_it_is_asked_for_again() {
    // The verifier knows no version 3, as a node whose clock is wrong knows no valid charter.
    let mut world = world_of(vec![open_charter(1, &[], &[]), open_charter(2, &[], &[])]);
    let charter = |version| std::sync::Arc::new(open_charter(version, &[], &[]));
    let adopted = Input::CharterAdopted {
        charter: charter(2),
        bundle: b"unreadable".to_vec(),
    };
    world.input(id(TOWNSHIPS[0]), adopted);
    world.connect(id(VILLAGES[0]), id(TOWNSHIPS[0]));
    world.run_ms(60_000);
    assert_eq!(
        status(&world, VILLAGES[0], TOWNSHIPS[0]).link,
        LinkState::Adopting
    );
    let asked = |world: &World| {
        world
            .frames
            .iter()
            .filter(|one| one.bytes == b"\x01\x02\x00")
            .count()
    };
    assert_eq!(asked(&world), 1, "not again and again");
    world.run_ms(crdt_model::limits::ANTI_ENTROPY_INTERVAL_MS);
    assert_eq!(asked(&world), 2);
}
