//! What the suites run over: options, a second engine, and one that fails on demand.

use std::cell::Cell;
use std::ops::{Bound, ControlFlow};
use std::path::Path;

use crdt_model::store::{Batch, StoreError};
use node_store::{Changes, Disk, Engine, StoreOptions, Visit};
use redb::{Database, ReadableDatabase, TableDefinition};

/// A store in a folder that does not exist yet, below a temporary one.
pub(crate) fn options(folder: &tempfile::TempDir) -> StoreOptions {
    options_at(&folder.path().join("store"))
}

pub(crate) fn options_at(folder: &Path) -> StoreOptions {
    StoreOptions::new(folder.to_owned(), 8 << 20)
}

pub(crate) fn put(entries: &[(&[u8], &[u8])]) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in entries {
        batch.put(key.to_vec(), value.to_vec());
    }
    batch
}

/// Bytes that no two arguments share.
pub(crate) fn value(number: u64, length: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next)
        .flatten()
        .take(length)
        .collect()
}

/// Copies a folder with everything below it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Removes the second copy of a store, as older programs left stores behind.
pub(crate) fn remove_journals(folder: &Path) {
    remove_named(folder, "journal-");
}

/// Removes the engine's files, so that the second copy is all that is left.
pub(crate) fn remove_generations(folder: &Path) {
    remove_named(folder, "generation-");
}

fn remove_named(folder: &Path, prefix: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if !name.starts_with(prefix) {
            continue;
        }
        match path.is_dir() {
            true => std::fs::remove_dir_all(path).unwrap(),
            false => std::fs::remove_file(path).unwrap(),
        }
    }
}

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

/// redb as the engine: the proof that nothing of sled shows through the seam.
pub(crate) struct RedbEngine {
    database: Database,
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(error.to_string())
}

impl Engine for RedbEngine {
    fn open(_: &dyn Disk, folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let mut builder = Database::builder();
        builder.set_cache_size(cache_bytes as usize);
        let database = loop {
            match builder.create(folder.join("redb")) {
                // A child that another test is starting has a copy of the locked file for a moment.
                Err(redb::DatabaseError::DatabaseAlreadyOpen) => std::thread::yield_now(),
                other => break other.map_err(failed)?,
            }
        };
        let write = database.begin_write().map_err(failed)?;
        write.open_table(TABLE).map_err(failed)?;
        write.commit().map_err(failed)?;
        std::fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        Ok(Self { database })
    }

    fn is_present(_: &dyn Disk, folder: &Path) -> bool {
        folder.join("redb").is_file()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.database.begin_read().map_err(failed)?;
        let table = read.open_table(TABLE).map_err(failed)?;
        Ok(table
            .get(key)
            .map_err(failed)?
            .map(|value| value.value().to_vec()))
    }

    fn scan(&self, from: Bound<&[u8]>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        let read = self.database.begin_read().map_err(failed)?;
        let table = read.open_table(TABLE).map_err(failed)?;
        for entry in table
            .range::<&[u8]>((from, Bound::Unbounded))
            .map_err(failed)?
        {
            let (key, value) = entry.map_err(failed)?;
            if visit(key.value(), value.value())? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let mut write = self.database.begin_write().map_err(failed)?;
        write
            .set_durability(redb::Durability::None)
            .map_err(failed)?;
        {
            let mut table = write.open_table(TABLE).map_err(failed)?;
            for (key, change) in changes {
                match change {
                    Some(value) => table
                        .insert(key.as_slice(), value.as_slice())
                        .map_err(failed)?,
                    None => table.remove(key.as_slice()).map_err(failed)?,
                };
            }
        }
        write.commit().map_err(failed)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.database
            .begin_write()
            .map_err(failed)?
            .commit()
            .map_err(failed)
    }
}

thread_local! {
    static CALLS_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Lets this many writes and syncs of `Failing` engines on this thread succeed, and no more.
pub(crate) fn fail_after(calls: Option<u32>) {
    CALLS_LEFT.set(calls);
}

fn spend_a_call() -> Result<(), StoreError> {
    match CALLS_LEFT.get() {
        Some(0) => Err(StoreError::Failed("injected".to_owned())),
        Some(calls) => {
            CALLS_LEFT.set(Some(calls - 1));
            Ok(())
        }
        None => Ok(()),
    }
}

/// An engine whose writes and syncs fail when the test says so.
pub(crate) struct Failing<E>(E);

impl<E: Engine> Engine for Failing<E> {
    fn open(disk: &dyn Disk, folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        E::open(disk, folder, cache_bytes).map(Self)
    }

    fn is_present(disk: &dyn Disk, folder: &Path) -> bool {
        E::is_present(disk, folder)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn scan(&self, from: Bound<&[u8]>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.0.scan(from, visit)
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        spend_a_call()?;
        self.0.write(changes)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        spend_a_call()?;
        self.0.sync()
    }
}
