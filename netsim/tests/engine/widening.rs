//! A facet whose new grade widens its audience arrives whole at whoever it is for now, however long
//! its history is.

use crdt_model::limits::{REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use netsim::world::World;

use crate::county::*;

/// A facet at a village with this many bytes of text in its history.
fn long_facet(world: &mut World, record: u8, bytes: usize) -> crdt_model::label::FacetId {
    let step = facet("note.step", record, VILLAGES[0]);
    let text = "x".repeat(15_000);
    for number in 0..bytes / text.len() + 1 {
        write(
            world,
            VILLAGES[0],
            vec![draft(step, &[(&format!("line/{number}"), &text)])],
        );
    }
    step
}

fn hand_up(world: &mut World, step: crdt_model::label::FacetId, level: &str) {
    let mut up = draft(step, &[]);
    up.grade = Some(grade(level));
    write(world, VILLAGES[0], vec![up]);
}

fn nothing_refused(world: &World) {
    for (node, state) in world.nodes() {
        let refused: Vec<_> = state
            .engine
            .quarantine()
            .entries()
            .map(|one| &one.reason)
            .collect();
        assert!(refused.is_empty(), "at {node}: {refused:?}");
    }
}

#[test]
fn a_history_longer_than_a_push_is_handed_up_whole() {
    let mut world = world();
    world.connect_all();
    let step = long_facet(&mut world, 1, 4 * REQUEST_BYTES_MAX);
    world.run_ms(1_000);
    assert_eq!(world.holders(&step), ids(&[VILLAGES[0]]));
    hand_up(&mut world, step, "xcounty");
    world.run_ms(5_000);
    assert_eq!(
        world.holders(&step),
        ids(&[COUNTY, TOWNSHIPS[0], VILLAGES[0]])
    );
    assert_eq!(
        world.document(id(COUNTY), &step),
        world.document(id(VILLAGES[0]), &step)
    );
    assert!(in_sync(&world));
    nothing_refused(&world);
}

#[test]
fn several_long_histories_handed_up_while_the_line_is_cut_arrive_whole() {
    let mut world = world();
    let facets: Vec<_> = (1..=3)
        .map(|record| long_facet(&mut world, record, RESPONSE_BYTES_MAX + 20_000))
        .collect();
    for step in &facets {
        hand_up(&mut world, *step, "two");
    }
    world.connect_all();
    world.run_ms(10_000);
    for step in &facets {
        assert_eq!(world.holders(step), ids(&[TOWNSHIPS[0], VILLAGES[0]]));
        assert_eq!(
            world.document(id(TOWNSHIPS[0]), step),
            world.document(id(VILLAGES[0]), step)
        );
    }
    assert!(in_sync(&world));
    nothing_refused(&world);
}

#[test]
fn a_restart_in_the_middle_of_a_long_history_loses_nothing() {
    let mut world = world();
    world.connect_all();
    let step = long_facet(&mut world, 1, 6 * REQUEST_BYTES_MAX);
    hand_up(&mut world, step, "two");
    world.run_ms(20);
    assert!(
        !world.holders(&step).contains(&id(TOWNSHIPS[0])),
        "parts are not held"
    );
    crash(&mut world, id(TOWNSHIPS[0]));
    world.connect_all();
    world.run_ms(10_000);
    assert_eq!(world.holders(&step), ids(&[TOWNSHIPS[0], VILLAGES[0]]));
    assert!(in_sync(&world));
}

#[test]
fn a_power_cut_while_a_long_history_is_written_down_loses_nothing() {
    let mut lost = 0;
    for seed in 0..4 {
        let mut world = seeded(seed);
        world.connect_all();
        let step = long_facet(&mut world, 1, 2 * REQUEST_BYTES_MAX);
        hand_up(&mut world, step, "two");
        let township = id(TOWNSHIPS[0]);
        for _ in 0..1_000 {
            if world.holders(&step).contains(&township) {
                break;
            }
            world.run_ms(1);
        }
        crash(&mut world, township);
        let store = &world.node(township).expect("a node").store;
        lost += store.counts().lost_batches;
        world.connect_all();
        world.run_ms(10_000);
        assert_eq!(world.holders(&step), ids(&[TOWNSHIPS[0], VILLAGES[0]]));
        assert!(in_sync(&world));
    }
    assert!(lost > 0, "every cut came too late");
}
