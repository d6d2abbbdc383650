//! After a scrub nothing of what was deleted is left, and a crash on the way loses nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crdt_model::store::{Batch, Entry, Store};
use node_store::{DiskStore, Engine, OpenError, SledEngine, SledStore, StoreOptions};

use crate::engines::{
    Failing, RedbEngine, copy_folder, fail_after, options, options_at, put, remove_journals, value,
};

/// Whether any file below a folder holds these bytes.
fn grep(folder: &Path, bytes: &[u8]) -> Option<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find_map(|path| {
            if path.is_dir() {
                return grep(&path, bytes);
            }
            let content = fs::read(&path).unwrap();
            content
                .windows(bytes.len())
                .any(|window| window == bytes)
                .then_some(path)
        })
}

const SECRET_KEY: &[u8] = b"a key that nobody may know of";

fn secret() -> Vec<u8> {
    b"Zhang Sansan, who complained about the office; ".repeat(3)
}

/// A store with live entries, with `secret` deleted and overwritten, short and long.
fn store_with_deleted_secrets<E: Engine>(options: &StoreOptions) -> DiskStore<E> {
    let mut store = DiskStore::create(options).unwrap();
    for round in 0..8_u64 {
        let mut batch = Batch::default();
        for number in 0..60_u64 {
            batch.put(
                format!("live/{number}").into_bytes(),
                value(number + round, 700),
            );
        }
        batch.put(SECRET_KEY.to_vec(), secret());
        batch.put(b"overwritten".to_vec(), secret());
        batch.put(
            b"long".to_vec(),
            [value(round, 9000), secret(), value(round, 900)].concat(),
        );
        store.write(&batch).unwrap();
        store.sync().unwrap();
    }
    let mut batch = put(&[(b"overwritten", b"harmless")]);
    batch.put(b"long".to_vec(), value(99, 9000));
    batch.delete(SECRET_KEY.to_vec());
    store.write(&batch).unwrap();
    store.sync().unwrap();
    store
}

fn no_byte_of_a_deleted_value_is_left_after_a_scrub<E: Engine>() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let mut store = store_with_deleted_secrets::<E>(&options);
    let before = store.scan(b"", None, 1000).unwrap();
    assert!(
        grep(&options.folder, &secret()).is_some(),
        "the test would show nothing"
    );
    store.scrub().unwrap();
    for bytes in [&secret()[..20], SECRET_KEY] {
        assert_eq!(grep(&options.folder, bytes), None);
    }
    assert!(grep(&options.folder, b"harmless").is_some());
    assert_eq!(store.scan(b"", None, 1000).unwrap(), before);
    drop(store);
    assert_eq!(grep(&options.folder, &secret()[..20]), None);
    let store = DiskStore::<E>::open(&options).unwrap();
    assert_eq!(store.scan(b"", None, 1000).unwrap(), before);
    assert_eq!(grep(&options.folder, &secret()[..20]), None);
}

#[test]
fn no_byte_of_a_deleted_value_is_left_after_a_scrub_with_sled() {
    no_byte_of_a_deleted_value_is_left_after_a_scrub::<SledEngine>();
}

#[test]
fn no_byte_of_a_deleted_value_is_left_after_a_scrub_with_redb() {
    no_byte_of_a_deleted_value_is_left_after_a_scrub::<RedbEngine>();
}

/// The folder before a scrub, after it, and what both hold.
struct Scrubbed {
    _folder: tempfile::TempDir,
    before: PathBuf,
    after: PathBuf,
    entries: Vec<Entry>,
}

fn scrubbed() -> Scrubbed {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let before = folder.path().join("before");
    let mut store = store_with_deleted_secrets::<SledEngine>(&options);
    let entries = store.scan(b"", None, 1000).unwrap();
    copy_folder(&options.folder, &before);
    store.scrub().unwrap();
    drop(store);
    Scrubbed {
        before,
        after: options.folder.clone(),
        entries,
        _folder: folder,
    }
}

fn generation(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("generation-{number:08}"))
}

/// A folder as a crash left it opens with every live entry and one generation, and can be scrubbed.
fn survives(scrubbed: &Scrubbed, crash: &str, make: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let options = options_at(&folder.path().join("store"));
    make(&options.folder);
    let mut store = SledStore::open(&options).unwrap_or_else(|error| panic!("{crash}: {error}"));
    assert!(
        store.scan(b"", None, 1000).unwrap() == scrubbed.entries,
        "{crash}"
    );
    let generations = fs::read_dir(&options.folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().is_dir())
        .count();
    assert_eq!(generations, 1, "{crash}");
    store.scrub().unwrap();
    assert!(
        store.scan(b"", None, 1000).unwrap() == scrubbed.entries,
        "{crash}"
    );
    drop(store);
    assert_eq!(grep(&options.folder, &secret()[..20]), None, "{crash}");
}

#[test]
fn a_crash_at_any_step_of_a_scrub_loses_nothing() {
    let scrubbed = scrubbed();
    let Scrubbed { before, after, .. } = &scrubbed;
    survives(&scrubbed, "before anything", |at| copy_folder(before, at));
    survives(&scrubbed, "the new folder is empty", |at| {
        copy_folder(before, at);
        fs::create_dir(generation(at, 2)).unwrap();
    });
    let log_bytes = fs::metadata(generation(after, 2).join("db")).unwrap().len();
    for tenths in 0..10 {
        survives(&scrubbed, "the new log is being written", |at| {
            copy_folder(before, at);
            copy_folder(&generation(after, 2), &generation(at, 2));
            let log = fs::File::options()
                .write(true)
                .open(generation(at, 2).join("db"))
                .unwrap();
            log.set_len(log_bytes * tenths / 10).unwrap();
        });
    }
    survives(
        &scrubbed,
        "the new engine is whole and the head names the old one",
        |at| {
            copy_folder(before, at);
            copy_folder(&generation(after, 2), &generation(at, 2));
        },
    );
    let torn = |at: &Path| {
        copy_folder(before, at);
        copy_folder(&generation(after, 2), &generation(at, 2));
        let (old, new) = (before.join("store.head"), after.join("store.head"));
        let (mut old, new) = (fs::read(old).unwrap(), fs::read(new).unwrap());
        // The older slot is written first.
        let sequence = |slot: &usize| old[slot + 16..slot + 24].to_vec();
        let slot = [0, 4096].into_iter().min_by_key(sequence).unwrap();
        old[slot..slot + 40].copy_from_slice(&new[slot..slot + 40]);
        fs::write(at.join("store.head"), old).unwrap();
    };
    survives(&scrubbed, "the head is torn", torn);
    survives(&scrubbed, "the head names the new one", |at| {
        copy_folder(after, at);
        copy_folder(&generation(before, 1), &generation(at, 1));
    });
    for name in ["db", "conf", "blobs"] {
        survives(&scrubbed, "the old one is being removed", |at| {
            copy_folder(after, at);
            copy_folder(&generation(before, 1), &generation(at, 1));
            let gone = generation(at, 1).join(name);
            fs::remove_file(&gone)
                .or_else(|_| fs::remove_dir_all(&gone))
                .unwrap();
        });
    }
    survives(&scrubbed, "after everything", |at| copy_folder(after, at));
}

/// Errors instead of crashes: at every write and sync of the scrub in turn.
#[test]
fn a_scrub_that_fails_changes_nothing_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let mut store = store_with_deleted_secrets::<Failing<SledEngine>>(&options);
    let before = store.scan(b"", None, 1000).unwrap();
    for calls in 0.. {
        fail_after(Some(calls));
        let result = store.scrub();
        fail_after(None);
        assert!(store.scan(b"", None, 1000).unwrap() == before);
        if result.is_ok() {
            assert!(calls >= 2, "there is a write and a sync at least");
            break;
        }
        store.write(&put(&[(b"overwritten", b"harmless")])).unwrap();
        store.sync().unwrap();
    }
    assert_eq!(grep(&options.folder, &secret()[..20]), None);
}

/// The head of a store that was scrubbed does not fit the generation from before.
#[test]
fn a_generation_from_before_a_scrub_is_a_rollback() {
    let Scrubbed {
        before,
        after,
        _folder,
        ..
    } = &scrubbed();
    fs::remove_dir_all(generation(after, 2)).unwrap();
    copy_folder(&generation(before, 1), &generation(after, 1));
    remove_journals(after);
    let refused = SledStore::open(&options_at(after)).map(drop);
    assert!(
        matches!(refused, Err(OpenError::RolledBack(_))),
        "{refused:?}"
    );
    let (store, accepted) = SledStore::accept_rollback(&options_at(after)).unwrap();
    assert_eq!((accepted.entries, store.entry_count()), (62, 62));
}
