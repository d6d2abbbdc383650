//! What survives when the machine is off.

use std::fmt;

use super::counts::Counts;
use super::frame;
use super::head::{HEAD_BYTES, Head, Mark};

/// What a disk writes whole or not at all, in the best case.
pub const SECTOR_BYTES: usize = 512;

/// The bytes of a disk: a log and a head file. A clone is a backup.
///
/// It also carries what befell it, for the simulation to read; that is not on the disk.
#[derive(Clone)]
pub struct Platter {
    pub(super) log: Vec<u8>,
    pub(super) head: Vec<u8>,
    pub(super) counts: Counts,
}

impl Platter {
    /// A disk with an empty log of this generation, durable.
    pub(super) fn format() -> (Self, Head) {
        let mark = Mark::start(1);
        let head = Head { turn: 0, mark };
        let mut platter = Self {
            log: frame::empty_log(mark.generation),
            head: vec![0; HEAD_BYTES],
            counts: Counts::default(),
        };
        platter.write_head(&head);
        (platter, head)
    }

    pub(super) fn write_head(&mut self, head: &Head) {
        head.write(&mut self.head, HEAD_BYTES);
    }

    /// Everything that lies on the disk, deleted and overwritten values included.
    pub fn image(&self) -> impl Iterator<Item = &[u8]> {
        [self.log.as_slice(), self.head.as_slice()].into_iter()
    }

    /// Bytes that are taken.
    pub fn bytes(&self) -> u64 {
        (self.log.len() + self.head.len()) as u64
    }

    /// What befell this disk so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Puts the log of a backup in the place of its own, and leaves the head as it is.
    pub fn restore_log(&mut self, backup: &Self) {
        self.log.clone_from(&backup.log);
    }

    /// Puts everything of a backup in the place of its own. Nobody who looks at the disk alone can
    /// tell.
    pub fn restore_all(&mut self, backup: &Self) {
        self.restore_log(backup);
        self.head.clone_from(&backup.head);
    }

    /// Leaves the log without a byte, and the head as it is.
    pub fn empty_log(&mut self) {
        self.log = Vec::new();
    }
}

impl fmt::Debug for Platter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platter")
            .field("bytes", &self.bytes())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
