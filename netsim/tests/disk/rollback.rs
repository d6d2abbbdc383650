//! Backups, and what is noticed when they come back.

use crdt_model::store::{Store, StoreError};
use netsim::disk::{LogStore, Platter};
use netsim::seed::Seed;

use crate::{everything, lies_on, put, random_batch, worn_store};

/// The disk of a store that is refused as rolled back.
fn rolled_back(platter: Platter) -> Platter {
    let before = platter.counts().rollbacks_detected;
    let refused = LogStore::open(platter).expect_err("a rollback");
    assert!(
        matches!(refused.error, StoreError::RolledBack(_)),
        "{}",
        refused.error
    );
    assert_eq!(refused.platter.counts().rollbacks_detected, before + 1);
    refused.platter
}

#[test]
fn an_older_log_under_a_newer_head_is_a_rollback_until_it_is_accepted() {
    for seed in 0..100 {
        let chance = &mut Seed::new(seed);
        let (mut store, model) = worn_store(chance);
        let backup = store.platter().clone();
        if chance.percent(30) {
            store.scrub().expect("a scrub");
        }
        for number in 0..1 + chance.below(5) as u64 {
            store
                .write(&random_batch(1000 + number, chance))
                .expect("a write");
        }
        store.sync().expect("a sync");
        let newer = store.killed();
        let mut platter = newer.clone();
        platter.restore_log(&backup);
        let refused = rolled_back(platter);
        let (store, recovery) = LogStore::accept_rollback(refused).expect("the backup");
        assert_eq!(everything(&store), model, "seed {seed}");
        assert_eq!((recovery.batches, recovery.removed.len()), (30, 0));
        let (store, _) = LogStore::open(store.killed()).expect("an accepted store");
        assert_eq!(everything(&store), model, "seed {seed}");
        for other in [&backup, &newer] {
            let mut platter = store.platter().clone();
            platter.restore_log(other);
            rolled_back(platter);
        }
    }
}

#[test]
fn a_log_that_was_written_differently_is_a_rollback() {
    let (mut store, _) = worn_store(&mut Seed::new(3));
    let fork = store.platter().clone();
    store.write(&put(&[(b"k", b"here")])).expect("a write");
    store.sync().expect("a sync");
    for text in [b"else".as_slice(), b"elsewhere", b"off"] {
        let mut other = LogStore::open(fork.clone()).expect("a clone").0;
        for _ in 0..3 {
            other.write(&put(&[(b"k", text)])).expect("a write");
            let mut platter = store.platter().clone();
            platter.restore_log(other.platter());
            rolled_back(platter);
        }
    }
}

#[test]
fn an_emptied_log_is_a_rollback() {
    let (store, _) = worn_store(&mut Seed::new(4));
    let mut platter = store.killed();
    platter.empty_log();
    let (store, recovery) =
        LogStore::accept_rollback(rolled_back(platter)).expect("an empty store");
    assert_eq!((store.entry_count(), recovery.batches), (0, 0));
    LogStore::open(store.killed()).expect("an accepted store");
}

#[test]
fn a_restore_of_everything_is_not_noticed_here() {
    let (mut store, model) = worn_store(&mut Seed::new(5));
    let backup = store.platter().clone();
    store.write(&put(&[(b"k", b"v")])).expect("a write");
    store.sync().expect("a sync");
    let mut platter = store.killed();
    platter.restore_all(&backup);
    let (store, _) = LogStore::open(platter).expect("the backup");
    assert_eq!(everything(&store), model);
}

#[test]
fn accepting_a_rollback_removes_what_is_damaged_and_says_so() {
    let chance = &mut Seed::new(6);
    let (mut store, mut model) = worn_store(chance);
    let rotten = store.flip_bit(b"", chance).expect("an entry");
    let (store, recovery) = LogStore::accept_rollback(store.killed()).expect("what is left");
    assert_eq!(recovery.removed, std::slice::from_ref(&rotten.key));
    model.remove(&rotten.key);
    assert_eq!(everything(&store), model);
}

#[test]
fn after_a_scrub_no_deleted_value_lies_on_the_disk() {
    for seed in 0..50 {
        let chance = &mut Seed::new(seed);
        let (mut store, mut model) = worn_store(chance);
        let (deleted, replaced) = (b"a secret that was deleted", b"a secret that was replaced");
        store
            .write(&put(&[(b"x", deleted), (b"y", replaced)]))
            .expect("a write");
        let mut batch = put(&[(b"y", b"public")]);
        batch.delete(b"x".to_vec());
        store.write(&batch).expect("a write");
        store.sync().expect("a sync");
        assert!(lies_on(&store, deleted) && lies_on(&store, replaced));
        store.scrub().expect("a scrub");
        assert!(
            !lies_on(&store, deleted) && !lies_on(&store, replaced),
            "seed {seed}"
        );
        model.insert(b"y".to_vec(), b"public".to_vec());
        let (store, _) = LogStore::open(store.killed()).expect("a store");
        assert!(!lies_on(&store, deleted) && lies_on(&store, b"public"));
        assert_eq!(everything(&store), model);
    }
}
