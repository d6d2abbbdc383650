//! A disk that is full or does not sync.

use crdt_model::store::{Store, StoreError};
use netsim::disk::{LogStore, PowerCut};
use netsim::seed::Seed;

use crate::{everything, put, random_batch, worn_store};

fn takes_no_more(store: &mut LogStore) -> bool {
    store.faults.capacity_bytes = None;
    let results = [
        store.write(&put(&[(b"k", b"v")])),
        store.sync(),
        store.scrub(),
    ];
    let mut results = results.iter();
    results.all(|result| matches!(result, Err(StoreError::Failed(_))))
}

#[test]
fn a_full_disk_takes_no_part_of_a_batch_and_nothing_after_it() {
    for seed in 0..100 {
        let chance = &mut Seed::new(seed);
        let (mut store, model) = worn_store(chance);
        let bytes = store.disk_bytes().expect("bytes");
        store.faults.capacity_bytes = Some(bytes + chance.below(100) as u64);
        let mut batch = random_batch(1000, chance);
        batch.put(b"large".to_vec(), vec![1; 200]);
        assert!(matches!(store.write(&batch), Err(StoreError::Full)));
        assert_eq!(everything(&store), model, "reads go on");
        assert!(takes_no_more(&mut store));
        assert_eq!(store.counts().full, 1);
        let (mut store, _) = LogStore::open(store.killed()).expect("a store");
        assert_eq!(everything(&store), model, "seed {seed}");
        store
            .write(&batch)
            .expect("a write, now that there is room");
        store.sync().expect("a sync");
    }
}

#[test]
fn a_scrub_without_room_for_both_logs_changes_nothing() {
    let (mut store, model) = worn_store(&mut Seed::new(1));
    let bytes = store.disk_bytes().expect("bytes");
    store.faults.capacity_bytes = Some(bytes + 10_000);
    store
        .write(&put(&[(b"big", &[1; 8_000])]))
        .expect("a write");
    assert!(matches!(store.scrub(), Err(StoreError::Full)));
    store
        .write(&put(&[(b"big", b"")]))
        .expect("the store goes on");
    store.faults.capacity_bytes = None;
    store.scrub().expect("a scrub");
    assert_eq!(everything(&store).len(), model.len() + 1);
}

#[test]
fn a_failed_sync_may_lose_what_it_was_to_write_and_the_store_takes_no_more() {
    let (mut lost, mut kept) = (0, 0);
    let mut lost_without_a_cut = 0;
    for seed in 0..200 {
        let chance = &mut Seed::new(seed);
        let (mut store, model) = worn_store(chance);
        store.faults.chance = Seed::new(seed);
        store.faults.fail_next_sync = true;
        store.write(&put(&[(b"k", b"pending")])).expect("a write");
        assert!(matches!(store.sync(), Err(StoreError::Failed(_))));
        assert_eq!(
            store.get(b"k").expect("reads go on").as_deref(),
            Some(b"pending".as_slice())
        );
        assert!(takes_no_more(&mut store));
        assert_eq!(store.counts().failed_syncs, 1);
        let killed = chance.percent(50);
        let platter = match killed {
            true => store.killed(),
            false => store.power_cut(PowerCut::random(chance), chance),
        };
        let (store, _) = LogStore::open(platter).expect("a store");
        let mut found = everything(&store);
        match found.remove(b"k".as_slice()) {
            Some(_) => kept += 1,
            None if killed => lost_without_a_cut += 1,
            None => lost += 1,
        }
        assert_eq!(found, model, "seed {seed}");
    }
    assert!(lost > 0 && lost_without_a_cut > 0 && kept > 0);
}
