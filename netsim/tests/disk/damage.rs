//! Rot and misdirected sectors: damage is reported, and nothing else is ever returned.

use crdt_model::store::{Batch, Store, StoreError};
use netsim::disk::LogStore;
use netsim::seed::Seed;

use crate::{Model, everything, put, random_batch, value, worn_store};

fn is_damaged_at<T: std::fmt::Debug>(result: Result<T, StoreError>, key: &[u8]) -> bool {
    matches!(result, Err(StoreError::Damaged { key: named, .. }) if named == hex::encode(key))
}

#[test]
fn a_flipped_bit_is_damage_to_that_key_alone() {
    for seed in 0..300 {
        let chance = &mut Seed::new(seed);
        let (mut store, model) = worn_store(chance);
        let rotten = store.flip_bit(b"", chance).expect("an entry");
        for reopened in [false, true] {
            if reopened {
                store = LogStore::open(store.killed()).expect("a store").0;
            }
            for (key, value) in &model {
                if *key == rotten.key {
                    assert!(is_damaged_at(store.get(key), key), "seed {seed}");
                    assert!(is_damaged_at(store.scan(key, None, 1), key), "seed {seed}");
                } else {
                    assert_eq!(store.get(key).expect("a value").as_ref(), Some(value));
                }
            }
            assert!(is_damaged_at(
                store.scan(b"", None, usize::MAX),
                &rotten.key
            ));
        }
        assert_eq!(store.counts().rotten_bits, 1);
    }
}

#[test]
fn rot_can_be_aimed_at_a_prefix() {
    let chance = &mut Seed::new(1);
    let mut store = LogStore::create();
    let batch = put(&[
        (b"a1", b"one"),
        (b"b1", b"two"),
        (b"b2", b""),
        (b"c1", b"three"),
    ]);
    store.write(&batch).expect("a write");
    assert_eq!(
        store.flip_bit(b"b", chance),
        None,
        "nothing is on the disk yet"
    );
    store.sync().expect("a sync");
    assert_eq!(store.flip_bit(b"d", chance), None);
    assert_eq!(
        store.flip_bit(b"b2", chance),
        None,
        "an empty value has no bit"
    );
    let rotten = store.flip_bit(b"b", chance).expect("an entry");
    assert_eq!(rotten.key, b"b1");
    assert!(rotten.to_string().ends_with("of the value at key 6231"));
}

#[test]
fn a_rotten_value_stops_a_scrub_until_it_is_replaced() {
    let chance = &mut Seed::new(2);
    let (mut store, model) = worn_store(chance);
    let rotten = store.flip_bit(b"", chance).expect("an entry");
    assert!(is_damaged_at(store.scrub(), &rotten.key));
    store
        .write(&put(&[(&rotten.key, &model[&rotten.key])]))
        .expect("a write");
    store.scrub().expect("a scrub");
    assert_eq!(everything(&store), model);
}

/// Every value at most once in the whole log, so that an older or another one would be noticed.
fn distinct(round: u64) -> Batch {
    let mut batch = Batch::default();
    for key in 0..6_u64 {
        batch.put(
            vec![key as u8],
            value(round * 100 + key, 40 + (key as usize) * 60),
        );
    }
    batch
}

/// Each key is either what it ought to be or damaged; returns how many are damaged.
fn damaged_of(store: &LogStore, model: &Model) -> usize {
    let mut damaged = 0;
    for (key, value) in model {
        match store.get(key) {
            Ok(found) => assert_eq!(found.as_ref(), Some(value)),
            result => {
                assert!(is_damaged_at(result, key));
                damaged += 1;
            }
        }
    }
    damaged
}

#[test]
fn a_misdirected_sector_is_never_returned() {
    let (mut damaged_values, mut refused_stores) = (0, 0);
    for seed in 0..500 {
        let chance = &mut Seed::new(seed);
        let mut store = LogStore::create();
        let rounds = 2 + chance.below(10) as u64;
        for round in 0..rounds {
            store.write(&distinct(round)).expect("a write");
            store.faults.chance = Seed::new(chance.bits());
            store.faults.misdirect_next_sync = round + 1 == rounds;
            store.sync().expect("a sync that went wrong silently");
        }
        assert!(!store.faults.misdirect_next_sync);
        assert_eq!(store.counts().misdirected_sectors, 1);
        let model: Model = distinct(rounds - 1)
            .changes
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        damaged_values += damaged_of(&store, &model);
        match LogStore::open(store.killed()) {
            Ok((store, _)) => {
                assert_eq!(store.entry_count(), model.len());
                damaged_of(&store, &model);
            }
            Err(refused) => {
                let structure =
                    matches!(&refused.error, StoreError::Damaged { key, .. } if key.is_empty());
                assert!(structure, "seed {seed}: {}", refused.error);
                refused_stores += 1;
                let (store, _) = LogStore::accept_rollback(refused.platter).expect("what is left");
                assert_whole_rounds(&store, rounds, seed);
            }
        }
    }
    assert!(damaged_values > 0 && refused_stores > 0);
}

/// Every value is one that was written under its key in some round, whole.
fn assert_whole_rounds(store: &LogStore, rounds: u64, seed: u64) {
    for (key, value) in everything(store) {
        let written = (0..rounds).map(|round| distinct(round).changes[&key].clone());
        assert!(
            written.flatten().any(|written| written == value),
            "seed {seed}"
        );
    }
}

#[test]
fn a_switch_waits_until_its_fault_can_take_effect() {
    let mut store = LogStore::create();
    store.faults.misdirect_next_sync = true;
    store.faults.fail_next_sync = true;
    store.sync().expect("a sync with nothing to do");
    store.faults.fail_next_sync = false;
    store
        .write(&put(&[(b"k", b"in the first sector")]))
        .expect("a write");
    store.sync().expect("a sync without an earlier sector");
    assert!(store.faults.misdirect_next_sync);
    assert_eq!(*store.counts(), Default::default());
    for number in 0..20 {
        store
            .write(&random_batch(number, &mut Seed::new(number)))
            .expect("a write");
    }
    store.sync().expect("a sync that went wrong silently");
    assert_eq!(store.counts().misdirected_sectors, 1);
}
