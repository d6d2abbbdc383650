//! A store in which some values are damaged until they are written again.

use std::collections::BTreeSet;

use crdt_model::store::{Batch, Entry, MemoryStore, Store, StoreError};

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct FlawedStore {
    inner: MemoryStore,
    flawed: BTreeSet<Vec<u8>>,
    /// Whether nothing works any more.
    pub(crate) broken: bool,
}

impl FlawedStore {
    /// Damages the value at a key that is there.
    pub(crate) fn damage(&mut self, key: &[u8]) {
        assert!(self.inner.get(key).is_ok_and(|value| value.is_some()));
        self.flawed.insert(key.to_vec());
    }

    /// Puts other bytes where a value was.
    pub(crate) fn garble(&mut self, key: &[u8], value: &[u8]) {
        let mut batch = Batch::default();
        batch.put(key.to_vec(), value.to_vec());
        self.inner.write(&batch).expect("memory");
    }

    /// The keys that begin with this byte, damaged or not.
    pub(crate) fn keys(&self, space: u8) -> Vec<Vec<u8>> {
        let entries = self.inner.scan(&[space], None, usize::MAX);
        let entries = entries.expect("memory").into_iter();
        entries.map(|(key, _)| key).collect()
    }

    fn check(&self, key: &[u8]) -> Result<(), StoreError> {
        if self.broken {
            return Err(StoreError::Failed("no disk".to_owned()));
        }
        if !self.flawed.contains(key) {
            return Ok(());
        }
        Err(StoreError::Damaged {
            key: hex::encode(key),
            problem: "its checksum is wrong".to_owned(),
        })
    }
}

impl Store for FlawedStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.check(key)?;
        self.inner.get(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let entries = self.inner.scan(prefix, after, limit)?;
        entries.iter().try_for_each(|(key, _)| self.check(key))?;
        Ok(entries)
    }

    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.check(&[])?;
        for key in batch.changes.keys() {
            self.flawed.remove(key);
        }
        self.inner.write(batch)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.inner.sync()
    }

    fn scrub(&mut self) -> Result<(), StoreError> {
        self.inner.scrub()
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.inner.disk_bytes()
    }
}
