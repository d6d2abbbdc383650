//! What is written reaches whoever may hold it, and nobody else.

use crdt_model::engine::LinkState;
use crdt_model::ids::CharterVersion;
use crdt_model::store::Store;
use crdt_model::value::Value;
use netsim::open_charter::OpenVerifier;
use netsim::world::World;
use netsim::world::node::Off;

use crate::county::*;

#[test]
fn facets_reach_exactly_their_audience() {
    let mut world = world();
    world.connect_all();
    let village = VILLAGES[0];
    let [up, skip, home] = ["note.up", "note.skip", "note.home"].map(|one| facet(one, 1, village));
    let drafts = [up, skip, home]
        .map(|facet| draft(facet, &[("text", "hello")]))
        .to_vec();
    write(&mut world, village, drafts);
    world.run_ms(2_000);
    assert_eq!(world.holders(&up), ids(&[COUNTY, TOWNSHIPS[0], village]));
    assert_eq!(world.holders(&skip), ids(&[COUNTY, village]));
    assert_eq!(world.holders(&home), ids(&[village]));
    assert!(in_sync(&world));
}

#[test]
fn what_was_written_while_lines_were_cut_arrives_after_they_heal() {
    let mut world = world();
    for record in 1..=120 {
        write(
            &mut world,
            VILLAGES[0],
            vec![draft(
                facet("note.up", record, VILLAGES[0]),
                &[("text", "offline")],
            )],
        );
    }
    world.connect_all();
    world.run_ms(5_000);
    assert!(in_sync(&world));
    for record in 1..=120 {
        let holders = world.holders(&facet("note.up", record, VILLAGES[0]));
        assert!(holders.contains(&id(COUNTY)), "record {record}");
    }
}

#[test]
fn concurrent_edits_are_both_kept_on_every_node_that_may_see_them() {
    let mut world = world();
    world.connect_all();
    let (village, township) = (VILLAGES[0], TOWNSHIPS[0]);
    let up = facet("note.up", 1, village);
    write(
        &mut world,
        village,
        vec![draft(up, &[("text", "case"), ("step", "open")])],
    );
    world.run_ms(2_000);
    world.cut_all(id(township));
    write(&mut world, village, vec![draft(up, &[("step", "closed")])]);
    write(
        &mut world,
        township,
        vec![draft(up, &[("step", "escalated")])],
    );
    world.connect_all();
    world.run_ms(5_000);
    for node in [village, township, COUNTY] {
        let document = world.document(id(node), &up).expect("held");
        let steps = document
            .values("step")
            .iter()
            .map(|one| (one.author, one.value.clone()));
        let mut steps: Vec<_> = steps.collect();
        steps.sort();
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(
            steps,
            [
                (id(township), text("escalated")),
                (id(village), text("closed"))
            ],
            "at {node}"
        );
    }
    assert!(in_sync(&world));
}

#[test]
fn equal_nodes_exchange_one_small_message_each_way_whatever_they_hold() {
    for facets in [100, 37_000] {
        let village = VILLAGES[0];
        let machine = machine_with(village, facets);
        let editions = vec![open_charter(1, &[], &[])];
        let mut world = World::new(7, Box::new(OpenVerifier { editions }));
        for code in [TOWNSHIPS[0], village] {
            world.put_in_place(Off {
                identity: identity(code),
                ..machine.clone()
            });
            world.start(id(code)).expect("a node");
        }
        // The village does not know yet what the township has signed.
        world.connect(id(village), id(TOWNSHIPS[0]));
        world.run_ms(1_000);
        world.cut(id(village), id(TOWNSHIPS[0]));
        world.frames.clear();
        world.connect(id(village), id(TOWNSHIPS[0]));
        world.run_ms(1_000);
        let village = world.node(id(village)).expect("a node");
        let link = village
            .engine
            .peer_status(id(TOWNSHIPS[0]))
            .expect("a link");
        assert_eq!((link.link, link.have), (LinkState::InSync, facets.into()));
        let sizes: Vec<_> = world.frames.iter().map(|frame| frame.bytes.len()).collect();
        println!("{facets} facets: frames of {sizes:?} bytes");
        assert_eq!(sizes.len(), 2, "{facets} facets");
        let bytes: usize = sizes.iter().sum();
        assert!(bytes <= 256, "{facets} facets: {sizes:?}");
    }
}

/// A node's machine after it has written this many records of its own.
fn machine_with(village: &str, facets: u32) -> Off {
    let mut world = world();
    let numbers: Vec<u32> = (0..facets).collect();
    for numbers in numbers.chunks(1_000) {
        let drafts = numbers.iter().map(|number| {
            let mut id = facet("note.up", 1, village);
            id.record.0[..4].copy_from_slice(&number.to_be_bytes());
            draft(id, &[("text", "same")])
        });
        write(&mut world, village, drafts.collect());
    }
    world.take_away(id(village)).expect("a machine")
}

#[test]
fn a_charter_spreads_and_what_it_holds_back_is_gone() {
    let mut world = world();
    world.connect_all();
    let village = VILLAGES[0];
    let up = facet("note.up", 1, village);
    write(
        &mut world,
        village,
        vec![draft(up, &[("text", "SECRETWORD")])],
    );
    world.run_ms(2_000);
    let bundle = b"version 2".to_vec();
    let adopted = crdt_model::engine::Input::CharterAdopted {
        charter: charter(2, &["note.up"]),
        bundle,
    };
    world.input(id(VILLAGES[2]), adopted);
    world.run_ms(5_000);
    for (node, state) in world.nodes() {
        assert_eq!(
            state.engine.charter().version(),
            CharterVersion(2),
            "at {node}"
        );
        let entries = state.store.scan(&[], None, usize::MAX).expect("entries");
        let found = entries
            .iter()
            .any(|(_, value)| value.windows(10).any(|window| window == b"SECRETWORD"));
        assert_eq!(found, node == id(village), "at {node}");
    }
    assert!(in_sync(&world));
}
