//! The store on a platter.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;

use crdt_model::store::{Batch, Entry, Store, StoreError};

use super::counts::Counts;
use super::faults::Faults;
use super::frame::{self, Index};
use super::head::{HEAD_BYTES, Head, Mark};
use super::platter::Platter;
use super::rewrite;

/// A store whose log lies on a simulated disk.
///
/// Made by [`create`](Self::create), opened by [`open`](Self::open), and opened in spite of a
/// loss by [`accept_rollback`](Self::accept_rollback). It ends by [`killed`](Self::killed) or by
/// [`power_cut`](Self::power_cut), which hand back the platter.
pub struct LogStore {
    /// The log as reads see it; beyond the head, part of it is not on the disk yet.
    pub(super) platter: Platter,
    pub(super) index: Index,
    /// Where the next batch goes.
    pub(super) end: Mark,
    /// What is durable.
    pub(super) head: Head,
    /// Sectors that reads still see and that a failed sync has lost.
    pub(super) doomed: BTreeSet<usize>,
    pub(super) poison: Option<String>,
    /// Faults that are to happen while it runs.
    pub faults: Faults,
}

impl LogStore {
    /// A new store on a disk of its own.
    pub fn create() -> Self {
        let (platter, head) = Platter::format();
        Self::over(platter, Index::new(), head, head.mark)
    }

    pub(super) fn over(platter: Platter, index: Index, head: Head, end: Mark) -> Self {
        Self {
            platter,
            index,
            end,
            head,
            doomed: BTreeSet::new(),
            poison: None,
            faults: Faults::default(),
        }
    }

    /// The disk as a program sees that copies its files now.
    pub fn platter(&self) -> &Platter {
        &self.platter
    }

    /// What befell the disk so far.
    pub fn counts(&self) -> &Counts {
        &self.platter.counts
    }

    /// How many entries there are.
    pub fn entry_count(&self) -> usize {
        self.index.len()
    }

    /// The keys whose values are damaged.
    pub fn damaged(&self) -> impl Iterator<Item = &[u8]> {
        let entries = self.index.iter();
        let damaged =
            entries.filter(|(key, place)| frame::value(&self.platter.log, key, place).is_err());
        damaged.map(|(key, _)| key.as_ref())
    }

    /// How many batches a power cut may lose.
    pub fn unsynced(&self) -> u64 {
        self.end.batches - self.head.mark.batches
    }

    /// Runs a write; after one that failed, none is tried again.
    fn unless_poisoned(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if let Some(reason) = &self.poison {
            return Err(StoreError::Failed(format!(
                "an earlier write failed, and the store must be opened again: {reason}"
            )));
        }
        let result = write(self);
        if let Err(error) = &result {
            self.poison = Some(error.to_string());
        }
        result
    }

    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let changes = batch.changes.iter();
        let changes = changes.map(|(key, change)| (key.as_slice(), change.as_deref()));
        let frame = frame::append(&mut self.platter.log, &self.end, changes)?;
        if !self.has_room_for(self.platter.bytes()) {
            // What there was room for stays, as a torn batch.
            let room = self.faults.capacity_bytes.unwrap_or(u64::MAX) as usize;
            let length = room.saturating_sub(HEAD_BYTES).max(self.end.length);
            self.platter.log.truncate(length);
            self.platter.counts.full += 1;
            return Err(StoreError::Full);
        }
        self.end = self.end.after(&frame);
        frame.apply(&mut self.index);
        Ok(())
    }

    fn has_room_for(&self, bytes: u64) -> bool {
        self.faults
            .capacity_bytes
            .is_none_or(|capacity| bytes <= capacity)
    }

    fn sync_all(&mut self) -> Result<(), StoreError> {
        if self.end == self.head.mark {
            return Ok(());
        }
        if std::mem::take(&mut self.faults.fail_next_sync) {
            return Err(self.fail_sync());
        }
        if self.faults.misdirect_next_sync && self.misdirect() {
            self.faults.misdirect_next_sync = false;
        }
        self.head = self.head.next(self.end);
        self.platter.write_head(&self.head);
        Ok(())
    }
}

impl Store for LogStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(place) = self.index.get(key) else {
            return Ok(None);
        };
        let value = frame::value(&self.platter.log, key, place)?;
        Ok(Some(value.to_vec()))
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
        let places = self.index.range::<[u8], _>((from, Bound::Unbounded));
        places
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, place)| {
                let value = frame::value(&self.platter.log, key, place)?;
                Ok((key.to_vec(), value.to_vec()))
            })
            .collect()
    }

    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.unless_poisoned(|store| store.append(batch))
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.unless_poisoned(Self::sync_all)
    }

    /// A value that is damaged, or a disk without room for both logs, changes nothing, and the
    /// store goes on with the old log.
    fn scrub(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        let generation = self.end.generation + 1;
        let new = rewrite::live(&self.platter.log, &self.index, generation)?;
        if !self.has_room_for(self.platter.bytes() + new.log.len() as u64) {
            self.platter.counts.full += 1;
            return Err(StoreError::Full);
        }
        self.head = self.head.next(new.end);
        self.platter.log = new.log;
        self.platter.write_head(&self.head);
        self.index = new.index;
        self.end = new.end;
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.platter.bytes())
    }
}

impl fmt::Debug for LogStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogStore")
            .field("platter", &self.platter)
            .field("entries", &self.index.len())
            .field("head", &self.head)
            .field("end", &self.end)
            .field("poison", &self.poison)
            .finish_non_exhaustive()
    }
}
