//! Damage to one facet is mended and holds up nothing else.

use crdt_model::commit::Commit;
use crdt_model::engine::Input;
use crdt_model::ids::{CharterVersion, Epoch};
use crdt_model::label::FacetId;
use crdt_model::replica::{self, ReplicaError};
use crdt_model::store::{Store, StoreError};
use crdt_model::wire::{CharterMark, Request};

use crate::county::*;

const LINES: usize = 5;

fn up() -> FacetId {
    facet("note.up", 1)
}

/// A county that holds one facet of six commits and another of one, everywhere.
fn written() -> County {
    let mut county = County::new();
    county.write(VILLAGE, up(), "text", "the first");
    for line in 0..LINES {
        county.write(VILLAGE, up(), &format!("line/{line}"), "on");
    }
    county.write(VILLAGE, facet("note.up", 2), "text", "beside it");
    for code in [TOWNSHIP, VILLAGE] {
        county.connect(code);
    }
    county.run_ms(2_000);
    assert!(county.in_sync());
    county
}

/// Whether all nodes hold the same of a facet, and agree on everything else.
fn whole(county: &mut County, facet: &FacetId, commits: usize) {
    assert!(county.in_sync());
    assert!(!county.forked());
    let document = county.document(VILLAGE, facet);
    assert_eq!(document.frozen(), []);
    for code in [COUNTY, TOWNSHIP, VILLAGE] {
        assert_eq!(county.commits(code, facet), commits, "at {code}");
        assert_eq!(county.document(code, facet), document, "at {code}");
    }
}

/// Makes a node read a facet: it writes to it.
fn touch(county: &mut County, code: u64) {
    county.write(code, up(), "text", &format!("by {code}"));
}

/// The life that a node writes in on a facet.
fn life(county: &mut County, code: u64, facet: &FacetId) -> Epoch {
    let node = county.node(code);
    node.engine.life_on(facet, &node.store).expect("a life")
}

#[test]
fn a_damaged_life_gives_way_to_another() {
    let mut county = written();
    let key = county.commit_keys(VILLAGE, &up())[1].clone();
    county.node(VILLAGE).store.damage(&key);
    touch(&mut county, VILLAGE);
    let second = life(&mut county, VILLAGE, &up());
    // Its key differs from a commit's in the space and in the position at the end.
    let of_life = [b"l", &key[1..key.len() - 4]].concat();
    assert_eq!(replica::facet_of_entry(&of_life), Some(up()));
    county.node(VILLAGE).store.damage(&of_life);
    county.run_ms(100);
    county.write(VILLAGE, up(), "text", "in another life");
    let third = life(&mut county, VILLAGE, &up());
    assert!(third != second && third != Epoch(1));
    county.run_ms(2_000);
    whole(&mut county, &up(), LINES + 3);
}

#[test]
fn a_damaged_commit_is_let_go_with_those_after_it_and_peers_give_them_back() {
    for position in 0..=LINES {
        for code in [COUNTY, TOWNSHIP, VILLAGE] {
            let mut county = written();
            let key = county.commit_keys(code, &up())[position].clone();
            county.node(code).store.damage(&key);
            touch(&mut county, code);
            assert_eq!(county.damaged(code), [(up(), position)], "at {code}");
            assert_ne!(life(&mut county, code, &up()), Epoch(1));
            let other = facet("note.step", 3);
            assert_eq!(
                life(&mut county, code, &other),
                Epoch(1),
                "nobody else sees it"
            );
            county.run_ms(2_000);
            whole(&mut county, &up(), LINES + 2);
        }
    }
}

#[test]
fn bytes_that_are_no_commit_are_damage_too_and_so_is_a_missing_one() {
    for (value, delete) in [(&b""[..], false), (&[7; 200], false), (&[], true)] {
        let mut county = written();
        let key = county.commit_keys(TOWNSHIP, &up())[3].clone();
        if delete {
            let mut batch = crdt_model::store::Batch::default();
            batch.delete(key);
            county.node(TOWNSHIP).store.write(&batch).expect("a store");
        } else {
            county.node(TOWNSHIP).store.garble(&key, value);
        }
        touch(&mut county, TOWNSHIP);
        assert_eq!(county.damaged(TOWNSHIP), [(up(), 3)]);
        county.run_ms(2_000);
        whole(&mut county, &up(), LINES + 2);
    }
}

fn entry_key(county: &mut County, code: u64) -> Vec<u8> {
    county.node(code).store.keys(b'f')[0].clone()
}

#[test]
fn a_damaged_entry_is_made_again_from_the_commits_also_when_the_engine_opens() {
    for code in [COUNTY, TOWNSHIP, VILLAGE] {
        for reopened in [false, true] {
            let mut county = written();
            let key = entry_key(&mut county, code);
            county.node(code).store.damage(&key);
            if reopened {
                county.restart(code).expect("a node");
                county.connect(code);
            } else {
                touch(&mut county, code);
            }
            assert_eq!(county.damaged(code), [(up(), LINES + 1)]);
            county.run_ms(2_000);
            whole(&mut county, &up(), LINES + 1 + usize::from(!reopened));
        }
    }
}

#[test]
fn an_entry_and_all_commits_may_be_damaged_and_the_facet_comes_back() {
    for reopened in [false, true] {
        let mut county = written();
        let mut keys = county.commit_keys(VILLAGE, &up());
        keys.push(entry_key(&mut county, VILLAGE));
        for key in keys {
            county.node(VILLAGE).store.damage(&key);
        }
        if reopened {
            county.restart(VILLAGE).expect("a node");
            county.connect(VILLAGE);
        } else {
            touch(&mut county, VILLAGE);
        }
        assert_eq!(county.damaged(VILLAGE), [(up(), 0)]);
        county.run_ms(2_000);
        whole(&mut county, &up(), LINES + 1 + usize::from(!reopened));
    }
}

#[test]
fn a_read_of_the_drivers_that_finds_damage_has_it_mended() {
    let mut county = written();
    let key = county.commit_keys(TOWNSHIP, &up())[2].clone();
    county.node(TOWNSHIP).store.damage(&key);
    let read = replica::document(&county.node(TOWNSHIP).store, &up());
    let Err(ReplicaError::Damaged { facet, .. }) = read else {
        panic!("it reads");
    };
    county
        .input(TOWNSHIP, Input::Damaged { facet })
        .expect("a store");
    assert_eq!(county.damaged(TOWNSHIP), [(up(), 2)]);
    county.run_ms(2_000);
    whole(&mut county, &up(), LINES + 1);
    // Said of a facet that is whole it does nothing.
    county
        .input(TOWNSHIP, Input::Damaged { facet })
        .expect("a store");
    assert_eq!(county.damaged(TOWNSHIP).len(), 1);
}

#[test]
fn a_node_that_lost_its_own_commits_alone_signs_no_number_twice() {
    let mut county = written();
    county.disconnect(VILLAGE);
    let key = county.commit_keys(VILLAGE, &up())[2].clone();
    county.node(VILLAGE).store.damage(&key);
    for text in ["one", "two", "three"] {
        county.write(VILLAGE, up(), "text", text);
    }
    assert_eq!(county.commits(VILLAGE, &up()), 5);
    county.connect(VILLAGE);
    county.run_ms(5_000);
    whole(&mut county, &up(), LINES + 4);
}

#[test]
fn a_facet_that_is_damaged_twice_in_one_moment_has_a_new_life_each_time() {
    let mut county = County::new();
    for code in [COUNTY, TOWNSHIP, VILLAGE] {
        county.connect(code);
    }
    county.write(COUNTY, up(), "text", "zero");
    for text in ["one", "two"] {
        let keys = county.entry_keys(TOWNSHIP, &up());
        county.node(TOWNSHIP).store.damage(&keys[0]);
        for key in county.commit_keys(TOWNSHIP, &up()) {
            county.node(TOWNSHIP).store.damage(&key);
        }
        county.write(TOWNSHIP, up(), "text", text);
    }
    county.run_ms(30_000);
    assert!(county.in_sync());
    assert!(!county.forked());
}

#[test]
fn peers_that_may_not_hold_a_damaged_facet_notice_nothing() {
    let step = facet("note.step", 3);
    // Damage after the first commit, which is for the village alone: it keeps that as its home,
    // the township may not.
    for (code, kept) in [(VILLAGE, 1), (TOWNSHIP, 0)] {
        let mut county = written();
        county.write(VILLAGE, step, "text", "ours");
        county.write_at(VILLAGE, step, "line/up", "handed up", Some("two"));
        county.write(VILLAGE, step, "line/on", "and on");
        county.run_ms(2_000);
        assert_eq!(county.commits(TOWNSHIP, &step), 3);
        let key = county.commit_keys(code, &step)[1].clone();
        county.node(code).store.damage(&key);
        county.node(code).sent.clear();
        county.node(COUNTY).sent.clear();
        county
            .input(code, Input::Damaged { facet: step })
            .expect("a store");
        county.run_ms(2_000);
        assert_eq!(county.damaged(code), [(step, kept)]);
        for holder in [VILLAGE, TOWNSHIP] {
            assert_eq!(county.commits(holder, &step), 3, "at {holder}");
        }
        assert!(county.in_sync());
        assert_eq!(county.node(code).sent.get(&id(COUNTY)), None);
        assert_eq!(county.node(COUNTY).sent.len(), 0);
    }
}

#[test]
fn damaged_entries_of_the_quarantine_are_dropped_and_counted() {
    let mut county = written();
    let charter = CharterMark {
        version: CharterVersion(1),
        digest: crdt_model::ids::CharterDigest([1; 32]),
        emergency: false,
    };
    let garbage: Vec<_> = (0..3).map(|number| vec![number; 100]).collect();
    let push = Request::Push {
        charter,
        unfinished: false,
        commits: garbage,
    };
    let arrives = Input::Request {
        peer: id(VILLAGE),
        id: crdt_model::engine::InboundId(0),
        bytes: push.encode(),
    };
    county.input(TOWNSHIP, arrives).expect("a store");
    let keys = county.node(TOWNSHIP).store.keys(b'q');
    assert_eq!(keys.len(), 3);
    county.node(TOWNSHIP).store.damage(&keys[0]);
    county.node(TOWNSHIP).store.garble(&keys[1], b"no entry");
    county.restart(TOWNSHIP).expect("a node");
    let township = county.node(TOWNSHIP);
    let quarantine = township.engine.quarantine();
    assert_eq!(quarantine.entries().count(), 1);
    let counted: Vec<_> = quarantine.counts().collect();
    assert_eq!(counted, [(None, "quarantine-damaged", 2)]);
    assert_eq!(township.store.keys(b'q'), [keys[2].clone()]);
}

#[test]
fn a_damaged_charter_or_life_and_a_store_that_fails_end_the_engine() {
    let mut county = written();
    let mut store = county.node(TOWNSHIP).store.clone();
    let mark = replica::mark_key("life");
    store.garble(&mark, &[1; 8]);
    store.damage(&mark);
    let ended = county.start(TOWNSHIP, store.clone());
    assert!(matches!(
        ended,
        Err(ReplicaError::Store(StoreError::Damaged { .. }))
    ));
    let mut county = written();
    let key = replica::charter_key(CharterVersion(1));
    county.node(TOWNSHIP).store.garble(&key, b"a bundle");
    county.node(TOWNSHIP).store.damage(&key);
    let request = Request::Charter {
        version: CharterVersion(1),
        offset: 0,
    };
    let asked = Input::Request {
        peer: id(VILLAGE),
        id: crdt_model::engine::InboundId(0),
        bytes: request.encode(),
    };
    assert!(county.input(TOWNSHIP, asked).is_err());
    let mut county = written();
    county.node(TOWNSHIP).store.broken = true;
    let facet = up();
    assert!(matches!(
        county.input(TOWNSHIP, Input::Damaged { facet }),
        Err(ReplicaError::Store(StoreError::Failed(_)))
    ));
}

#[test]
fn many_damaged_entries_among_many_are_all_found_when_the_engine_opens() {
    let mut county = County::new();
    for record in 0..200 {
        county.write(VILLAGE, facet("note.up", record), "text", "one");
    }
    let keys = county.node(VILLAGE).store.keys(b'f');
    for at in [0, 1, 2, 77, 130, 131, 199] {
        county.node(VILLAGE).store.damage(&keys[at]);
    }
    county.restart(VILLAGE).expect("a node");
    assert_eq!(county.damaged(VILLAGE).len(), 7);
    assert!(county.damaged(VILLAGE).iter().all(|(_, kept)| *kept == 1));
    assert_eq!(county.node(VILLAGE).engine.index().len(), 200);
    let key = county.commit_keys(VILLAGE, &facet("note.up", 5))[0].clone();
    let value = county.node(VILLAGE).store.get(&key).expect("a store");
    assert!(Commit::decode(&value.expect("a value")[16..]).is_ok());
}
