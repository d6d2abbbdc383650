//! Charters that take away more facets than one write has room for.

use crdt_model::engine::{Engine, Input, Output};
use crdt_model::history::History;
use crdt_model::ids::RecordId;
use crdt_model::label::FacetId;
use crdt_model::limits::PURGE_FACETS_MAX;
use crdt_model::replica;
use crdt_model::store::{Batch, Entry, MemoryStore, Store, StoreError};
use crdt_model::time::{Instant, Now, WallTime};

use crate::county::*;

/// A store that knows how large its writes were, and the first and last record that each took away.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    changes_most: usize,
    went: Vec<[RecordId; 2]>,
}

impl Store for Counting {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.scan(prefix, after, limit)
    }

    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.changes_most = self.changes_most.max(batch.changes.len());
        let gone = batch.changes.iter().filter(|(_, value)| value.is_none());
        let records = gone.filter_map(|(key, _)| Some(replica::facet_of_entry(key)?.record));
        let records: Vec<_> = records.collect();
        if let (Some(first), Some(last)) = (records.iter().min(), records.iter().max()) {
            self.went.push([*first, *last]);
        }
        self.store.write(batch)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.store.sync()
    }

    fn scrub(&mut self) -> Result<(), StoreError> {
        self.store.scrub()
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.store.disk_bytes()
    }
}

#[test]
fn what_a_charter_takes_away_goes_in_writes_of_bounded_size_in_the_stores_order_and_all_of_it() {
    let all = 2 * PURGE_FACETS_MAX + 1;
    let mut batch = Batch::default();
    for number in 0..all as u128 {
        // Two labels, whose facets lie between each other.
        let home = id(VILLAGES[(number % 2) as usize]);
        let facet = FacetId {
            record: RecordId(number.to_be_bytes()),
            facet: name("note.up"),
            home,
            addressee: home,
        };
        replica::put_commits(&mut batch, &History::new(facet), 0, grade("one"));
    }
    let mut store = Counting::default();
    store.store.write(&batch).expect("memory");
    let charters = [charter(2, &["note.up"])];
    let engine = Engine::open(identity(TOWNSHIPS[0]), charters, &store).expect("a whole store");
    let mut engine = engine.expect("a charter");
    let now = Now {
        instant: Instant::from_ms(0),
        wall: WallTime::from_ms(1_782_950_400_000),
    };
    let outputs = engine.handle(Input::Tick, now, &mut store).expect("memory");
    let told = |output: &Output| matches!(output, Output::Dropped { facets } if *facets == all);
    assert!(outputs.iter().any(told), "{outputs:?}");
    assert!(engine.index().is_empty());
    let left = replica::facets_after(&store, None, 1).expect("memory");
    assert!(left.is_empty());
    // The mark for the rewrite goes along.
    assert!(
        store.changes_most <= PURGE_FACETS_MAX + 1,
        "{}",
        store.changes_most
    );
    store.went.sort_unstable();
    assert_eq!(store.went.len(), 3);
    let apart = |[one, next]: &[[RecordId; 2]; 2]| one[1] < next[0];
    assert!(store.went.array_windows().all(apart), "{:?}", store.went);
}
