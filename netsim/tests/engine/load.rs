//! What a node says about how full it is.

use crdt_model::engine::{Input, Load, Ticket};
use netsim::world::World;

use crate::county::*;

fn load(world: &World, node: &str) -> Load {
    world.node(id(node)).expect("a node").engine.load()
}

#[test]
fn what_waits_is_counted_and_gone_when_it_is_done() {
    let mut world = world();
    world.connect_all();
    world.run_ms(1_000);
    let drafts = (1..=40).map(|record| {
        let up = facet("note.up", record, VILLAGES[0]);
        draft(up, &[("text", "one of many")])
    });
    let (ticket, drafts) = (Ticket(1_000_000), drafts.collect());
    world.input(id(VILLAGES[0]), Input::Write { ticket, drafts });
    let waiting = load(&world, VILLAGES[0]);
    assert_eq!(
        (waiting.undurable_commits, waiting.undurable_entries),
        (40, 41)
    );
    world.run_ms(2);
    let pushing = load(&world, VILLAGES[0]);
    assert_eq!(pushing.undurable_entries, 0);
    let to_township = pushing
        .peers
        .iter()
        .find(|one| one.node == id(TOWNSHIPS[0]));
    assert_eq!(to_township.expect("a link").requests_in_flight, 1);
    world.run_ms(5_000);
    for node in [COUNTY, TOWNSHIPS[0], VILLAGES[0]] {
        let load = load(&world, node);
        assert_eq!(load.over(), Vec::<String>::new());
        assert_eq!((load.undurable_commits, load.undurable_entries), (0, 0));
        assert!(load.labels > 0);
        let busy = |peer: &crdt_model::engine::PeerLoad| {
            peer.pushes + peer.offers + peer.to_fetch + peer.requests_in_flight > 0
        };
        assert!(!load.peers.iter().any(busy), "{load:?}");
    }
}

#[test]
fn refused_commits_are_counted_with_their_bytes() {
    let mut world = world();
    let peer = hostile(VILLAGES[0]);
    let theirs = facet("note.up", 9, VILLAGES[1]);
    let commit = peer.first(&world, theirs, grade("one"), "not mine");
    let commit = peer.sign(commit).expect("a commit");
    let encoded = commit.encoded().to_vec();
    peer.push(&mut world, id(TOWNSHIPS[0]), vec![encoded.clone()]);
    let load = load(&world, TOWNSHIPS[0]);
    assert_eq!(load.quarantine_entries, 1);
    assert_eq!(load.quarantine_bytes, encoded.len());
}
