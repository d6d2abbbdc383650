//! How a store ends without a goodbye.

use super::faults::unsynced_sectors;
use super::head::SLOT_BYTES;
use super::log_store::LogStore;
use super::open::whole_batches_beyond;
use super::platter::{Platter, SECTOR_BYTES};
use crate::seed::Seed;

/// Cuts out of a hundred that may tear a head slot and come in the middle of a sync.
const DURING_SYNC_PERCENT: usize = 25;

/// What a power cut may do to the sectors that were written and not synced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerCut {
    /// Only the first of them reached the disk, any number.
    pub lost: bool,
    /// Of the last that reached it, only the front did. The cut may also come in the middle of a
    /// sync, when the log has become durable and the head slot is being written.
    pub torn: bool,
    /// Any of them reached the disk, in no order.
    pub reordered: bool,
}

impl PowerCut {
    /// One of the kinds, or several at once.
    pub fn random(chance: &mut Seed) -> Self {
        let bits = chance.below(8);
        Self {
            lost: bits & 1 != 0,
            torn: bits & 2 != 0,
            reordered: bits & 4 != 0,
        }
    }
}

/// How much of a sector reached the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Whole,
    /// So many bytes from its beginning.
    Torn(usize),
    Missing,
}

impl LogStore {
    /// The process ends and the machine goes on: what was written is on the disk, but for what a
    /// failed sync has lost.
    pub fn killed(self) -> Platter {
        self.power_cut(PowerCut::default(), &mut Seed::new(0))
    }

    /// The power goes off. Returns what the disk holds.
    pub fn power_cut(mut self, how: PowerCut, chance: &mut Seed) -> Platter {
        let unsynced = self.unsynced();
        let syncing = how.torn && self.poison.is_none() && unsynced > 0;
        if syncing && chance.percent(DURING_SYNC_PERCENT) {
            self.tear_head(chance);
            return self.platter;
        }
        let durable = self.head.mark;
        let sectors = unsynced_sectors(durable.length, self.platter.log.len());
        let first = sectors.start;
        let mut fates: Vec<Fate> = sectors.map(|sector| self.fate_of(sector)).collect();
        decide(&mut fates, how, chance);
        for (sector, fate) in (first..).zip(&fates) {
            self.write_sector(sector, *fate, how, chance);
        }
        if how.reordered {
            self.platter.counts.reordered_sectors += missing_before_others(&fates);
        }
        let kept = fates.iter().rposition(|fate| *fate != Fate::Missing);
        if kept.is_none_or(|kept| kept + 1 < fates.len()) && chance.percent(50) {
            // The file may be longer than what was written to it, or not.
            let end = kept.map_or(0, |kept| (first + kept + 1) * SECTOR_BYTES);
            self.platter.log.truncate(end.max(durable.length));
        }
        let kept = whole_batches_beyond(&self.platter.log, &durable);
        self.platter.counts.lost_batches += unsynced - kept;
        self.platter
    }

    fn fate_of(&self, sector: usize) -> Fate {
        match self.doomed.contains(&sector) {
            true => Fate::Missing,
            false => Fate::Whole,
        }
    }

    /// The front of the next head slot is written, at most all of it.
    fn tear_head(&mut self, chance: &mut Seed) {
        let bytes = chance.below(SLOT_BYTES + 1);
        let next = self.head.next(self.end);
        next.write(&mut self.platter.head, bytes);
        if (1..SLOT_BYTES).contains(&bytes) {
            self.platter.counts.torn_heads += 1;
        }
    }

    /// Leaves of a sector what reached the disk, and what was durable before.
    fn write_sector(&mut self, sector: usize, fate: Fate, how: PowerCut, chance: &mut Seed) {
        let start = sector * SECTOR_BYTES;
        let end = (start + SECTOR_BYTES).min(self.platter.log.len());
        let kept = match fate {
            Fate::Whole => return,
            Fate::Torn(bytes) => start + bytes,
            Fate::Missing => start,
        };
        let from = kept.max(self.head.mark.length).min(end);
        let rest = &mut self.platter.log[from..end];
        if matches!(fate, Fate::Torn(_)) && rest.iter().any(|byte| *byte != 0) {
            self.platter.counts.torn_sectors += 1;
        }
        // A sector that the file never wrote holds what another file left there.
        let garbage = how.reordered && chance.percent(50);
        rest.fill_with(|| if garbage { chance.bits() as u8 } else { 0 });
    }
}

/// How many sectors are missing although a later one is there.
fn missing_before_others(fates: &[Fate]) -> u64 {
    let last = fates.iter().rposition(|fate| *fate != Fate::Missing);
    let before = fates.iter().take(last.unwrap_or(0));
    before.filter(|fate| **fate == Fate::Missing).count() as u64
}

/// Lets a power cut change the fates of sectors.
fn decide(fates: &mut [Fate], how: PowerCut, chance: &mut Seed) {
    if how.lost {
        let kept = chance.below(fates.len() + 1);
        fates[kept..].fill(Fate::Missing);
    }
    if how.reordered {
        let percent = chance.below(101);
        for fate in fates.iter_mut().filter(|_| chance.percent(percent)) {
            *fate = Fate::Missing;
        }
    }
    let last = fates.iter_mut().rfind(|fate| **fate == Fate::Whole);
    if let Some(last) = last.filter(|_| how.torn) {
        *last = Fate::Torn(1 + chance.below(SECTOR_BYTES - 1));
    }
}
