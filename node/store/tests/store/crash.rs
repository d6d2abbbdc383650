//! A process that is killed loses nothing that it acknowledged, and leaves no half of a batch.
//!
//! What this does not show is a power cut: the kernel outlives the process and keeps what was
//! written and not synced. Showing that takes a file system that records writes and syncs.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crdt_model::store::{Batch, Store};
use node_store::{SledStore, StoreOptions};

use crate::engines::{copy_folder, options, options_at, value};

const CHILD_FOLDER: &str = "STORE_TEST_CHILD_FOLDER";
const CHILD: &str = "crash::the_child_writes_until_it_is_killed";
/// Batches after which the entries of a batch are deleted again.
const KEPT_BATCHES: u64 = 40;
const SCRUB_EVERY: u64 = 29;

fn entries_of(number: u64) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    (0..number % 6 + 1).map(move |part| {
        let key = [b"batch/".as_slice(), &number.to_be_bytes(), &[part as u8]].concat();
        let length = if part == 3 {
            8000
        } else {
            50 + number * 31 % 900
        };
        (key, value(number * 8 + part, length as usize))
    })
}

fn batch(number: u64) -> Batch {
    let mut batch = Batch::default();
    batch.put(b"last".to_vec(), number.to_be_bytes().to_vec());
    for (key, value) in entries_of(number) {
        batch.put(key, value);
    }
    if let Some(old) = number.checked_sub(KEPT_BATCHES) {
        for (key, _) in entries_of(old) {
            batch.delete(key);
        }
    }
    batch
}

fn last_batch(store: &SledStore) -> Option<u64> {
    let bytes = store.get(b"last").unwrap()?;
    Some(u64::from_be_bytes(bytes.try_into().unwrap()))
}

#[test]
fn the_child_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(CHILD_FOLDER) else {
        return;
    };
    let mut store = SledStore::open(&options_at(folder.as_ref())).unwrap();
    let first = last_batch(&store).map_or(0, |last| last + 1);
    for number in first.. {
        store.write(&batch(number)).unwrap();
        store.sync().unwrap();
        println!("durable {number}");
        if number % SCRUB_EVERY == 0 {
            println!("scrubbing {number}");
            store.scrub().unwrap();
        }
    }
}

/// Lets a child write until a line passes the test, kills it, and returns the last number that it
/// acknowledged.
fn killed_at(options: &StoreOptions, mut enough: impl FnMut(&str) -> bool) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, "--exact", "--nocapture"])
        .env(CHILD_FOLDER, &options.folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut acknowledged = None;
    let mut note = |line: &str| {
        let number = line
            .rsplit_once("durable ")
            .map(|(_, number)| number.parse().unwrap());
        acknowledged = number.or(acknowledged);
    };
    for line in lines.by_ref() {
        note(&line);
        if enough(&line) {
            break;
        }
    }
    child.kill().unwrap();
    lines.for_each(|line| note(&line));
    assert!(
        !child.wait().unwrap().success(),
        "the child ended by itself"
    );
    acknowledged
}

/// Everything acknowledged is there, and every batch is there as a whole.
fn check(options: &StoreOptions, acknowledged: Option<u64>) {
    let store = SledStore::open(options).unwrap();
    assert_eq!(store.mended(), None, "a kill is no damage");
    let last = last_batch(&store);
    assert!(
        last >= acknowledged,
        "{acknowledged:?} was acknowledged and {last:?} is there"
    );
    let Some(last) = last else { return };
    let kept = (last + 1).saturating_sub(KEPT_BATCHES)..=last;
    let mut expected: Vec<_> = kept.flat_map(entries_of).collect();
    expected.push((b"last".to_vec(), last.to_be_bytes().to_vec()));
    assert!(
        store.scan(b"", None, 10_000).unwrap() == expected,
        "after batch {last}"
    );
}

#[test]
fn what_a_killed_process_acknowledged_is_there_in_whole_batches() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    drop(SledStore::create(&options).unwrap());
    let mut last = None;
    for round in 0..20_u64 {
        let patience = u64::from_le_bytes(value(round, 8).try_into().unwrap()) % 40;
        let mut lines = 0;
        let acknowledged = killed_at(&options, |line| {
            lines += u64::from(line.contains("durable"));
            match round % 4 {
                // In the middle of a scrub, as likely as not.
                3 => line.contains("scrubbing"),
                _ => lines > patience,
            }
        });
        last = acknowledged.or(last);
        check(&options, last);
    }
    assert!(
        last > Some(100),
        "the rounds were too short to show anything"
    );
}

/// The system writes what was not synced in any order: of two batches that nobody acknowledged the later one
/// may be on the disk and the one before it not.
#[test]
fn a_hole_in_what_was_not_acknowledged_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SledStore::create(&options(&folder)).unwrap();
    let written = |store: &mut SledStore, number| {
        store.write(&batch(number)).unwrap();
        store.sync().unwrap();
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&options(&folder).folder, &copy.path().join("store"));
        copy
    };
    for number in 0..5 {
        written(&mut store, number);
    }
    let acknowledged = written(&mut store, 5);
    written(&mut store, 6);
    let later = written(&mut store, 7);

    let log = |folder: &tempfile::TempDir| folder.path().join("store/generation-00000001/db");
    let before = std::fs::read(log(&acknowledged)).unwrap();
    let mut torn = std::fs::read(log(&later)).unwrap();
    let hole = (0..torn.len()).find(|at| before.get(*at) != torn.get(*at));
    torn[hole.unwrap()..][..200].fill(0);
    std::fs::write(log(&acknowledged), torn).unwrap();
    check(&options_at(&acknowledged.path().join("store")), Some(5));
}
