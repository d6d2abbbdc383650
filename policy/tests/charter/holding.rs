//! The charters that a store holds.

use crdt_model::ids::CharterVersion;
use crdt_model::replica;
use crdt_model::store::{Batch, MemoryStore, Store};
use policy::signing::bundle;
use policy::signing::held::{self, HeldError};

use crate::tiny::{Tiny, now};

/// A store with versions 1 to 3, of which the last judges commits back to this version.
fn store(accept_since: u64) -> MemoryStore {
    let tiny = Tiny::signed();
    tiny.next("v1", "v2");
    tiny.next_with("v2", "v3", |tiny| {
        let since = format!("accept_since = {accept_since}\n");
        tiny.edit("v3/charter.toml", "accept_since = 1\n", &since);
    });
    tiny.sign("v2", &["li", "wang"]);
    tiny.sign("v3", &["li", "wang"]);
    let mut batch = Batch::default();
    for (version, folder) in [(1, "v1"), (2, "v2"), (3, "v3")] {
        let bytes = bundle::encode(&tiny.files(folder)).expect("small");
        batch.put(replica::charter_key(CharterVersion(version)), bytes);
    }
    batch.put(replica::mark_key("node"), b"something else".to_vec());
    let mut store = MemoryStore::default();
    store.write(&batch).expect("memory");
    store
}

#[test]
fn the_newest_is_in_force_and_older_ones_are_loaded_as_far_as_they_count() {
    for (accept_since, expected) in [(1, vec![1, 2, 3]), (2, vec![2, 3]), (3, vec![3])] {
        let held = held::load(&store(accept_since), held::restore).expect("good");
        assert_eq!(held.current.version(), CharterVersion(3));
        let all: Vec<u64> = held.all.iter().map(|one| one.version().0).collect();
        assert_eq!(all, expected);
    }
}

#[test]
fn a_store_without_a_charter_or_with_a_damaged_one_is_told_apart() {
    let empty = held::load(&MemoryStore::default(), held::restore);
    assert!(matches!(empty, Err(HeldError::None)));
    let mut damaged = store(1);
    let mut batch = Batch::default();
    batch.put(
        replica::charter_key(CharterVersion(2)),
        b"no charter".to_vec(),
    );
    damaged.write(&batch).expect("memory");
    let Err(HeldError::Refused(why)) = held::load(&damaged, held::restore) else {
        panic!("another cause");
    };
    assert_eq!(why.code(), "bad-bundle");
}

#[test]
fn what_a_peer_offers_follows_as_what_a_person_brings_does() {
    let tiny = Tiny::signed();
    tiny.next("v1", "v2");
    tiny.sign("v2", &["li", "zhao"]);
    let first = bundle::encode(&tiny.files("v1")).expect("small");
    let first = held::restore(&first).expect("signed");
    let (brought, bytes) = held::next(&first, &tiny.files("v2"), now()).expect("it follows");
    let offered = held::follow(&first, &bytes, now()).expect("it follows");
    assert_eq!(brought.digest(), offered.digest());
    assert!(held::follow(&offered, &bytes, now()).is_err());
}
