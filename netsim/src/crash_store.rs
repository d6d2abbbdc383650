//! A store that loses what was not made durable: a crash keeps what was synced, and of the batches
//! after that any number from the first on, each whole.

use crdt_model::store::{Batch, Entry, MemoryStore, Store, StoreError};

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct CrashStore {
    durable: MemoryStore,
    visible: MemoryStore,
    unsynced: Vec<Batch>,
}

impl CrashStore {
    /// A store whose whole content is durable.
    pub fn new(durable: MemoryStore) -> Self {
        Self {
            visible: durable.clone(),
            durable,
            unsynced: Vec::new(),
        }
    }

    /// How many batches a crash may lose.
    pub fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// What is left after a crash that kept this many of the batches that were not synced.
    pub fn crashed(&self, kept: usize) -> Result<MemoryStore, StoreError> {
        let mut left = self.durable.clone();
        self.unsynced
            .iter()
            .take(kept)
            .try_for_each(|batch| left.write(batch))?;
        Ok(left)
    }

    /// What is durable for certain.
    pub fn durable(&self) -> &MemoryStore {
        &self.durable
    }
}

impl Store for CrashStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.visible.get(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.visible.scan(prefix, after, limit)
    }

    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.unsynced.push(batch.clone());
        self.visible.write(batch)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        std::mem::take(&mut self.unsynced)
            .iter()
            .try_for_each(|batch| self.durable.write(batch))
    }

    fn scrub(&mut self) -> Result<(), StoreError> {
        self.sync()
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.visible.disk_bytes()
    }
}
