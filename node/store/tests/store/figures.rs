//! Figures, printed and not judged: `cargo test -p node --test store figures -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use crdt_model::store::{Batch, Store};
use node_store::{Changes, DiskStore, Engine, RealDisk, SledEngine, SledStore};

use crate::engines::{options, value};

#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = call();
    (result, start.elapsed())
}

/// Resident kilobytes of this process, and its peak.
fn resident_kb() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (field("VmRSS:"), field("VmHWM:"))
}

fn batch(first: u64, count: u64) -> Batch {
    let mut batch = Batch::default();
    for number in first..first + count {
        batch.put(key(number), value(number, 480));
    }
    batch
}

/// Keys in no order, as commit hashes are.
fn key(number: u64) -> Vec<u8> {
    [b"commit/".as_slice(), &value(number, 32)].concat()
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// Both in turn, and medians, because what else the machine does is noise.
#[test]
#[ignore = "a measurement"]
fn figures_of_a_sync_with_and_without_the_head_file() {
    const ROUNDS: u64 = 400;
    for per_sync in [1, 16, 256] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bare")).unwrap();
        let mut bare = SledEngine::open(&RealDisk, &folder.path().join("bare"), 8 << 20).unwrap();
        let mut store = SledStore::create(&options(&folder)).unwrap();
        let mut times: [Vec<Duration>; 4] = Default::default();
        for round in 0..ROUNDS {
            let batch = batch(round * per_sync, per_sync);
            let changes: Changes = batch.changes.clone();
            times[0].push(timed(|| bare.write(&changes).unwrap()).1);
            times[1].push(timed(|| bare.sync().unwrap()).1);
            times[2].push(timed(|| store.write(&batch).unwrap()).1);
            times[3].push(timed(|| store.sync().unwrap()).1);
        }
        let [bare_write, bare_sync, write, sync] = times.map(median_ms);
        println!(
            "{per_sync} entries of 480 bytes: write {bare_write:.3} ms bare, {write:.3} ms with checksums and stamp; \
             sync {bare_sync:.3} ms bare, {sync:.3} ms with the head file; together x{:.2}",
            (write + sync) / (bare_write + bare_sync),
        );
    }
}

fn fill(store: &mut DiskStore<SledEngine>, entries: u64) -> Duration {
    let (_, time) = timed(|| {
        for first in (0..entries).step_by(250) {
            store.write(&batch(first, 250)).unwrap();
            store.sync().unwrap();
        }
    });
    time
}

/// Run one size at a time for honest memory figures: `ENTRIES=250000 CACHE_MIB=16`.
#[test]
#[ignore = "a measurement"]
fn figures_of_a_store_of_a_year() {
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| text.parse::<u64>().unwrap())
    };
    let entries = number("ENTRIES", 250_000);
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&folder);
    options.cache_bytes = number("CACHE_MIB", 16) << 20;
    println!("at start: resident {} kB", resident_kb().0);
    let mut store = SledStore::create(&options).unwrap();
    println!(
        "empty: resident {} kB, {} bytes",
        resident_kb().0,
        store.disk_bytes().unwrap()
    );
    let time = fill(&mut store, entries);
    println!("{entries} entries of 480 bytes in batches of 250, each synced: {time:.2?}");
    println!(
        "disk {} MB, resident and peak {:?} kB",
        store.disk_bytes().unwrap() >> 20,
        resident_kb()
    );
    drop(store);
    let (store, time) = timed(|| SledStore::open(&options).unwrap());
    println!(
        "open with a census: {time:.2?}, resident and peak {:?} kB",
        resident_kb()
    );
    drop(store);
    let (store, time) = timed(|| SledStore::open(&options).unwrap());
    let mut store = store;
    println!(
        "open again: {time:.2?}, resident and peak {:?} kB",
        resident_kb()
    );
    let (_, time) = timed(|| {
        for number in 0..100_000 {
            assert!(store.get(&key(number * 7919 % entries)).unwrap().is_some());
        }
    });
    println!(
        "100,000 gets: {time:.2?}, resident and peak {:?} kB",
        resident_kb()
    );
    let (_, time) = timed(|| store.scrub().unwrap());
    println!(
        "scrub: {time:.2?}, disk {} MB",
        store.disk_bytes().unwrap() >> 20
    );
    println!("resident and peak {:?} kB", resident_kb());
}

/// For a memory figure of a process that only opens: `STORE=<folder> CACHE_MIB=16`.
#[test]
#[ignore = "a measurement"]
fn figures_of_opening_a_store() {
    let Ok(folder) = std::env::var("STORE") else {
        return;
    };
    let mut options = crate::engines::options_at(folder.as_ref());
    options.cache_bytes =
        std::env::var("CACHE_MIB").map_or(16, |text| text.parse::<u64>().unwrap()) << 20;
    let before = resident_kb().0;
    if !options.folder.exists() {
        let entries = std::env::var("ENTRIES").map_or(250_000, |text| text.parse().unwrap());
        fill(&mut SledStore::create(&options).unwrap(), entries);
    }
    let (store, time) = timed(|| SledStore::open(&options).unwrap());
    println!(
        "{} entries, {} MB on disk, cache {} MiB: opened in {time:.2?}, resident {before} kB before, now and peak {:?} kB",
        store.entry_count(),
        store.disk_bytes().unwrap() >> 20,
        options.cache_bytes >> 20,
        resident_kb(),
    );
}
