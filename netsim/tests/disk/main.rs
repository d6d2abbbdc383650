//! Claims about the store on a simulated disk: it keeps the contract of the seam, and every fault
//! of the disk shows as the contract says.

mod damage;
mod figures;
mod histories;
mod rollback;
mod running;
mod seam;

use std::collections::BTreeMap;

use crdt_model::store::{Batch, Store};
use netsim::disk::LogStore;
use netsim::seed::Seed;

/// What a store ought to hold.
type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn put(entries: &[(&[u8], &[u8])]) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in entries {
        batch.put(key.to_vec(), value.to_vec());
    }
    batch
}

/// Bytes that are the same for the same seed and otherwise differ.
fn value(seed: u64, length: usize) -> Vec<u8> {
    let mut seed = Seed::new(seed);
    (0..length).map(|_| seed.bits() as u8).collect()
}

/// Puts and deletes on a few dozen keys, and under the key `n` the number of the batch.
fn random_batch(number: u64, chance: &mut Seed) -> Batch {
    let mut batch = put(&[(b"n", &number.to_be_bytes())]);
    for _ in 0..chance.below(6) {
        let key = random_key(chance);
        let length = match chance.below(8) {
            0 => 0,
            1 => chance.below(3000),
            _ => chance.below(200),
        };
        match chance.percent(25) {
            true => batch.delete(key),
            false => batch.put(key, value(chance.bits(), length)),
        }
    }
    batch
}

/// Keys of several lengths, some of them prefixes of others.
fn random_key(chance: &mut Seed) -> Vec<u8> {
    let number = chance.below(40) as u8;
    [vec![number % 3; usize::from(number % 5)], vec![number / 15]].concat()
}

fn apply(model: &mut Model, batch: &Batch) {
    for (key, change) in &batch.changes {
        match change {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
}

fn scan_of(
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

fn everything(store: &LogStore) -> Model {
    let entries = store.scan(b"", None, usize::MAX).expect("whole values");
    entries.into_iter().collect()
}

/// A store of some batches, all synced after every third, and what it holds.
fn worn_store(chance: &mut Seed) -> (LogStore, Model) {
    let (mut store, mut model) = (LogStore::create(), Model::new());
    for number in 0..30 {
        let batch = random_batch(number, chance);
        store.write(&batch).expect("a write");
        apply(&mut model, &batch);
        if number % 3 == 2 {
            store.sync().expect("a sync");
        }
    }
    (store, model)
}

/// Whether these bytes lie anywhere on the disk.
fn lies_on(store: &LogStore, secret: &[u8]) -> bool {
    let mut parts = store.platter().image();
    parts.any(|part| part.windows(secret.len()).any(|bytes| bytes == secret))
}
