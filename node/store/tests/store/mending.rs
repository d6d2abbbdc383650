//! Two copies: what one of them loses the other gives back, and what both lose is all that is lost.

use std::fs;
use std::path::{Path, PathBuf};

use crdt_model::store::{Batch, Store};
use node_store::{OpenError, SledStore, StoreOptions};

use crate::engines::{
    copy_folder, options, options_at, put, remove_generations, remove_journals, value,
};

/// Rounds of writes with reopening in between, so that the log, the page table and dead space are
/// all there.
fn worn_store(options: &StoreOptions) -> Vec<(Vec<u8>, Vec<u8>)> {
    drop(SledStore::create(options).unwrap());
    for round in 0..5_u64 {
        let mut store = SledStore::open(options).unwrap();
        for step in 0..10 {
            let mut batch = Batch::default();
            for number in (0..300_u64).filter(|number| number % 10 == step) {
                let length = if number % 40 == 1 {
                    7000
                } else {
                    number * 37 % 700
                };
                batch.put(
                    number.to_be_bytes().to_vec(),
                    value(number + round, length as usize),
                );
            }
            batch.delete((step * 10 + round).to_be_bytes().to_vec());
            store.write(&batch).unwrap();
            store.sync().unwrap();
        }
    }
    SledStore::open(options)
        .unwrap()
        .scan(b"", None, 1000)
        .unwrap()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let paths = paths.flat_map(|path| {
        if path.is_dir() {
            files_below(&path)
        } else {
            vec![path]
        }
    });
    paths
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .collect()
}

/// A copy of a store with damage to one of its files, and what was done.
fn damaged_copy(whole: &Path, round: u64, only: Option<&str>) -> (tempfile::TempDir, String) {
    let files = files_below(whole);
    let chosen: Vec<_> = files
        .iter()
        .filter(|path| only.is_none_or(|name| path.to_string_lossy().contains(name)))
        .collect();
    let random = value(round, 32);
    let number = |at: usize| u64::from_le_bytes(random[at..at + 8].try_into().unwrap()) as usize;
    let file = chosen[number(0) % chosen.len()];
    let damaged = tempfile::tempdir().unwrap();
    copy_folder(whole, &damaged.path().join("store"));
    let name = file.strip_prefix(whole).unwrap();
    let file = damaged.path().join("store").join(name);
    let mut bytes = fs::read(&file).unwrap();
    let at = number(8) % bytes.len();
    let what = match number(16) % 5 {
        0 => {
            bytes.truncate(at);
            "cut"
        }
        1 => {
            bytes[at..].iter_mut().take(700).for_each(|byte| *byte = 0);
            "cleared"
        }
        2 => {
            let block = at / 4096 * 4096;
            bytes[block..]
                .iter_mut()
                .take(4096)
                .for_each(|byte| *byte = 0);
            "block cleared"
        }
        _ => {
            bytes[at] ^= 1 << (number(24) % 8);
            "flipped"
        }
    };
    fs::write(&file, &bytes).unwrap();
    let what = format!("round {round}: {} {what} at {at}", name.display());
    (damaged, what)
}

fn store_in(folder: &tempfile::TempDir) -> StoreOptions {
    options_at(&folder.path().join("store"))
}

/// The bytes of all files of a folder but the lock.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = files_below(folder)
        .into_iter()
        .map(|path| {
            (
                path.strip_prefix(folder).unwrap().to_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// One damaged file loses nothing, whatever it is and wherever the damage lies.
#[test]
fn a_store_with_one_damaged_file_opens_whole_and_says_what_it_mended() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let entries = worn_store(&options);
    let mut aside = 0;
    for round in 0..60_u64 {
        let only = (round % 3 != 0).then_some("/db");
        let (damaged, what) = damaged_copy(&options.folder, round, only);
        let before = content(&damaged.path().join("store"));
        let store =
            SledStore::open(&store_in(&damaged)).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(store.scan(b"", None, 1000).unwrap() == entries, "{what}");
        if let Some(path) = store.mended().and_then(|mended| mended.set_aside.clone()) {
            assert!(
                content(&path) == before || what.contains("cut") || what.contains("cleared"),
                "{what}"
            );
            aside += 1;
        }
        drop(store);
        let again = SledStore::open(&store_in(&damaged)).unwrap();
        assert!(again.mended().is_none(), "{what}: {:?}", again.mended());
        assert!(again.scan(b"", None, 1000).unwrap() == entries, "{what}");
    }
    assert!(aside > 10, "{aside} were set aside");
}

/// Without the second copy damage may cost entries, but never gives wrong ones, never ends the
/// process, and a refusal changes nothing.
#[test]
fn without_a_second_copy_damaged_files_never_give_wrong_values_and_refusing_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let entries = worn_store(&options);
    remove_journals(&options.folder);
    let (mut opened, mut refused, mut lost) = (0, 0, 0);
    // Where sled puts what it writes differs between runs, so how often a damage is refused does too:
    // it goes on until both were tried often enough.
    for round in 0_u64.. {
        if round >= 60 && opened > 10 && refused > 10 {
            break;
        }
        assert!(
            round < 400,
            "{opened} opened and {refused} were refused in {round} rounds"
        );
        let (damaged, what) =
            damaged_copy(&options.folder, round, (round % 4 != 0).then_some("/db"));
        let store = store_in(&damaged);
        let before = content(&store.folder);
        match SledStore::open(&store) {
            Ok(store) => {
                assert!(store.scan(b"", None, 1000).unwrap() == entries, "{what}");
                opened += 1;
                continue;
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        refused += 1;
        if !what.contains("cut") && !what.contains("cleared") {
            assert!(content(&store.folder) == before, "{what}");
        }
        let (left, accepted) =
            SledStore::accept_rollback(&store).unwrap_or_else(|error| panic!("{what}: {error}"));
        for (key, value) in left.scan(b"", None, 1000).unwrap() {
            assert!(
                entries.contains(&(key, value)) || what.contains("/db"),
                "{what}"
            );
        }
        lost += entries.len() as u64 - accepted.entries.min(entries.len() as u64);
        drop(left);
        drop(SledStore::open(&store).unwrap());
    }
    println!(
        "{opened} opened, {refused} were refused, {lost} of {} entries lost",
        refused * entries.len()
    );
}

/// Both copies are damaged: what either would give by itself is kept, and nothing older than that.
#[test]
fn whatever_either_of_two_damaged_copies_gives_by_itself_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let entries = worn_store(&options);
    let (mut lost_by_log, mut lost_by_journal, mut lost_by_both) = (0, 0, 0);
    for round in 0..40_u64 {
        let (both, what) = badly_damaged_copy(&options.folder, round);
        let kept = left(&both);
        remove_journals(&both.path().join("store"));
        let by_log = left(&both);
        let (only_journal, _) = badly_damaged_copy(&options.folder, round);
        remove_generations(&only_journal.path().join("store"));
        let by_journal = left(&only_journal);
        for entry in &entries {
            let (log, journal) = (by_log.contains(entry), by_journal.contains(entry));
            lost_by_log += u64::from(!log);
            lost_by_journal += u64::from(!journal);
            lost_by_both += u64::from(!log && !journal);
            let number = u64::from_be_bytes(entry.0[..8].try_into().unwrap());
            assert!(
                kept.contains(entry) || !log && !journal,
                "{what}: entry {number}, which the log gives: {log}, and the journal: {journal}"
            );
        }
    }
    println!("lost by the log {lost_by_log}, the journal {lost_by_journal}, both {lost_by_both}");
    assert!(lost_by_log > 100 && lost_by_journal > 100);
}

/// A copy of a store with two damages to its log and one to its journal, and what was done. The same
/// round does the same to the same store. Of a value that the log alone holds, a journal with one gap
/// tells which is newer; one with two may leave that open.
fn badly_damaged_copy(whole: &Path, round: u64) -> (tempfile::TempDir, String) {
    let (mut damaged, mut whats) = (tempfile::tempdir().unwrap(), Vec::new());
    copy_folder(whole, &damaged.path().join("store"));
    for (step, name) in ["/db", "/db", "/journal-"].iter().enumerate() {
        let seed = round * 4 + step as u64;
        let (next, what) = damaged_copy(&damaged.path().join("store"), seed, Some(name));
        damaged = next;
        whats.push(what);
    }
    (damaged, whats.join(", "))
}

/// What is left of a store in a folder, whether it opens by itself or has to be accepted. The folder
/// stays as it was.
fn left(damaged: &tempfile::TempDir) -> Vec<(Vec<u8>, Vec<u8>)> {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&damaged.path().join("store"), &copy.path().join("store"));
    let store = store_in(&copy);
    let left = match SledStore::open(&store) {
        Ok(store) => store,
        Err(OpenError::Damaged(_) | OpenError::RolledBack(_)) => {
            SledStore::accept_rollback(&store).unwrap().0
        }
        Err(other) => panic!("{other}"),
    };
    left.scan(b"", None, 1000).unwrap()
}

#[test]
fn a_store_is_set_aside_for_its_owner_only_and_not_for_ever() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let entries = worn_store(&options);
    let aside = |number: usize| folder.path().join(format!("store.damaged-{number}"));
    for number in 1..=5 {
        let generation = options.folder.join(format!("generation-{number:08}"));
        let log = generation.join("db");
        let mut bytes = fs::read(&log).unwrap();
        bytes[3000] ^= 1;
        fs::write(&log, bytes).unwrap();
        let mended = SledStore::open(&options)
            .unwrap()
            .mended()
            .cloned()
            .unwrap();
        assert_eq!(mended.set_aside, Some(aside(number)));
    }
    assert!(!aside(1).exists() && !aside(2).exists() && aside(3).exists());
    for path in files_below(&aside(5)) {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(
        aside(5).metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    // What was deleted must not stay there.
    let mut store = SledStore::open(&options).unwrap();
    store.scrub().unwrap();
    assert!((1..=5).all(|number| !aside(number).exists()));
    assert!(store.scan(b"", None, 1000).unwrap() == entries);
}

#[test]
fn of_a_second_copy_that_was_cut_in_its_first_batch_what_is_whole_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let entries = worn_store(&options);
    remove_journals(&options.folder);
    // Made anew, in one batch.
    drop(SledStore::open(&options).unwrap());
    let journal = options.folder.join("journal-00000001");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() * 3 / 4]).unwrap();
    fs::remove_file(options.folder.join("generation-00000001/db")).unwrap();
    let refused = SledStore::open(&options);
    assert!(matches!(
        refused,
        Err(OpenError::Damaged(_) | OpenError::RolledBack(_))
    ));
    let (store, accepted) = SledStore::accept_rollback(&options).unwrap();
    let left = store.scan(b"", None, 1000).unwrap();
    assert_eq!(accepted.entries, left.len() as u64);
    assert!(left.iter().all(|entry| entries.contains(entry)));
    let (left, all) = (left.len(), entries.len());
    assert!(left > all / 3, "{left} of {all} entries are left");
}

#[test]
fn a_journal_that_is_mostly_about_the_past_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let mut store = SledStore::create(&options).unwrap();
    let journal = options.folder.join("journal-00000001");
    for round in 0..200_u64 {
        store
            .write(&put(&[(b"same", &value(round, 30_000))]))
            .unwrap();
        store.sync().unwrap();
        assert!(fs::metadata(&journal).unwrap().len() < 3 << 20);
    }
    drop(store);
    fs::remove_file(options.folder.join("generation-00000001/db")).unwrap();
    let store = SledStore::open(&options).unwrap();
    assert_eq!(store.get(b"same").unwrap(), Some(value(199, 30_000)));
}

#[test]
fn a_check_changes_nothing_and_names_what_opening_would_mend() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let entries = worn_store(&options);
    let whole = SledStore::check(&options).unwrap();
    assert_eq!(
        (whole.entries, whole.problems.len()),
        (entries.len() as u64, 0)
    );
    for round in 0..30 {
        let (damaged, what) = damaged_copy(&options.folder, round, None);
        let store = store_in(&damaged);
        let before = content(&store.folder);
        let checked = SledStore::check(&store).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(checked.entries, entries.len() as u64, "{what}");
        assert!(content(&store.folder) == before, "{what}");
    }
}
