//! What holds for every store behind the seam.

use crdt_model::store::{Batch, Store};
use netsim::disk::LogStore;
use netsim::seed::Seed;

use crate::{Model, apply, put, random_batch, random_key, scan_of, value};

fn reopened(store: LogStore) -> LogStore {
    LogStore::open(store.killed()).expect("a store").0
}

fn keys(store: &LogStore, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Vec<u8>> {
    let entries = store.scan(prefix, after, limit).expect("a scan");
    entries.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn scans_are_ordered_and_bounded() {
    let mut store = LogStore::create();
    let names: [&[u8]; 7] = [b"", b"\x00", b"a", b"a\x00", b"a\xff\xff", b"b", b"\xff"];
    for name in names.iter().rev() {
        let entry = [b"value of ", *name].concat();
        store.write(&put(&[(name, &entry)])).expect("a write");
    }
    let store = &store;
    assert_eq!(keys(store, b"", None, 100), names);
    assert_eq!(keys(store, b"a", None, 100), names[2..5]);
    assert_eq!(keys(store, b"a", Some(b"a"), 100), names[3..5]);
    assert_eq!(keys(store, b"a", Some(b"a\x00zz"), 100), names[4..5]);
    assert_eq!(keys(store, b"a", Some(b"a"), 1), names[3..4]);
    assert_eq!(keys(store, b"a", Some(b"a\xff\xff"), 100), names[..0]);
    assert_eq!(keys(store, b"a", Some(b"b"), 100), names[..0]);
    let before = keys(store, b"b", Some(b"a"), 100);
    assert_eq!(before, names[5..6], "`after` before the prefix");
    assert_eq!(keys(store, b"", None, 0), names[..0]);
    assert_eq!(keys(store, b"\xff", None, 100), names[6..]);
    assert_eq!(keys(store, b"nothing", None, 100), names[..0]);
    assert_eq!(
        store.scan(b"b", None, 1).expect("a scan"),
        [(b"b".to_vec(), b"value of b".to_vec())]
    );
}

#[test]
fn writes_replace_and_deletes_remove() {
    let mut store = LogStore::create();
    let first = put(&[(b"k", b"first"), (b"gone", b"x"), (b"empty", b"")]);
    store.write(&first).expect("a write");
    let mut batch = put(&[(b"k", b"second")]);
    batch.delete(b"gone".to_vec());
    batch.delete(b"never there".to_vec());
    store.write(&batch).expect("a write");
    store.write(&Batch::default()).expect("a write");
    let get = |key: &[u8]| store.get(key).expect("a value");
    assert_eq!(get(b"k").as_deref(), Some(b"second".as_slice()));
    assert_eq!(get(b"empty").as_deref(), Some(b"".as_slice()));
    assert_eq!(get(b"gone"), None);
    assert_eq!(
        keys(&store, b"", None, 100),
        [b"empty".to_vec(), b"k".to_vec()]
    );
}

#[test]
fn what_was_synced_is_there_after_reopening() {
    let mut store = LogStore::create();
    for round in 0..5_u64 {
        let long = value(round, 70_000);
        let batch = put(&[(&round.to_be_bytes(), &long), (b"last", &long)]);
        store.write(&batch).expect("a write");
        store.sync().expect("a sync");
        store.sync().expect("a sync with nothing to do");
        store = reopened(store);
        for earlier in 0..=round {
            let found = store.get(&earlier.to_be_bytes()).expect("a value");
            assert_eq!(found, Some(value(earlier, 70_000)));
        }
        assert_eq!(store.get(b"last").expect("a value"), Some(long));
    }
    assert!(store.disk_bytes().expect("bytes") >= 5 * 70_000);
}

#[test]
fn a_killed_process_loses_nothing() {
    let mut store = LogStore::create();
    store.write(&put(&[(b"k", b"v")])).expect("a write");
    assert_eq!(store.unsynced(), 1);
    let (store, recovery) = LogStore::open(store.killed()).expect("a store");
    assert_eq!(
        store.get(b"k").expect("a value").as_deref(),
        Some(b"v".as_slice())
    );
    assert_eq!(
        (recovery.batches, recovery.unsynced_kept, recovery.cut_bytes),
        (1, 1, 0)
    );
    assert_eq!(store.unsynced(), 0, "opening made it durable");
    assert_eq!(*store.counts(), Default::default());
}

#[test]
fn the_store_agrees_with_a_map() {
    for seed in 0..200 {
        let chance = &mut Seed::new(seed);
        let (mut store, mut model) = (LogStore::create(), Model::new());
        for step in 0..60 {
            match chance.below(10) {
                0 => store.sync().expect("a sync"),
                1 => store.scrub().expect("a scrub"),
                2 => store = reopened(store),
                3..6 => {
                    let prefix = vec![chance.below(3) as u8; chance.below(3)];
                    let after = chance.percent(50).then(|| random_key(chance));
                    let limit = chance.below(20);
                    let found = store
                        .scan(&prefix, after.as_deref(), limit)
                        .expect("a scan");
                    let expected = scan_of(&model, &prefix, after.as_deref(), limit);
                    assert!(found == expected, "seed {seed}, step {step}");
                }
                _ => {
                    let batch = random_batch(step, chance);
                    store.write(&batch).expect("a write");
                    apply(&mut model, &batch);
                }
            }
            assert_eq!(store.entry_count(), model.len(), "seed {seed}, step {step}");
        }
        for key in (0..100).map(|_| random_key(chance)) {
            let found = store.get(&key).expect("a value");
            assert!(found == model.get(&key).cloned(), "seed {seed}");
        }
    }
}
