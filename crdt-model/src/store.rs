//! The seam between the core and whatever keeps bytes: eight calls, no engine types.
//!
//! `node` puts sled behind it, tests put redb and memory behind it, and the simulator puts faults
//! behind it.

use std::collections::BTreeMap;
use std::ops::Bound;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system or the engine failed. The store takes no further writes.
    #[error("the store failed: {0}")]
    Failed(String),
    /// A value is not what was written.
    #[error("the value at key {key} is damaged: {problem}")]
    Damaged {
        /// The key, in hexadecimal.
        key: String,
        /// What was found.
        problem: String,
    },
    /// The store on disk is older than, or another than, the one this node last made durable.
    #[error("the store is not the one this node last wrote: {0}")]
    RolledBack(String),
    /// No room is left.
    #[error("no room is left on the disk")]
    Full,
}

/// Puts and deletes that happen together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Key to new value, or to `None` for a delete.
    pub changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Batch {
    /// Writes a value.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    /// Removes a value.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// One key with its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// An ordered map of bytes with one writer.
///
/// A write is visible to reads at once and durable after the next `sync` that returns `Ok`. Once a
/// `write` or `sync` has failed, every later one fails too: what reached the disk is unknown until
/// the store is opened again.
pub trait Store: Send {
    /// The value at a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// At most `limit` entries whose key begins with `prefix` and lies after `after`, in order.
    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;
    /// Applies a batch as one.
    fn write(&mut self, batch: &Batch) -> Result<(), StoreError>;
    /// Makes everything written so far durable.
    fn sync(&mut self) -> Result<(), StoreError>;
    /// Rewrites the store so that no byte of a deleted or overwritten value is left in its files,
    /// and makes the result durable.
    fn scrub(&mut self) -> Result<(), StoreError>;
    /// Bytes that the store takes on disk.
    fn disk_bytes(&self) -> Result<u64, StoreError>;
}

/// A store in memory, for tests and simulations.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.entries.get(key).cloned())
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let entries = self.entries.range::<[u8], _>((from, Bound::Unbounded));
        Ok(entries
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        for (key, change) in &batch.changes {
            match change {
                Some(value) => self.entries.insert(key.clone(), value.clone()),
                None => self.entries.remove(key),
            };
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn scrub(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(self
            .entries
            .iter()
            .map(|(key, value)| (key.len() + value.len()) as u64)
            .sum())
    }
}
