//! What opening refuses, and what it says.

use std::fs;
use std::path::{Path, PathBuf};

use crdt_model::store::{Store, StoreError};
use node_store::{
    DiskStore, Engine, KEY_BYTES_MAX, OpenError, RealDisk, SledEngine, SledStore, StoreOptions,
    VALUE_BYTES_MAX,
};

use crate::engines::{
    Failing, RedbEngine, copy_folder, fail_after, options, options_at, put, remove_journals,
};

/// A closed store with two synced batches, and a copy of it as it was after the first.
fn store_and_older_copy<E: Engine>() -> (tempfile::TempDir, StoreOptions, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let older = folder.path().join("older");
    for (batch, copy) in [
        (put(&[(b"a", b"1")]), Some(&older)),
        (put(&[(b"b", b"2")]), None),
    ] {
        let mut store = DiskStore::<E>::open(&options)
            .or_else(|_| DiskStore::create(&options))
            .unwrap();
        store.write(&batch).unwrap();
        store.sync().unwrap();
        drop(store);
        if let Some(copy) = copy {
            copy_folder(&options.folder, copy);
        }
    }
    (folder, options, older)
}

fn generation(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("generation-{number:08}"))
}

/// Puts an older engine and its second copy in the place of a generation.
fn put_back(older: &Path, folder: &Path, number: u64) {
    remove_journals(folder);
    fs::remove_dir_all(generation(folder, number)).unwrap();
    copy_folder(&generation(older, 1), &generation(folder, number));
    let journal = folder.join(format!("journal-{number:08}"));
    fs::copy(older.join("journal-00000001"), journal).unwrap();
}

fn rolled_back<E: Engine>(options: &StoreOptions) -> String {
    match DiskStore::<E>::open(options).map(|_| "a store that opens") {
        Err(OpenError::RolledBack(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

/// After `accept_rollback` the store opens again, holds `entries`, and takes writes.
fn accepted_store_opens<E: Engine>(options: &StoreOptions, entries: u64) {
    let (store, accepted) = DiskStore::<E>::accept_rollback(options).unwrap();
    assert_eq!((accepted.entries, accepted.removed.len()), (entries, 0));
    drop(store);
    let mut store = DiskStore::<E>::open(options).unwrap();
    assert_eq!(store.entry_count(), entries);
    store.write(&put(&[(b"after", b"acceptance")])).unwrap();
    store.sync().unwrap();
    drop(store);
    assert_eq!(
        DiskStore::<E>::open(options).unwrap().entry_count(),
        entries + 1
    );
}

fn an_older_engine_is_a_rollback<E: Engine>() {
    let (folder, options, older) = store_and_older_copy::<E>();
    put_back(&older, &options.folder, 1);
    assert!(rolled_back::<E>(&options).contains("an older copy was restored"));
    assert!(
        rolled_back::<E>(&options).contains("2 are there"),
        "refusing changes nothing"
    );
    accepted_store_opens::<E>(&options, 1);
    // The same copy once more is refused even though nobody has synced as often since.
    put_back(&older, &options.folder, 2);
    assert!(rolled_back::<E>(&options).contains("another store"));
    drop(folder);
}

#[test]
fn an_older_engine_is_a_rollback_with_sled() {
    an_older_engine_is_a_rollback::<SledEngine>();
}

#[test]
fn an_older_engine_is_a_rollback_with_redb() {
    an_older_engine_is_a_rollback::<RedbEngine>();
}

#[test]
fn an_engine_that_is_gone_or_emptied_is_a_rollback() {
    let (_folder, options, _) = store_and_older_copy::<SledEngine>();
    let engine = generation(&options.folder, 1);
    remove_journals(&options.folder);
    fs::rename(engine.join("db"), options.folder.join("aside")).unwrap();
    assert!(rolled_back::<SledEngine>(&options).contains("files of the engine are missing"));
    fs::remove_dir_all(&engine).unwrap();
    assert!(rolled_back::<SledEngine>(&options).contains("is not there"));
    fs::create_dir(&engine).unwrap();
    drop(SledEngine::open(&RealDisk, &engine, 1 << 20).unwrap());
    assert!(rolled_back::<SledEngine>(&options).contains("emptied"));
    accepted_store_opens::<SledEngine>(&options, 0);
}

#[test]
fn an_engine_of_another_store_is_a_rollback() {
    let (_folder, options, _) = store_and_older_copy::<SledEngine>();
    let (_other_folder, other, _) = store_and_older_copy::<SledEngine>();
    remove_journals(&options.folder);
    fs::remove_dir_all(generation(&options.folder, 1)).unwrap();
    copy_folder(
        &generation(&other.folder, 1),
        &generation(&options.folder, 1),
    );
    assert!(rolled_back::<SledEngine>(&options).contains("another store"));
}

#[test]
fn a_missing_head_is_a_rollback_unless_nothing_was_ever_written() {
    let (_folder, options, _) = store_and_older_copy::<SledEngine>();
    fs::remove_file(options.folder.join("store.head")).unwrap();
    remove_journals(&options.folder);
    assert!(rolled_back::<SledEngine>(&options).contains("the head file is missing"));
    assert!(matches!(
        SledStore::create(&options),
        Err(OpenError::Exists(_))
    ));
    accepted_store_opens::<SledEngine>(&options, 2);

    let cut_short = tempfile::tempdir().unwrap();
    let options = crate::engines::options(&cut_short);
    drop(SledStore::create(&options).unwrap());
    fs::remove_file(options.folder.join("store.head")).unwrap();
    assert!(matches!(
        SledStore::open(&options),
        Err(OpenError::Missing(_))
    ));
    drop(SledStore::create(&options).unwrap());
    assert_eq!(SledStore::open(&options).unwrap().entry_count(), 0);
}

/// The engine is one sync ahead of the head when a crash comes between the two.
#[test]
fn an_engine_ahead_of_the_head_opens() {
    let (_folder, options, older) = store_and_older_copy::<SledEngine>();
    fs::copy(older.join("store.head"), options.folder.join("store.head")).unwrap();
    assert_eq!(SledStore::open(&options).unwrap().entry_count(), 2);
    // Opening has brought the head up to date: now the older engine is refused.
    put_back(&older, &options.folder, 1);
    rolled_back::<SledEngine>(&options);
}

#[test]
fn a_torn_head_slot_is_survived_and_two_are_damage() {
    let (_folder, options, _) = store_and_older_copy::<SledEngine>();
    let head = options.folder.join("store.head");
    let whole = fs::read(&head).unwrap();
    for torn in 1..128 {
        for slot in [0, 4096] {
            let mut bytes = whole.clone();
            bytes[slot + torn..slot + 128].fill(0xaa);
            fs::write(&head, &bytes).unwrap();
            if torn % 16 == 1 {
                assert_eq!(SledStore::open(&options).unwrap().entry_count(), 2);
            }
        }
    }
    let mut bytes = whole.clone();
    bytes[40] ^= 1;
    bytes[4096 + 40] ^= 1;
    fs::write(&head, &bytes).unwrap();
    remove_journals(&options.folder);
    assert!(matches!(
        SledStore::open(&options),
        Err(OpenError::Damaged(_))
    ));
    assert!(matches!(
        SledStore::create(&options),
        Err(OpenError::Damaged(_))
    ));
    accepted_store_opens::<SledEngine>(&options, 2);
    remove_journals(&options.folder);
    fs::write(&head, &whole[..100]).unwrap();
    assert!(matches!(
        SledStore::open(&options),
        Err(OpenError::NotAStore { .. })
    ));
}

#[test]
fn a_newer_format_is_refused_by_name() {
    use sha2::{Digest, Sha256};
    let (_folder, options, _) = store_and_older_copy::<SledEngine>();
    let head = options.folder.join("store.head");
    let mut bytes = fs::read(&head).unwrap();
    bytes[8..12].copy_from_slice(&7_u32.to_be_bytes());
    let digest = Sha256::new()
        .chain_update(b"countymesh store head\0")
        .chain_update(&bytes[..120]);
    bytes[120..128].copy_from_slice(&digest.finalize()[..8]);
    fs::write(&head, &bytes).unwrap();
    for refused in [
        SledStore::open(&options).map(drop),
        SledStore::accept_rollback(&options).map(drop),
    ] {
        assert!(
            matches!(refused, Err(OpenError::Format { found: 7, known: 1 })),
            "{refused:?}"
        );
    }
}

#[test]
fn one_process_holds_a_store_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let store = SledStore::create(&options).unwrap();
    for refused in [
        SledStore::open(&options).map(drop),
        SledStore::create(&options).map(drop),
        SledStore::accept_rollback(&options).map(drop),
    ] {
        assert!(matches!(refused, Err(OpenError::Locked(_))), "{refused:?}");
    }
    drop(store);
    assert!(matches!(
        SledStore::create(&options),
        Err(OpenError::Exists(_))
    ));
    SledStore::open(&options).unwrap();
}

#[test]
fn foreign_folders_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("budget.xls"), "figures").unwrap();
    let foreign = options_at(folder.path());
    let file = options_at(&folder.path().join("budget.xls"));
    for options in [&foreign, &file] {
        for refused in [
            SledStore::open(options).map(drop),
            SledStore::create(options).map(drop),
        ] {
            assert!(
                matches!(refused, Err(OpenError::NotAStore { .. })),
                "{refused:?}"
            );
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let absent = options_at(&folder.path().join("absent"));
    assert!(matches!(
        SledStore::open(&absent),
        Err(OpenError::Missing(_))
    ));
    assert!(!absent.folder.exists());
    let deep = options_at(&folder.path().join("some/levels/down"));
    drop(SledStore::create(&deep).unwrap());
    SledStore::open(&deep).unwrap();
}

#[test]
fn after_a_failed_write_or_sync_every_write_fails_with_the_reason() {
    for calls in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let options = options(&folder);
        let mut store = DiskStore::<Failing<SledEngine>>::create(&options).unwrap();
        store.write(&put(&[(b"kept", b"1")])).unwrap();
        store.sync().unwrap();
        fail_after(Some(calls));
        let _ = store
            .write(&put(&[(b"k", b"2")]))
            .and_then(|()| store.sync())
            .unwrap_err();
        fail_after(None);
        for refused in [
            store.write(&put(&[(b"k", b"3")])),
            store.sync(),
            store.scrub(),
        ] {
            let Err(StoreError::Failed(reason)) = refused else {
                panic!("{refused:?}")
            };
            assert!(reason.contains("injected"), "{reason}");
        }
        assert_eq!(
            store.get(b"kept").unwrap().as_deref(),
            Some(b"1".as_slice())
        );
        drop(store);
        let store = DiskStore::<Failing<SledEngine>>::open(&options).unwrap();
        assert_eq!(
            store.get(b"kept").unwrap().as_deref(),
            Some(b"1".as_slice())
        );
    }
}

#[test]
fn keys_and_values_beyond_the_limits_are_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let mut store = SledStore::create(&options).unwrap();
    let key = vec![7; KEY_BYTES_MAX];
    let longest = vec![9; VALUE_BYTES_MAX];
    store.write(&put(&[(&key, &longest)])).unwrap();
    assert_eq!(store.get(&key).unwrap(), Some(longest));
    store.sync().unwrap();
    store
        .write(&put(&[(b"first", b""), (&[8; KEY_BYTES_MAX + 1], b"")]))
        .unwrap_err();
    drop(store);
    let mut store = SledStore::open(&options).unwrap();
    assert_eq!(store.get(b"first").unwrap(), None);
    store
        .write(&put(&[
            (b"first", b""),
            (b"k", &vec![0; VALUE_BYTES_MAX + 1]),
        ]))
        .unwrap_err();
    assert_eq!(store.get(b"first").unwrap(), None);
    let engine = generation(&options.folder, 1);
    assert_eq!(
        fs::read_dir(engine.join("blobs")).unwrap().count(),
        0,
        "nothing that sled never syncs"
    );
}

#[test]
fn every_refusal_tells_people_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = SledStore::open(&options(&folder)).map(drop).unwrap_err();
    let problem = error.problem();
    assert_eq!(problem.code, "store-missing");
    assert!(problem.what.en.contains("there is no store in"));
    assert!(problem.next.zh.contains("mesh-node init"));
}
