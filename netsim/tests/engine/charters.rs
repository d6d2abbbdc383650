//! Charters that run out, fork, or arrive in the middle of things; and what is left of refusals
//! after a restart.

use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::engine::{Alarm, Input, LinkState};
use crdt_model::ids::CharterVersion;
use crdt_model::store::Store;
use crdt_model::time::WallTime;
use crdt_model::wire::{Request, Response};
use netsim::open_charter::OpenCharter;
use netsim::world::{Frame, World};

use crate::county::*;

/// 2026-07-02T00:00:00Z: a day after the world begins.
const TOMORROW_MS: u64 = 1_782_950_400_000;

fn adopt(world: &mut World, node: &str, charter: OpenCharter) {
    let bundle = bundle_of(charter.version.0);
    let charter: Arc<dyn Charter> = Arc::new(charter);
    world.input(id(node), Input::CharterAdopted { charter, bundle });
}

#[test]
fn an_expired_charter_keeps_own_work_and_sends_nothing_until_a_newer_one_comes() {
    let mut first = open_charter(1, &[], &[]);
    first.until = WallTime::from_ms(TOMORROW_MS);
    let second = open_charter(2, &[], &[]);
    let mut world = world_of(vec![first, second.clone()]);
    world.connect_all();
    world.run_ms(1_000);
    world.pass_wall_ms(2 * 24 * 3_600_000);
    let up = facet("note.up", 1, VILLAGES[0]);
    write(
        &mut world,
        VILLAGES[0],
        vec![draft(up, &[("text", "written all the same")])],
    );
    world.frames.clear();
    world.run_ms(400_000);
    assert_eq!(world.holders(&up), ids(&[VILLAGES[0]]));
    let of_charters = |frame: &Frame| match frame.request {
        true => matches!(
            Request::decode(&frame.bytes),
            Ok(Request::Hello(_) | Request::Gossip(_))
        ),
        false => matches!(
            Response::decode(&frame.bytes),
            Ok(Response::Hello(_) | Response::Gossip(_))
        ),
    };
    assert!(world.frames.iter().all(of_charters), "only hellos pass");
    adopt(&mut world, COUNTY, second);
    world.run_ms(10_000);
    assert_eq!(
        world.holders(&up),
        ids(&[COUNTY, TOWNSHIPS[0], VILLAGES[0]])
    );
    assert!(in_sync(&world));
}

#[test]
fn two_charters_under_one_number_stop_the_link_and_raise_an_alarm() {
    let mut world = world();
    let mut other = open_charter(2, &[], &[]);
    other.salt = 1;
    adopt(&mut world, TOWNSHIPS[0], open_charter(2, &["note.up"], &[]));
    adopt(&mut world, VILLAGES[0], other);
    world.run_ms(100);
    let up = facet("note.up", 1, VILLAGES[0]);
    write(
        &mut world,
        VILLAGES[0],
        vec![draft(up, &[("text", "here")])],
    );
    world.connect(id(VILLAGES[0]), id(TOWNSHIPS[0]));
    world.run_ms(2_000);
    assert_eq!(world.holders(&up), ids(&[VILLAGES[0]]));
    for (node, peer) in [(TOWNSHIPS[0], VILLAGES[0]), (VILLAGES[0], TOWNSHIPS[0])] {
        let state = world.node(id(node)).expect("a node");
        let status = state.engine.peer_status(id(peer)).expect("a link");
        assert_eq!(status.link, LinkState::CharterFork);
        let told = alarms(&world, id(node));
        assert!(matches!(told[..], [Alarm::CharterFork { .. }, ..]));
    }
}

#[test]
fn of_two_charters_under_one_number_the_first_stays_in_force_and_in_the_store() {
    let mut world = world();
    let mut other = open_charter(2, &[], &[]);
    other.salt = 1;
    adopt(&mut world, COUNTY, open_charter(2, &["note.up"], &[]));
    // The first waits for the disk when the second comes.
    let charter: Arc<dyn Charter> = Arc::new(other);
    let bundle = b"another bundle".to_vec();
    world.input(id(COUNTY), Input::CharterAdopted { charter, bundle });
    world.run_ms(100);
    let node = world.node(id(COUNTY)).expect("a node");
    assert_eq!(
        node.engine.charter().digest(),
        open_charter(2, &[], &[]).digest()
    );
    let key = crdt_model::replica::charter_key(CharterVersion(2));
    assert_eq!(node.store.get(&key).expect("a store"), Some(bundle_of(2)));
}

#[test]
fn a_charter_that_arrives_in_the_middle_of_an_exchange_ends_it_and_all_lines_up() {
    for after_ms in [1, 7, 13, 19, 26, 40] {
        let mut world = world();
        for record in 1..=60 {
            let up = facet("note.up", record, VILLAGES[0]);
            write(
                &mut world,
                VILLAGES[0],
                vec![draft(up, &[("text", "SECRETWORD")])],
            );
        }
        world.connect_all();
        world.run_ms(after_ms);
        adopt(&mut world, COUNTY, open_charter(2, &["note.up"], &[]));
        world.run_ms(20_000);
        assert!(in_sync(&world), "after {after_ms} ms");
        for record in 1..=60 {
            let holders = world.holders(&facet("note.up", record, VILLAGES[0]));
            assert_eq!(holders, ids(&[VILLAGES[0]]), "after {after_ms} ms");
        }
    }
}

#[test]
fn what_fell_out_of_an_audience_goes_even_while_writes_never_pause() {
    let mut world = world();
    world.connect_all();
    let up = facet("note.up", 1, VILLAGES[0]);
    write(
        &mut world,
        VILLAGES[0],
        vec![draft(up, &[("text", "SECRETWORD")])],
    );
    world.run_ms(1_000);
    adopt(&mut world, TOWNSHIPS[0], open_charter(2, &["note.up"], &[]));
    for number in 0..300 {
        let own = facet("note.home", (number % 200) as u8, TOWNSHIPS[0]);
        let drafts = vec![draft(own, &[("text", &format!("busy {number}"))])];
        let ticket = crdt_model::engine::Ticket(1_000_000 + number);
        world.input(id(TOWNSHIPS[0]), Input::Write { ticket, drafts });
        world.run_ms(1);
    }
    assert!(all_run(&world));
    assert!(!world.holders(&up).contains(&id(TOWNSHIPS[0])));
}

#[test]
fn what_was_refused_is_still_shown_after_a_restart_and_nothing_of_what_may_not_be_held() {
    let mut world = world();
    let peer = hostile(VILLAGES[0]);
    let theirs = facet("note.up", 9, VILLAGES[1]);
    let mine = facet("note.skip", 9, VILLAGES[0]);
    let commits = [theirs, mine].map(|facet| {
        let body = peer.first(&world, facet, grade("one"), "CANARYWORD");
        peer.sign(body).expect("a commit").encoded().to_vec()
    });
    peer.push(&mut world, id(TOWNSHIPS[0]), commits.to_vec());
    let shown = |world: &World| {
        let quarantine = world
            .node(id(TOWNSHIPS[0]))
            .expect("a node")
            .engine
            .quarantine();
        quarantine.entries().cloned().collect::<Vec<_>>()
    };
    let before = shown(&world);
    assert_eq!(before.len(), 2);
    world.run_ms(100);
    crash(&mut world, id(TOWNSHIPS[0]));
    assert_eq!(shown(&world), before);
    // Under a charter by which the township may hold neither, nothing tells that the one it kept
    // was ever there; what is shown of the other has no content.
    adopt(&mut world, TOWNSHIPS[0], open_charter(2, &["note.up"], &[]));
    world.run_ms(100);
    crash(&mut world, id(TOWNSHIPS[0]));
    let after = shown(&world);
    let (kept, unread): (Vec<_>, Vec<_>) =
        before.into_iter().partition(|one| one.encoded.is_some());
    assert_eq!(kept.len(), 1);
    assert_eq!(after, unread);
    let store = &world.node(id(TOWNSHIPS[0])).expect("a node").store;
    let entries = store.scan(&[], None, usize::MAX).expect("entries");
    assert!(
        !entries
            .iter()
            .any(|(_, value)| value.windows(10).any(|one| one == b"CANARYWORD"))
    );
}
