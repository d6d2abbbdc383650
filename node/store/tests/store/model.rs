//! Whatever is done to a store, it agrees with a map.

use std::collections::BTreeMap;

use crdt_model::store::{Batch, Store};
use node_store::{DiskStore, Engine, SledEngine};
use proptest::prelude::*;

use crate::engines::{RedbEngine, options, value};

#[derive(Clone, Debug)]
enum Step {
    /// Keys, each with the seed and length of its new value or with a delete.
    Write(Vec<(u8, Option<(u64, usize)>)>),
    Sync,
    Scan {
        prefix: Vec<u8>,
        after: Option<u8>,
        limit: usize,
    },
    Reopen,
    Scrub,
}

/// Keys of several lengths, some of them prefixes of others.
fn key(number: u8) -> Vec<u8> {
    let length = usize::from(number % 5);
    [vec![number % 3; length], vec![number / 15]].concat()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let length = prop_oneof![4 => 0..200_usize, 1 => 3070..3075_usize, 1 => 6000..30_000_usize];
    let change = (
        0..60_u8,
        proptest::option::weighted(0.7, (any::<u64>(), length)),
    );
    let prefix = proptest::collection::vec(0..3_u8, 0..3);
    let scan = (prefix, proptest::option::of(0..60_u8), 0..20_usize);
    let step = prop_oneof![
        8 => proptest::collection::vec(change, 0..12).prop_map(Step::Write),
        2 => Just(Step::Sync),
        4 => scan.prop_map(|(prefix, after, limit)| Step::Scan { prefix, after, limit }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Scrub),
    ];
    proptest::collection::vec(step, 1..40)
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn scan(
    model: &Model,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = model.iter().filter(|(key, _)| key.starts_with(prefix));
    let entries = entries.filter(|(key, _)| after.is_none_or(|after| key.as_slice() > after));
    entries
        .take(limit)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn agrees<E: Engine>(steps: &[Step]) {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let mut store = DiskStore::<E>::create(&options).unwrap();
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Write(changes) => {
                let mut batch = Batch::default();
                for (number, change) in changes {
                    match change {
                        Some((seed, length)) => batch.put(key(*number), value(*seed, *length)),
                        None => batch.delete(key(*number)),
                    }
                }
                store.write(&batch).unwrap();
                for (key, change) in batch.changes {
                    match change {
                        Some(value) => model.insert(key, value),
                        None => model.remove(&key),
                    };
                }
            }
            Step::Sync => store.sync().unwrap(),
            Step::Scan {
                prefix,
                after,
                limit,
            } => {
                let after = after.map(key);
                let found = store.scan(prefix, after.as_deref(), *limit).unwrap();
                assert!(found == scan(&model, prefix, after.as_deref(), *limit));
            }
            Step::Reopen => {
                store.sync().unwrap();
                drop(store);
                store = DiskStore::open(&options).unwrap();
            }
            Step::Scrub => store.scrub().unwrap(),
        }
        assert_eq!(store.entry_count(), model.len() as u64);
    }
    for number in 0..60 {
        assert!(store.get(&key(number)).unwrap() == model.get(&key(number)).cloned());
    }
    assert!(store.scan(b"", None, 1000).unwrap() == scan(&model, b"", None, 1000));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_store_over_sled_agrees_with_a_map(steps in steps()) {
        agrees::<SledEngine>(&steps);
    }

    #[test]
    fn a_store_over_redb_agrees_with_a_map(steps in steps()) {
        agrees::<RedbEngine>(&steps);
    }
}
