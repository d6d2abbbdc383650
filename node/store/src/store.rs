//! The store on disk: the seam of the core over a checked engine and a head file.

mod create;
mod mend;
mod open;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use crdt_model::store::{Batch, Entry, Store, StoreError};

use super::aside;
use super::disk::{Disk, RealDisk};
use super::engine::Engine;
use super::error::at_path;
use super::folder::Folder;
use super::generation::{self, copy_to_journal};
use super::head::Head;
use super::home::Moved;
use super::journal::{Index, Journal};
use super::sealed::Sealed;
use super::sled::SledEngine;
use super::stamp::Mark;

pub use self::mend::{Accepted, Checked};

/// Where a store lies and how much memory it may take.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The store's own folder. Nothing else belongs in it.
    pub folder: PathBuf,
    /// Bytes of pages that the engine keeps in memory. The engine takes some megabytes more.
    pub cache_bytes: u64,
    /// The disk that the folder lies on: all but what sled does by itself goes there.
    pub disk: Arc<dyn Disk>,
}

impl StoreOptions {
    /// A store on the disk of the machine.
    pub fn new(folder: impl Into<PathBuf>, cache_bytes: u64) -> Self {
        Self {
            folder: folder.into(),
            cache_bytes,
            disk: Arc::new(RealDisk),
        }
    }
}

/// The store of a node.
pub type SledStore = DiskStore<SledEngine>;
/// Reads the store of a node from another thread.
pub type SledReader = StoreReader<SledEngine>;

/// A store on disk over some engine. See the module's documentation for what it notices.
///
/// Made by [`create`](Self::create), opened by [`open`](Self::open), and opened in spite of a loss
/// by [`accept_rollback`](Self::accept_rollback).
#[derive(Debug)]
pub struct DiskStore<E: Engine> {
    // Dropped in this order: the engine before the lock. Readers hold it only while they read.
    sealed: Arc<RwLock<Sealed<E>>>,
    journal: Journal,
    head: Head,
    folder: Folder,
    cache_bytes: u64,
    poison: Option<Poison>,
    mended: Option<Mended>,
}

/// What was mended when a store was opened. Nothing of what was durable is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// What was wrong.
    pub problems: Vec<String>,
    /// Where the store lies as it was, if the engine had to be filled anew.
    pub set_aside: Option<PathBuf>,
}

/// Why no write is tried any more.
#[derive(Debug)]
enum Poison {
    /// There was no room for one.
    Full,
    /// One failed otherwise.
    Failed(String),
}

impl<E: Engine> DiskStore<E> {
    fn new(
        folder: Folder,
        head: Head,
        sealed: Sealed<E>,
        journal: Journal,
        cache_bytes: u64,
    ) -> Self {
        Self {
            sealed: Arc::new(RwLock::new(sealed)),
            journal,
            head,
            folder,
            cache_bytes,
            poison: None,
            mended: None,
        }
    }

    /// The engine, for reading.
    fn sealed(&self) -> RwLockReadGuard<'_, Sealed<E>> {
        read(&self.sealed)
    }

    /// The engine, for writing.
    fn sealed_mut(&self) -> RwLockWriteGuard<'_, Sealed<E>> {
        self.sealed.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another way to read, for other threads, for as long as this one is open.
    pub fn reader(&self) -> StoreReader<E> {
        StoreReader(Arc::downgrade(&self.sealed))
    }

    /// What was mended when it was opened.
    pub fn mended(&self) -> Option<&Mended> {
        self.mended.as_ref()
    }

    /// The number of entries.
    pub fn entry_count(&self) -> u64 {
        self.sealed().stamp().content.entries
    }

    /// Why the folder is not the one that last ran here. It stays so until that is
    /// [settled](Self::settle).
    pub fn moved(&self) -> Option<Moved> {
        self.head.moved()
    }

    /// The folder is the one that runs here from now on: the node has taken a new author epoch, which
    /// is durable.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        self.unless_poisoned(|store| {
            let settled = store.head.settle(store.folder.disk());
            settled.map_err(at_path(&store.folder.head_path()))
        })
    }

    /// Runs a write; after one that failed, none is tried again.
    fn unless_poisoned<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(Poison::Full) = &self.poison {
            return Err(StoreError::Full);
        }
        if let Some(Poison::Failed(reason)) = &self.poison {
            return Err(StoreError::Failed(format!(
                "an earlier write failed, and the store must be opened again: {reason}"
            )));
        }
        let result = write(self);
        if let Err(error) = &result {
            self.poison = Some(match error {
                StoreError::Full => Poison::Full,
                error => Poison::Failed(error.to_string()),
            });
        }
        result
    }

    /// Reads in the second copy what the engine has damaged. The engine is filled anew when the store
    /// is opened next.
    fn read_in_journal<T>(
        &self,
        error: StoreError,
        read: impl FnOnce(&Index) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if !matches!(error, StoreError::Damaged { .. }) {
            return Err(error);
        }
        let stamp = self.sealed().stamp();
        let path = self.folder.journal_path(stamp.mark.generation);
        match Index::read(self.folder.disk(), &path) {
            // Batches may wait in memory, or some of it may be damaged, too.
            Ok(Some(journal))
                if journal.summary.is_whole() && journal.summary.last == Some(stamp) =>
            {
                tracing::warn!(%error, "read in the second copy of the store; start the node again to have it mended");
                read(&journal)
            }
            _ => Err(error),
        }
    }

    fn sync_all(&mut self) -> Result<(), StoreError> {
        let mark = self.sealed().stamp().mark;
        if mark == self.head.mark() {
            return Ok(());
        }
        let Self {
            sealed, journal, ..
        } = self;
        let mut sealed = sealed.write().unwrap_or_else(PoisonError::into_inner);
        let engine = &mut *sealed;
        let disk = self.folder.disk();
        let synced = disk.sync_both(Box::new(|| engine.sync()), Box::new(|| journal.sync()));
        drop(sealed);
        for copy in synced {
            copy?;
        }
        let written = self.head.write(disk, mark);
        written.map_err(at_path(&self.folder.head_path()))?;
        if self.journal.is_worn(self.sealed().live_bytes()) {
            let copy = copy_to_journal(&self.sealed(), &self.folder)?;
            self.journal = copy;
        }
        Ok(())
    }

    /// Moves to a fresh generation, so that nothing of what was deleted is left in the files. Folders
    /// that were set aside because they were damaged hold what was deleted, too: they go.
    ///
    /// A failure before the head names the new generation changes nothing, and the store goes on with
    /// the old one; a full disk is the likely reason, because for a while both are there. One that fails
    /// while the old generation is removed has to be repeated.
    ///
    /// What the file system and the disk keep of files that were removed is beyond this: a disk that
    /// leaves the office has to be encrypted or destroyed.
    fn rewrite(&mut self) -> Result<(), StoreError> {
        self.unless_poisoned(Self::sync_all)?;
        let old = self.sealed().stamp();
        let new = Mark {
            store: old.mark.store,
            generation: old.mark.generation + 1,
            batches: old.mark.batches + 1,
        };
        let made = {
            let sealed = self.sealed();
            let expected = Some(old.content);
            generation::make(&self.folder, new, self.cache_bytes, expected, |add| {
                sealed.each(add)
            })
        };
        let (sealed, journal) = made.inspect_err(|_| {
            // Opening removes it too, if this fails.
            let _ = self.folder.remove_generation(new.generation);
            let _ = self.folder.keep_only(old.mark.generation);
        })?;
        self.unless_poisoned(|store| {
            let named = store.head.go_over(store.folder.disk(), new);
            named.map_err(at_path(&store.folder.head_path()))
        })?;
        *self.sealed_mut() = sealed;
        self.journal = journal;
        self.folder.keep_only(new.generation)?;
        aside::remove_all(self.folder.disk(), self.folder.path())
    }
}

impl<E: Engine> Store for DiskStore<E> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.sealed().get(key);
        found.or_else(|error| self.read_in_journal(error, |journal| journal.get(key)))
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let found = self.sealed().scan(prefix, after, limit);
        found.or_else(|error| {
            self.read_in_journal(error, |journal| journal.scan(prefix, after, limit))
        })
    }

    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.unless_poisoned(|store| match batch.is_empty() {
            true => Ok(()),
            false => {
                store.sealed_mut().write(batch)?;
                let stamp = store.sealed().stamp();
                store.journal.append(batch, &stamp)
            }
        })
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.unless_poisoned(Self::sync_all)
    }

    fn scrub(&mut self) -> Result<(), StoreError> {
        self.rewrite()
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.folder.disk_bytes()
    }
}

fn read<E: Engine>(sealed: &RwLock<Sealed<E>>) -> RwLockReadGuard<'_, Sealed<E>> {
    // A panic in the engine is caught below; what it leaves behind takes no further call.
    sealed.read().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a store from another thread, one key or one stretch of keys at a time: what is written
/// between two readings shows in the second.
#[derive(Debug)]
pub struct StoreReader<E: Engine>(Weak<RwLock<Sealed<E>>>);

impl<E: Engine> Clone for StoreReader<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E: Engine> StoreReader<E> {
    fn with<T>(
        &self,
        call: impl FnOnce(&Sealed<E>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.0.upgrade() {
            Some(sealed) => call(&read(&sealed)),
            None => Err(StoreError::Failed("the store is closed".to_owned())),
        }
    }
}

impl<E: Engine> Store for StoreReader<E> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(|sealed| sealed.get(key))
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.with(|sealed| sealed.scan(prefix, after, limit))
    }

    fn write(&mut self, _: &Batch) -> Result<(), StoreError> {
        Err(only_reads())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Err(only_reads())
    }

    fn scrub(&mut self) -> Result<(), StoreError> {
        Err(only_reads())
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

fn only_reads() -> StoreError {
    StoreError::Failed("this way into the store only reads".to_owned())
}
