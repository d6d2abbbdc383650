//! Histories of batches, syncs and power cuts: what was synced is there, and of the rest a prefix
//! of whole batches.

use crdt_model::store::{Batch, Store, StoreError};
use netsim::disk::{Counts, LogStore, PowerCut};
use netsim::seed::Seed;

use crate::{Model, apply, everything, random_batch, scan_of};

const HISTORIES: u64 = 2_000;

/// What was written to a store, and how much of it was synced.
#[derive(Default)]
struct Written {
    durable: Model,
    unsynced: Vec<Batch>,
    batches: u64,
}

impl Written {
    fn sync(&mut self) {
        for batch in self.unsynced.drain(..) {
            apply(&mut self.durable, &batch);
        }
    }

    /// Takes what a store holds for what was kept, if that is what was synced and any number of the
    /// batches after it.
    fn settle(&mut self, found: Model) -> Result<usize, String> {
        let mut state = self.durable.clone();
        let mut kept = (state == found).then_some(0);
        for (number, batch) in self.unsynced.iter().enumerate() {
            apply(&mut state, batch);
            if state == found {
                kept = Some(number + 1);
            }
        }
        self.unsynced.clear();
        self.durable = found;
        kept.ok_or_else(|| "not a prefix of what was written".to_owned())
    }
}

/// One life of a store up to its end; returns what is there when it was opened again.
fn live(mut store: LogStore, written: &mut Written, chance: &mut Seed) -> LogStore {
    let failing = chance.below(8);
    store.faults.chance = Seed::new(chance.bits());
    store.faults.fail_next_sync = failing == 0;
    if failing == 1 {
        let bytes = store.disk_bytes().expect("bytes");
        store.faults.capacity_bytes = Some(bytes + chance.below(20_000) as u64);
    }
    let mut result = Ok(());
    for _ in 0..chance.below(25) {
        result = match chance.below(10) {
            0..2 => store.sync().map(|()| written.sync()),
            2 if chance.percent(20) => match store.scrub() {
                // Without room for both logs the store goes on with the old one.
                Err(StoreError::Full) => store.sync(),
                other => other,
            }
            .map(|()| written.sync()),
            _ => {
                let batch = random_batch(written.batches, chance);
                written.batches += 1;
                store.write(&batch).map(|()| written.unsynced.push(batch))
            }
        };
        if result.is_err() {
            break;
        }
    }
    if result.is_err() {
        assert!(store.write(&random_batch(0, chance)).is_err());
        assert!(store.sync().is_err());
        assert!(store.scrub().is_err());
    }
    let platter = match chance.below(10) {
        0 => store.killed(),
        _ => store.power_cut(PowerCut::random(chance), chance),
    };
    LogStore::open(platter).expect("a store that was cut off").0
}

#[test]
fn whatever_is_cut_off_comes_back_as_a_prefix_of_whole_batches() {
    let mut total = Counts::default();
    for seed in 0..HISTORIES {
        let chance = &mut Seed::new(seed);
        let mut store = LogStore::create();
        let mut written = Written::default();
        for life in 0..1 + chance.below(4) {
            let before = store.counts().lost_batches;
            store = live(store, &mut written, chance);
            let unsynced = written.unsynced.len();
            let kept = written.settle(everything(&store));
            let kept = kept.unwrap_or_else(|problem| panic!("seed {seed}, life {life}: {problem}"));
            let lost = store.counts().lost_batches - before;
            assert_eq!(lost as usize, unsynced - kept, "seed {seed}, life {life}");
        }
        total.add(store.counts());
    }
    for (name, count) in total.iter() {
        let elsewhere = ["misdirected sectors", "rotten bits", "rollbacks detected"];
        assert_eq!(count == 0, elsewhere.contains(&name), "{name}: {count}");
    }
}

#[test]
fn each_kind_of_cut_does_what_it_says_and_nothing_else() {
    let counts = |how: PowerCut| {
        let mut total = Counts::default();
        for seed in 0..100 {
            let chance = &mut Seed::new(seed);
            let mut store = LogStore::create();
            for number in 0..10 {
                store.write(&random_batch(number, chance)).expect("a write");
            }
            total.add(store.power_cut(how, chance).counts());
        }
        total
    };
    let none = counts(PowerCut::default());
    assert_eq!(none, Counts::default());
    let lost = counts(PowerCut {
        lost: true,
        ..PowerCut::default()
    });
    assert_eq!(
        lost,
        Counts {
            lost_batches: lost.lost_batches,
            ..Counts::default()
        }
    );
    assert!(lost.lost_batches > 0);
    let torn = counts(PowerCut {
        torn: true,
        ..PowerCut::default()
    });
    assert!(torn.lost_batches > 0 && torn.torn_sectors > 0 && torn.torn_heads > 0);
    assert_eq!(torn.reordered_sectors, 0);
    let reordered = counts(PowerCut {
        reordered: true,
        ..PowerCut::default()
    });
    assert!(reordered.lost_batches > 0 && reordered.reordered_sectors > 0);
    assert_eq!((reordered.torn_sectors, reordered.torn_heads), (0, 0));
}

#[test]
fn the_same_seed_gives_the_same_disk() {
    let run = || {
        let chance = &mut Seed::new(7);
        let mut written = Written::default();
        let store = live(LogStore::create(), &mut written, chance);
        let bytes: Vec<u8> = store.platter().image().flatten().copied().collect();
        (
            bytes,
            *store.counts(),
            scan_of(&everything(&store), b"", None, 1000),
        )
    };
    assert!(run() == run());
}
