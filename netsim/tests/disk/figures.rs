//! What the store costs.

use crdt_model::store::Store;
use netsim::disk::LogStore;

use crate::{put, value};

#[test]
fn a_hundred_thousand_values_take_little_more_than_their_bytes() {
    let (mut store, value) = (LogStore::create(), value(1, 500));
    for number in 0..100_000_u64 {
        store
            .write(&put(&[(&number.to_be_bytes(), &value)]))
            .expect("a write");
    }
    store.sync().expect("a sync");
    assert!(store.disk_bytes().expect("bytes") < 100_000 * 550);
    let (store, recovery) = LogStore::open(store.killed()).expect("a store");
    assert_eq!((store.entry_count(), recovery.batches), (100_000, 100_000));
}
