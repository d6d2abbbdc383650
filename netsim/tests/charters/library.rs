//! A library gives what the code that nodes run gives, and opens each charter once.

use std::sync::Arc;

use crdt_model::time::WallTime;
use netsim::charters::generated::Family;
use netsim::charters::library::Library;

use crate::support::{now, small_county};

fn family() -> Family {
    Family::generate(5, &small_county())
}

#[test]
fn each_charter_is_opened_once() {
    let (family, mut library) = (family(), Library::new());
    let store = family.v1.store().expect("memory");
    for _ in 0..10 {
        let held = library.load(&store).expect("it holds one");
        assert_eq!(held.current.digest(), family.v1.digest);
        let next = library.adopt(&held.current, &family.v2.bundle, now());
        assert_eq!(next.expect("it follows").digest(), family.v2.digest);
    }
    assert_eq!(library.opened(), 2);
}

#[test]
fn what_a_store_holds_is_loaded_oldest_first() {
    let (family, mut library) = (family(), Library::new());
    let mut store = family.v1.store().expect("memory");
    for edition in [&family.v2, &family.v3] {
        edition.put_into(&mut store).expect("memory");
    }
    let held = library.load(&store).expect("it holds three");
    let versions: Vec<u64> = held.all.iter().map(|one| one.version().0).collect();
    assert_eq!(versions, [1, 2, 3]);
    assert_eq!(held.current.version().0, 3);
    let again = library.load(&store).expect("it holds three");
    assert!(Arc::ptr_eq(held.current.charter(), again.current.charter()));
    assert_eq!(library.opened(), 3);
    let nothing = crdt_model::store::MemoryStore::default();
    assert!(library.load(&nothing).is_err());
}

#[test]
fn a_charter_that_has_run_out_is_refused_though_it_was_adopted_before() {
    let (family, mut library) = (family(), Library::new());
    let first = library.restore(&family.v1.bundle).expect("signed");
    let mut at = |ms| {
        let adopted = library.adopt(&first, &family.v2.bundle, WallTime::from_ms(ms));
        adopted
            .map(|adopted| adopted.version().0)
            .map_err(|why| why.code())
    };
    let (early, late) = (1_700_000_000_000, 1_999_000_000_000);
    assert_eq!(at(early), Err("not-yet"));
    assert_eq!(at(now().ms), Ok(2));
    assert_eq!(at(early), Err("not-yet"));
    assert_eq!(at(late), Err("expired"));
    assert_eq!(at(now().ms), Ok(2));
}

#[test]
fn a_fork_is_refused_for_every_node_that_meets_it() {
    let (family, mut library) = (family(), Library::new());
    let first = library.restore(&family.v1.bundle).expect("signed");
    let second = library
        .adopt(&first, &family.v2.bundle, now())
        .expect("it follows");
    assert!(library.adopt(&first, &family.v2_fork.bundle, now()).is_ok());
    for _ in 0..2 {
        let refused = library.adopt(&second, &family.v2_fork.bundle, now());
        assert!(refused.expect_err("a fork").is_alarm());
    }
    let refused = library.adopt(&first, b"no charter", now());
    assert_eq!(refused.expect_err("no charter").code(), "bad-bundle");
}
