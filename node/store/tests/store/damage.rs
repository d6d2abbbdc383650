//! A value that is not what was written is never returned, whatever was done to the files.

use std::cell::Cell;
use std::ops::Bound;
use std::path::Path;

use crdt_model::store::{Batch, Store, StoreError};
use node_store::{
    Changes, Disk, DiskStore, Engine, OpenError, RealDisk, SledEngine, SledStore, StoreOptions,
    Visit,
};

use crate::engines::{RedbEngine, options, put, remove_journals, value};

thread_local! {
    static ROTTEN: Cell<bool> = const { Cell::new(false) };
}

/// An engine that turns a bit of every value while the test says so.
struct Rotting(SledEngine);

fn rot(value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if ROTTEN.get() {
        let middle = value.len() / 2;
        value[middle] ^= 4;
    }
    value
}

impl Engine for Rotting {
    fn open(disk: &dyn Disk, folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        SledEngine::open(disk, folder, cache_bytes).map(Self)
    }
    fn is_present(disk: &dyn Disk, folder: &Path) -> bool {
        SledEngine::is_present(disk, folder)
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key)?.map(|value| rot(&value)))
    }
    fn scan(&self, from: Bound<&[u8]>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.0.scan(from, &mut |key, value| visit(key, &rot(value)))
    }
    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.0.write(changes)
    }
    fn sync(&mut self) -> Result<(), StoreError> {
        self.0.sync()
    }
}

#[test]
fn a_value_that_rots_while_the_store_is_open_is_read_in_the_second_copy_or_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = DiskStore::<Rotting>::create(&options(&folder)).unwrap();
    let long = value(1, 10_000);
    store
        .write(&put(&[
            (b"empty", b""),
            (b"short", b"value"),
            (b"long", &long),
        ]))
        .unwrap();
    store.sync().unwrap();
    let whole = store.scan(b"", None, 10).unwrap();
    ROTTEN.set(true);
    assert_eq!(store.get(b"long").unwrap().as_ref(), Some(&long));
    assert_eq!(store.scan(b"", None, 10).unwrap(), whole);
    assert_eq!(store.scan(b"", Some(b"empty"), 1).unwrap(), whole[1..2]);
    remove_journals(&options(&folder).folder);
    for key in [b"empty".as_slice(), b"short", b"long"] {
        let Err(StoreError::Damaged { key: named, .. }) = store.get(key) else {
            panic!()
        };
        assert_eq!(named, hex::encode(key));
        assert!(matches!(
            store.scan(key, None, 1),
            Err(StoreError::Damaged { .. })
        ));
    }
    assert!(matches!(store.scrub(), Err(StoreError::Damaged { .. })));
    ROTTEN.set(false);
    assert_eq!(store.get(b"long").unwrap(), Some(long));
    store.scrub().unwrap();
}

fn three_entries<E: Engine>(folder: &tempfile::TempDir) -> StoreOptions {
    let options = options(folder);
    let mut store = DiskStore::<E>::create(&options).unwrap();
    store
        .write(&put(&[
            (b"a", b"value"),
            (b"b", b"VALUE"),
            (b"long", &value(1, 7000)),
        ]))
        .unwrap();
    store.sync().unwrap();
    options
}

/// Changes the engine's own entries behind the store's back, where there is no second copy; returns
/// the keys that accepting it says were removed.
fn tampered<E: Engine>(change: impl FnOnce(&mut E)) -> (u64, Vec<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let options = three_entries::<E>(&folder);
    remove_journals(&options.folder);
    let mut engine = E::open(
        &RealDisk,
        &options.folder.join("generation-00000001"),
        1 << 20,
    )
    .unwrap();
    change(&mut engine);
    engine.sync().unwrap();
    drop(engine);
    let refused = DiskStore::<E>::open(&options).map(|_| "opens");
    assert!(matches!(refused, Err(OpenError::Damaged(_))), "{refused:?}");
    let (store, accepted) = DiskStore::<E>::accept_rollback(&options).unwrap();
    assert_eq!(
        store.scan(b"", None, 10).unwrap().len() as u64,
        accepted.entries
    );
    drop(store);
    assert_eq!(
        DiskStore::<E>::open(&options).unwrap().entry_count(),
        accepted.entries
    );
    (accepted.entries, accepted.removed)
}

fn raw<E: Engine>(engine: &E, key: &[u8]) -> Vec<u8> {
    engine.get(key).unwrap().unwrap()
}

fn set<E: Engine>(engine: &mut E, key: &[u8], value: Option<Vec<u8>>) {
    engine
        .write(&Changes::from([(key.to_vec(), value)]))
        .unwrap();
}

const LONG_PIECE: &[u8] = b"\x02\x00\x04long\x00\x00\x00\x01";

fn damage_of_every_kind_is_found_at_opening<E: Engine>() {
    let removes = |keys: &[&[u8]], accepted| {
        let keys: Vec<_> = keys.iter().map(|key| key.to_vec()).collect();
        assert_eq!(accepted, (3 - keys.len().max(1) as u64, keys));
    };
    for position in 0..14 {
        removes(
            &[b"a"],
            tampered::<E>(|engine| {
                let mut value = raw(engine, b"\x01a");
                value[position] ^= 0x20;
                set(engine, b"\x01a", Some(value));
            }),
        );
    }
    for length in [0, 7, 8, 9, 13] {
        removes(
            &[b"a"],
            tampered::<E>(|engine| {
                let value = raw(engine, b"\x01a");
                set(engine, b"\x01a", Some(value[..length].to_vec()));
            }),
        );
    }
    removes(
        &[b"a"],
        tampered::<E>(|engine| {
            let other = raw(engine, b"\x01b");
            set(engine, b"\x01a", Some(other));
        }),
    );
    removes(
        &[b"long"],
        tampered::<E>(|engine| set(engine, LONG_PIECE, None)),
    );
    removes(
        &[b"long"],
        tampered::<E>(|engine| {
            let mut piece = raw(engine, LONG_PIECE);
            piece[9] ^= 1;
            set(engine, LONG_PIECE, Some(piece));
        }),
    );
    // An entry that vanished has no value to carry a checksum: the stamp tells.
    removes(&[], tampered::<E>(|engine| set(engine, b"\x01a", None)));
}

#[test]
fn damage_of_every_kind_is_found_at_opening_with_sled() {
    damage_of_every_kind_is_found_at_opening::<SledEngine>();
}

#[test]
fn damage_of_every_kind_is_found_at_opening_with_redb() {
    damage_of_every_kind_is_found_at_opening::<RedbEngine>();
}

/// Neither overwriting nor deleting a long value leaves pieces of it in the engine.
#[test]
fn a_long_value_that_gives_way_takes_its_pieces_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let options = three_entries::<SledEngine>(&folder);
    let pieces_after = |length: Option<usize>| {
        let mut store = SledStore::open(&options).unwrap();
        let mut batch = Batch::default();
        match length {
            Some(length) => batch.put(b"long".to_vec(), value(2, length)),
            None => batch.delete(b"long".to_vec()),
        }
        store.write(&batch).unwrap();
        drop(store);
        let engine = SledEngine::open(
            &RealDisk,
            &options.folder.join("generation-00000001"),
            1 << 20,
        )
        .unwrap();
        let mut pieces = 0;
        let count = &mut |_: &[u8], _: &[u8]| {
            pieces += 1;
            Ok(std::ops::ControlFlow::Continue(()))
        };
        engine.scan(Bound::Included(&[2]), count).unwrap();
        pieces
    };
    let lengths = [
        Some(9217),
        Some(9216),
        Some(3073),
        Some(3072),
        Some(6145),
        None,
        Some(6144),
        None,
    ];
    assert_eq!(lengths.map(pieces_after), [4, 3, 2, 0, 3, 0, 2, 0]);
}
