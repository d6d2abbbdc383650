//! The head: how far the log was durable when it was last synced.
//!
//! Two slots, a sector each, written in turn, so that a torn one leaves the other. The whole slot
//! with the higher turn counts.
//!
//! ```text
//! 0   8  turn        raised by every write of the head; odd ones stand in the second slot
//! 8   8  generation  of the log that counts
//! 16  8  length      bytes of the log that are durable
//! 24  8  batches     batches that are durable
//! 32  4  digest      chained over the checksums of the frames of those batches
//! 36  4  checksum    over the bytes before
//! ```
//!
//! The digest covers the checksums of frames, and these cover keys, lengths and what values ought
//! to be, but not the values as they lie there: rot does not look like a rollback.

use super::frame::{Frame, PREAMBLE_BYTES, take};
use super::platter::SECTOR_BYTES;

/// Bytes of a slot.
pub(super) const SLOT_BYTES: usize = 40;
/// Bytes of the head file.
pub(super) const HEAD_BYTES: usize = 2 * SECTOR_BYTES;

/// A point in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Raised whenever the log is rewritten.
    pub(super) generation: u64,
    /// Bytes up to here.
    pub(super) length: usize,
    /// Batches up to here.
    pub(super) batches: u64,
    /// Digest of the structure up to here.
    pub(super) digest: u32,
}

impl Mark {
    /// The point before the first batch.
    pub(super) fn start(generation: u64) -> Self {
        Self {
            generation,
            length: PREAMBLE_BYTES,
            batches: 0,
            digest: 0,
        }
    }

    /// The point after a batch that begins here.
    pub(super) fn after(&self, frame: &Frame) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.digest.to_be_bytes());
        hasher.update(&frame.checksum.to_be_bytes());
        Self {
            generation: self.generation,
            length: frame.end,
            batches: self.batches + 1,
            digest: hasher.finalize(),
        }
    }
}

/// What a slot says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) turn: u64,
    pub(super) mark: Mark,
}

impl Head {
    /// The newest whole slot of a head file.
    pub(super) fn newest(file: &[u8]) -> Option<Self> {
        let slots = file.chunks(SECTOR_BYTES).filter_map(Self::decode);
        slots.max_by_key(|head| head.turn)
    }

    /// What the next write of the head says.
    pub(super) fn next(&self, mark: Mark) -> Self {
        Self {
            turn: self.turn + 1,
            mark,
        }
    }

    /// Writes the front of this head's slot; all of it, if `bytes` is not less than its length.
    pub(super) fn write(&self, file: &mut [u8], bytes: usize) {
        let offset = (self.turn % 2) as usize * SECTOR_BYTES;
        for (to, from) in file.iter_mut().skip(offset).zip(self.encode()).take(bytes) {
            *to = from;
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SLOT_BYTES);
        bytes.extend(self.turn.to_be_bytes());
        bytes.extend(self.mark.generation.to_be_bytes());
        bytes.extend((self.mark.length as u64).to_be_bytes());
        bytes.extend(self.mark.batches.to_be_bytes());
        bytes.extend(self.mark.digest.to_be_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let (body, checksum) = slot.get(..SLOT_BYTES)?.split_last_chunk()?;
        if crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
            return None;
        }
        let mut rest = body;
        let turn = u64::from_be_bytes(take(&mut rest)?);
        let mark = Mark {
            generation: u64::from_be_bytes(take(&mut rest)?),
            length: usize::try_from(u64::from_be_bytes(take(&mut rest)?)).ok()?,
            batches: u64::from_be_bytes(take(&mut rest)?),
            digest: u32::from_be_bytes(take(&mut rest)?),
        };
        Some(Self { turn, mark })
    }
}
