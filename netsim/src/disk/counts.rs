//! How often each fault of a disk took effect.

/// One counter for each kind of fault. A fault that was asked for and changed nothing is not
/// counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Batches that were written and not synced, and are gone.
    pub lost_batches: u64,
    /// Sectors of the log of which only the front reached the disk.
    pub torn_sectors: u64,
    /// Head slots of which only the front reached the disk.
    pub torn_heads: u64,
    /// Sectors that did not reach the disk although a later one did.
    pub reordered_sectors: u64,
    /// Sectors that landed in the place of another.
    pub misdirected_sectors: u64,
    /// Bits of values that turned over.
    pub rotten_bits: u64,
    /// Writes for which there was no room.
    pub full: u64,
    /// Syncs that failed.
    pub failed_syncs: u64,
    /// Times that a store was found to be rolled back.
    pub rollbacks_detected: u64,
}

impl Counts {
    /// Adds the counts of another disk, or of another run.
    pub fn add(&mut self, other: &Self) {
        self.lost_batches += other.lost_batches;
        self.torn_sectors += other.torn_sectors;
        self.torn_heads += other.torn_heads;
        self.reordered_sectors += other.reordered_sectors;
        self.misdirected_sectors += other.misdirected_sectors;
        self.rotten_bits += other.rotten_bits;
        self.full += other.full;
        self.failed_syncs += other.failed_syncs;
        self.rollbacks_detected += other.rollbacks_detected;
    }

    /// Every counter by its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        [
            ("lost batches", self.lost_batches),
            ("torn sectors", self.torn_sectors),
            ("torn heads", self.torn_heads),
            ("reordered sectors", self.reordered_sectors),
            ("misdirected sectors", self.misdirected_sectors),
            ("rotten bits", self.rotten_bits),
            ("full disks", self.full),
            ("failed syncs", self.failed_syncs),
            ("rollbacks detected", self.rollbacks_detected),
        ]
        .into_iter()
    }
}
