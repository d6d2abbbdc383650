//! A fresh log with what is live in another: no byte of a deleted value gets there.

use crdt_model::store::StoreError;

use super::frame::{self, Index};
use super::head::Mark;

/// Bytes of values after which another batch begins.
const BATCH_BYTES: usize = 1024 * 1024;

/// A log that nothing refers to yet.
pub(super) struct Rewritten {
    pub(super) log: Vec<u8>,
    pub(super) index: Index,
    pub(super) end: Mark,
}

/// Copies the live entries of a log into a log of another generation. Fails at the first value that
/// is damaged.
pub(super) fn live(log: &[u8], index: &Index, generation: u64) -> Result<Rewritten, StoreError> {
    let mut new = Rewritten {
        log: frame::empty_log(generation),
        index: Index::new(),
        end: Mark::start(generation),
    };
    let mut entries: Vec<(&[u8], &[u8])> = Vec::new();
    let mut bytes = 0;
    for (key, place) in index {
        let value = frame::value(log, key, place)?;
        bytes += value.len();
        entries.push((key, value));
        if bytes >= BATCH_BYTES {
            new.append(&entries)?;
            entries.clear();
            bytes = 0;
        }
    }
    new.append(&entries)?;
    Ok(new)
}

impl Rewritten {
    fn append(&mut self, entries: &[(&[u8], &[u8])]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let puts = entries.iter().map(|(key, value)| (*key, Some(*value)));
        let frame = frame::append(&mut self.log, &self.end, puts)?;
        self.end = self.end.after(&frame);
        frame.apply(&mut self.index);
        Ok(())
    }
}

/// Takes the entries out of an index whose values are damaged, and names their keys.
pub(super) fn remove_damaged(log: &[u8], index: &mut Index) -> Vec<Vec<u8>> {
    index
        .extract_if(.., |key, place| frame::value(log, key, place).is_err())
        .map(|(key, _)| key.into_vec())
        .collect()
}
