//! What goes wrong while a store runs.

use std::fmt;
use std::ops::{Bound, Range};

use crdt_model::store::StoreError;

use super::log_store::LogStore;
use super::platter::SECTOR_BYTES;
use crate::seed::Seed;

/// Faults that are to happen. Each of the switches goes off when its fault has taken effect.
#[derive(Clone, Debug)]
pub struct Faults {
    /// Bytes that the disk has, if they are limited. A write that does not fit is
    /// [`StoreError::Full`], and the store takes no more until it is opened again.
    pub capacity_bytes: Option<u64>,
    /// The next sync that has anything to do fails. Part of what it was to make durable is lost,
    /// although reads see it until the store is closed.
    pub fail_next_sync: bool,
    /// At the next sync, one sector lands in the place of an earlier one.
    pub misdirect_next_sync: bool,
    /// What decides which sectors are hit.
    pub chance: Seed,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            capacity_bytes: None,
            fail_next_sync: false,
            misdirect_next_sync: false,
            chance: Seed::new(0),
        }
    }
}

/// A bit that turned over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotten {
    /// The key whose value it is in.
    pub key: Vec<u8>,
    /// The byte of the value.
    pub byte: usize,
    /// The bit of that byte.
    pub bit: u8,
}

impl fmt::Display for Rotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, byte, bit } = self;
        let key = hex::encode(key);
        write!(f, "bit {bit} of byte {byte} of the value at key {key}")
    }
}

impl LogStore {
    /// Turns over one bit within the value of one live and durable entry whose key begins with
    /// `prefix`. `None` if there is no such entry with a value that has a byte.
    pub fn flip_bit(&mut self, prefix: &[u8], chance: &mut Seed) -> Option<Rotten> {
        let durable = self.head.mark.length;
        let entries = || {
            let range = (Bound::Included(prefix), Bound::Unbounded);
            let entries = self.index.range::<[u8], _>(range);
            entries
                .take_while(|(key, _)| key.starts_with(prefix))
                .filter(|(_, place)| place.length > 0 && place.end() <= durable)
        };
        let (key, place) = entries().nth(chance.below(entries().count()))?;
        let rotten = Rotten {
            key: key.to_vec(),
            byte: chance.below(place.length as usize),
            bit: chance.below(8) as u8,
        };
        *self.platter.log.get_mut(place.offset + rotten.byte)? ^= 1 << rotten.bit;
        self.platter.counts.rotten_bits += 1;
        Some(rotten)
    }

    /// A sync fails: each sector that it was to write may be lost.
    pub(super) fn fail_sync(&mut self) -> StoreError {
        let chance = &mut self.faults.chance;
        for sector in unsynced_sectors(self.head.mark.length, self.platter.log.len()) {
            if chance.percent(50) {
                self.doomed.insert(sector);
            }
        }
        self.platter.counts.failed_syncs += 1;
        StoreError::Failed("the disk did not sync".to_owned())
    }

    /// Writes one sector to the place of an earlier one. Its own place keeps what was durable there,
    /// and zeros after that. Returns whether there was a sector with an earlier one.
    pub(super) fn misdirect(&mut self) -> bool {
        let durable = self.head.mark.length;
        let log = &mut self.platter.log;
        let sectors = unsynced_sectors(durable, log.len());
        let sectors = sectors.start.max(1)..sectors.end;
        if sectors.is_empty() {
            return false;
        }
        let chance = &mut self.faults.chance;
        let from = sectors.start + chance.below(sectors.len());
        let to = chance.below(from);
        let end = log.len().min((from + 1) * SECTOR_BYTES);
        let mut sector = log[from * SECTOR_BYTES..end].to_vec();
        sector.resize(SECTOR_BYTES, 0);
        log[to * SECTOR_BYTES..(to + 1) * SECTOR_BYTES].copy_from_slice(&sector);
        log[durable.max(from * SECTOR_BYTES)..end].fill(0);
        self.platter.counts.misdirected_sectors += 1;
        true
    }
}

/// The sectors that hold bytes of the log beyond what is durable.
pub(super) fn unsynced_sectors(durable: usize, length: usize) -> Range<usize> {
    match durable < length {
        true => durable / SECTOR_BYTES..length.div_ceil(SECTOR_BYTES),
        false => 0..0,
    }
}
