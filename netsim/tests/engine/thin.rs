//! On a thin line what is urgent does not wait for the rest, and nothing is sent twice.

use std::collections::BTreeSet;

use crdt_model::commit::Commit;
use crdt_model::draft::Draft;
use crdt_model::engine::Identity;
use crdt_model::ids::{Boot, CharterVersion, Epoch, RecordId};
use crdt_model::label::FacetId;
use crdt_model::wire::{Request, Response};
use netsim::world::World;
use netsim::world::line::Quality;

use crate::county::*;

const VILLAGE: &str = VILLAGES[0];
const TOWNSHIP: &str = TOWNSHIPS[0];
/// Facets that are much for a thin line: some 400 kB.
const BULK: u16 = 1_000;
/// What may be on the line ahead of something urgent, in time, and the way of what is urgent itself.
const URGENT_MS: u64 = 4_000;

fn numbered(name: &str, number: u16) -> FacetId {
    let mut record = [0; 16];
    record[..2].copy_from_slice(&number.wrapping_mul(40_503).to_be_bytes());
    FacetId {
        record: RecordId(record),
        ..facet(name, 0, VILLAGE)
    }
}

fn bulk() -> Vec<Draft> {
    let text = "a row of the ledger ".repeat(8);
    let row = |number| draft(numbered("note.up", number), &[("text", &text)]);
    (0..BULK).map(row).collect()
}

fn thin(world: &mut World, bytes_per_s: u64) {
    let quality = Quality {
        bytes_per_s,
        loss_percent: 0,
        jitter_ms: 0,
        ..Quality::THIN
    };
    world.set_quality(id(VILLAGE), id(TOWNSHIP), quality);
}

/// A world in which village and township hold these facets and are not in touch.
fn holding(drafts: Vec<Draft>) -> World {
    let mut world = world();
    world.connect(id(VILLAGE), id(TOWNSHIP));
    for drafts in drafts.chunks(500) {
        write(&mut world, VILLAGE, drafts.to_vec());
        world.run_ms(2_000);
    }
    world.run_ms(20_000);
    world.cut(id(VILLAGE), id(TOWNSHIP));
    world
}

fn lose_disk(world: &mut World, code: &str) {
    world.take_away(id(code));
    let identity = Identity {
        epoch: Epoch(2),
        boot: Boot([0; 8]),
        ..identity(code)
    };
    let founding = [(CharterVersion(1), bundle_of(1))];
    world.add(identity, &founding).expect("a node");
}

fn held(world: &World, code: &str) -> usize {
    let node = world.node(id(code)).expect("a node");
    node.engine.index().len() as usize
}

/// Runs until a node holds so many facets; how long that took.
fn run_until(world: &mut World, code: &str, facets: usize) -> u64 {
    let began_ms = world.now_ms();
    while held(world, code) < facets {
        world.run_ms(20);
        let waited_ms = world.now_ms() - began_ms;
        assert!(waited_ms < 1_000_000, "{} are there", held(world, code));
    }
    world.now_ms() - began_ms
}

/// Runs until a node holds a facet with so many commits; how long that took.
fn run_until_there(world: &mut World, code: &str, facet: &FacetId, commits: usize) -> u64 {
    let began_ms = world.now_ms();
    let there = |world: &World| {
        let node = world.node(id(code)).expect("a node");
        let history = crdt_model::replica::history(&node.store, facet).expect("a store");
        history.len() >= commits
    };
    while !there(world) {
        world.run_ms(20);
    }
    world.now_ms() - began_ms
}

#[test]
fn what_is_written_above_overtakes_what_a_village_fetches() {
    let mut world = holding(bulk());
    lose_disk(&mut world, VILLAGE);
    thin(&mut world, 32_000);
    world.connect(id(VILLAGE), id(TOWNSHIP));
    run_until(&mut world, VILLAGE, usize::from(BULK) / 4);
    let alert = numbered("note.up", 0);
    run_until_there(&mut world, VILLAGE, &alert, 1);
    write(&mut world, TOWNSHIP, vec![draft(alert, &[("step", "now")])]);
    let urgent_ms = run_until_there(&mut world, VILLAGE, &alert, 2);
    assert!(urgent_ms <= URGENT_MS, "{urgent_ms}");
    let rest_ms = run_until(&mut world, VILLAGE, usize::from(BULK));
    assert!(rest_ms > URGENT_MS, "there was much behind it: {rest_ms}");
}

#[test]
fn what_is_urgent_overtakes_what_a_village_gives() {
    let mut world = holding(Vec::new());
    thin(&mut world, 32_000);
    world.connect(id(VILLAGE), id(TOWNSHIP));
    world.run_ms(5_000);
    write(&mut world, VILLAGE, bulk());
    run_until(&mut world, TOWNSHIP, usize::from(BULK) / 4);
    let alert = numbered("note.alert.up", u16::MAX);
    write(&mut world, VILLAGE, vec![draft(alert, &[("text", "now")])]);
    let urgent_ms = run_until_there(&mut world, TOWNSHIP, &alert, 1);
    assert!(urgent_ms <= URGENT_MS, "{urgent_ms}");
    let rest_ms = run_until(&mut world, TOWNSHIP, usize::from(BULK) + 1);
    assert!(rest_ms > URGENT_MS, "there was much behind it: {rest_ms}");
}

#[test]
fn what_is_urgent_is_fetched_and_given_before_everything_else() {
    for loser in [VILLAGE, TOWNSHIP] {
        let alert = numbered("note.alert.up", u16::MAX);
        let mut drafts = bulk();
        drafts.push(draft(alert, &[("text", "now")]));
        let mut world = holding(drafts);
        lose_disk(&mut world, loser);
        thin(&mut world, 32_000);
        world.connect(id(VILLAGE), id(TOWNSHIP));
        run_until_there(&mut world, loser, &alert, 1);
        let before = held(&world, loser);
        assert!(before < usize::from(BULK) / 4, "{before}");
    }
}

#[test]
fn after_a_cut_nothing_that_arrived_is_sent_again() {
    let mut world = holding(bulk());
    lose_disk(&mut world, VILLAGE);
    thin(&mut world, 32_000);
    world.connect(id(VILLAGE), id(TOWNSHIP));
    run_until(&mut world, VILLAGE, usize::from(BULK) / 2);
    world.cut(id(VILLAGE), id(TOWNSHIP));
    let all = (0..BULK).map(|number| numbered("note.up", number));
    let arrived = all.filter(|facet| world.holders(facet).contains(&id(VILLAGE)));
    let arrived: BTreeSet<FacetId> = arrived.collect();
    world.frames.clear();
    world.connect(id(VILLAGE), id(TOWNSHIP));
    run_until(&mut world, VILLAGE, usize::from(BULK));
    let again = sent(&world).filter(|facet| arrived.contains(facet)).count();
    assert_eq!(again, 0);
    assert_eq!(sent(&world).count(), usize::from(BULK) - arrived.len());
}

/// The facets of all commits that went over lines, once for each commit.
fn sent(world: &World) -> impl Iterator<Item = FacetId> {
    let commits = world.frames.iter().flat_map(|frame| match frame.request {
        true => match Request::decode(&frame.bytes) {
            Ok(Request::Push { commits, .. }) => commits,
            _ => Vec::new(),
        },
        false => match Response::decode(&frame.bytes) {
            Ok(Response::Fetched(found)) => found.into_iter().flat_map(|one| one.commits).collect(),
            _ => Vec::new(),
        },
    });
    commits.map(|commit| Commit::decode(&commit).expect("a commit").body().facet)
}

#[test]
fn a_line_on_which_large_answers_time_out_is_given_smaller_ones() {
    let text = "汉".repeat(5_000);
    let large = |number| draft(numbered("note.up", number), &[("text", &text)]);
    let mut world = holding((0..20).map(large).collect());
    lose_disk(&mut world, VILLAGE);
    // 300 kB take 100 seconds; two full answers take longer than a request may.
    thin(&mut world, 3_000);
    world.connect(id(VILLAGE), id(TOWNSHIP));
    let took_ms = run_until(&mut world, VILLAGE, 20);
    assert!(took_ms < 300_000, "{took_ms}");
}
