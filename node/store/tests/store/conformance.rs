//! One suite for every store: in memory, over sled, over redb.

use crdt_model::store::{Batch, MemoryStore, Store};
use node_store::{DiskStore, Engine, SledEngine};

use crate::engines::{RedbEngine, options, put, value};

/// A store that can be closed and opened again.
trait Subject {
    type Store: Store;
    fn store(&mut self) -> &mut Self::Store;
    fn reopen(&mut self);
}

struct InMemory(MemoryStore);

impl Subject for InMemory {
    type Store = MemoryStore;
    fn store(&mut self) -> &mut MemoryStore {
        &mut self.0
    }
    fn reopen(&mut self) {}
}

struct OnDisk<E: Engine> {
    store: Option<DiskStore<E>>,
    folder: tempfile::TempDir,
}

impl<E: Engine> OnDisk<E> {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::create(&options(&folder)).unwrap();
        Self {
            store: Some(store),
            folder,
        }
    }
}

impl<E: Engine> Subject for OnDisk<E> {
    type Store = DiskStore<E>;
    fn store(&mut self) -> &mut DiskStore<E> {
        self.store.as_mut().unwrap()
    }
    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(DiskStore::open(&options(&self.folder)).unwrap());
    }
}

fn keys(store: &impl Store, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Vec<u8>> {
    store
        .scan(prefix, after, limit)
        .unwrap()
        .into_iter()
        .map(|(key, _)| key)
        .collect()
}

fn scans_are_ordered_and_bounded(subject: &mut impl Subject) {
    let store = subject.store();
    let names: [&[u8]; 7] = [b"", b"\x00", b"a", b"a\x00", b"a\xff\xff", b"b", b"\xff"];
    let mut batch = Batch::default();
    for name in names {
        batch.put(name.to_vec(), [b"value of ", name].concat());
    }
    store.write(&batch).unwrap();
    assert_eq!(keys(store, b"", None, 100), names);
    assert_eq!(keys(store, b"a", None, 100), names[2..5]);
    assert_eq!(keys(store, b"a", Some(b"a"), 100), names[3..5]);
    assert_eq!(keys(store, b"a", Some(b"a\x00zz"), 100), names[4..5]);
    assert_eq!(keys(store, b"a", Some(b"a"), 1), names[3..4]);
    assert_eq!(keys(store, b"a", Some(b"a\xff\xff"), 100), names[..0]);
    assert_eq!(keys(store, b"a", Some(b"b"), 100), names[..0]);
    assert_eq!(
        keys(store, b"b", Some(b"a"), 100),
        names[5..6],
        "`after` before the prefix"
    );
    assert_eq!(keys(store, b"", None, 0), names[..0]);
    assert_eq!(keys(store, b"\xff", None, 100), names[6..]);
    assert_eq!(keys(store, b"nothing", None, 100), names[..0]);
    assert_eq!(
        store.scan(b"b", None, 1).unwrap(),
        [(b"b".to_vec(), b"value of b".to_vec())]
    );
}

fn writes_replace_and_deletes_remove(subject: &mut impl Subject) {
    let store = subject.store();
    store
        .write(&put(&[(b"k", b"first"), (b"gone", b"x"), (b"empty", b"")]))
        .unwrap();
    let mut batch = put(&[(b"k", b"second")]);
    batch.delete(b"gone".to_vec());
    batch.delete(b"never there".to_vec());
    store.write(&batch).unwrap();
    store.write(&Batch::default()).unwrap();
    assert_eq!(
        store.get(b"k").unwrap().as_deref(),
        Some(b"second".as_slice())
    );
    assert_eq!(
        store.get(b"empty").unwrap().as_deref(),
        Some(b"".as_slice())
    );
    assert_eq!(store.get(b"gone").unwrap(), None);
    assert_eq!(
        keys(store, b"", None, 100),
        [b"empty".to_vec(), b"k".to_vec()]
    );
}

/// Lengths around the piece length, in every order of growing and shrinking.
fn long_values_come_back_whole(subject: &mut impl Subject) {
    let lengths = [0, 1, 3071, 3072, 3073, 6144, 6145, 70_000];
    for (round, (from, to)) in lengths
        .iter()
        .flat_map(|from| lengths.iter().map(move |to| (*from, *to)))
        .enumerate()
    {
        let store = subject.store();
        let (first, second) = (value(round as u64, from), value(round as u64 + 1000, to));
        store
            .write(&put(&[(b"long", &first), (b"long\x00", b"beside")]))
            .unwrap();
        assert_eq!(store.get(b"long").unwrap(), Some(first));
        store.write(&put(&[(b"long", &second)])).unwrap();
        assert_eq!(
            store.get(b"long").unwrap(),
            Some(second.clone()),
            "{from} to {to}"
        );
        assert_eq!(
            store.scan(b"", None, 100).unwrap(),
            [
                (b"long".to_vec(), second),
                (b"long\x00".to_vec(), b"beside".to_vec())
            ],
        );
    }
    let mut batch = Batch::default();
    batch.delete(b"long".to_vec());
    subject.store().write(&batch).unwrap();
    assert_eq!(subject.store().get(b"long").unwrap(), None);
    assert_eq!(
        keys(subject.store(), b"", None, 100),
        [b"long\x00".to_vec()]
    );
    subject
        .store()
        .write(&put(&[(b"long", b"short now")]))
        .unwrap();
    assert_eq!(
        subject.store().get(b"long").unwrap().as_deref(),
        Some(b"short now".as_slice())
    );
}

fn what_was_synced_is_there_after_reopening(subject: &mut impl Subject) {
    for round in 0..5_u64 {
        let long = value(round, 10_000);
        subject
            .store()
            .write(&put(&[(&round.to_be_bytes(), &long), (b"last", &long)]))
            .unwrap();
        subject.store().sync().unwrap();
        subject.store().sync().unwrap();
        subject.reopen();
        for earlier in 0..=round {
            let found = subject.store().get(&earlier.to_be_bytes()).unwrap();
            assert_eq!(found, Some(value(earlier, 10_000)));
        }
        assert_eq!(subject.store().get(b"last").unwrap(), Some(long));
    }
    assert!(subject.store().disk_bytes().unwrap() >= 50_000);
}

fn scrubbing_keeps_what_is_live(subject: &mut impl Subject) {
    let mut batch = Batch::default();
    for number in 0..500_u64 {
        batch.put(
            number.to_be_bytes().to_vec(),
            value(number, (number * 37 % 5000) as usize),
        );
    }
    subject.store().write(&batch).unwrap();
    let mut batch = Batch::default();
    for number in (0..500_u64).step_by(3) {
        batch.delete(number.to_be_bytes().to_vec());
    }
    subject.store().write(&batch).unwrap();
    let before = subject.store().scan(b"", None, 1000).unwrap();
    assert_eq!(before.len(), 333);
    subject.store().scrub().unwrap();
    assert_eq!(subject.store().scan(b"", None, 1000).unwrap(), before);
    subject.reopen();
    assert_eq!(subject.store().scan(b"", None, 1000).unwrap(), before);
    subject
        .store()
        .write(&put(&[(b"after", b"scrub")]))
        .unwrap();
    subject.store().sync().unwrap();
    subject.store().scrub().unwrap();
    subject.reopen();
    assert_eq!(
        subject.store().get(b"after").unwrap().as_deref(),
        Some(b"scrub".as_slice())
    );
}

macro_rules! conformance {
    ($name:ident, $subject:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn scans_are_ordered_and_bounded() {
                super::scans_are_ordered_and_bounded(&mut $subject);
            }
            #[test]
            fn writes_replace_and_deletes_remove() {
                super::writes_replace_and_deletes_remove(&mut $subject);
            }
            #[test]
            fn long_values_come_back_whole() {
                super::long_values_come_back_whole(&mut $subject);
            }
            #[test]
            fn what_was_synced_is_there_after_reopening() {
                super::what_was_synced_is_there_after_reopening(&mut $subject);
            }
            #[test]
            fn scrubbing_keeps_what_is_live() {
                super::scrubbing_keeps_what_is_live(&mut $subject);
            }
        }
    };
}

conformance!(memory, InMemory(MemoryStore::default()));
conformance!(sled, OnDisk::<SledEngine>::new());
conformance!(redb, OnDisk::<RedbEngine>::new());
