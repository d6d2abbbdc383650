//! How much more fits into a message that is being put together.

use super::message::{Item, Question, Range, RangeContent};
use super::position::Bound;
use super::wire::{BOUND_BYTES_MAX, Encoder, ITEM_BYTES, ITEM_BYTES_MAX};
use crate::encoding::Writer;
use crate::limits::{RECONCILE_ITEMS_MAX, RECONCILE_RANGES_MAX};

/// Bytes before the first range, at most: a bound and a count.
const HEAD_BYTES_MAX: usize = BOUND_BYTES_MAX + 3;
/// Bytes of a range without its items, at most: flags, two bounds, a count.
const RANGE_BYTES_MAX: usize = 1 + 2 * BOUND_BYTES_MAX + 3;

/// Counts the ranges, items and bytes that a message still has room for.
///
/// Bytes are counted by encoding; only how many items a list may have is estimated, from above.
#[derive(Debug)]
pub(super) struct Budget {
    encoder: Encoder,
    bytes: usize,
    ranges: usize,
    items: usize,
}

impl Budget {
    /// Room for a message of at most this many bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            encoder: Encoder::default(),
            bytes: bytes_max.saturating_sub(HEAD_BYTES_MAX),
            ranges: RECONCILE_RANGES_MAX,
            items: RECONCILE_ITEMS_MAX,
        }
    }

    /// Takes the room of a question, if there is enough.
    pub(super) fn question(&mut self, question: &Question) -> bool {
        self.take(0, |encoder, writer| encoder.question(writer, question))
    }

    /// Takes the room of a range, if there is enough.
    pub(super) fn range(&mut self, range: &Range) -> bool {
        let items = match &range.content {
            RangeContent::Items(items) => items.len(),
            RangeContent::Fingerprint(_) => 0,
        };
        self.take(items, |encoder, writer| encoder.range(writer, range))
    }

    /// As many items as there is certainly room for in one list, and the bound before the first
    /// item that was left.
    pub(super) fn list(&self, items: impl Iterator<Item = Item>) -> (Vec<Item>, Option<Bound>) {
        let mut bytes = self.bytes.saturating_sub(RANGE_BYTES_MAX);
        let mut taken: Vec<Item> = Vec::new();
        for item in items {
            let last = taken.last();
            let same = last.is_some_and(|last| last.position.label == item.position.label);
            let cost = if same { ITEM_BYTES } else { ITEM_BYTES_MAX };
            if taken.len() == self.items || bytes < cost {
                let cut = match last {
                    Some(last) => Bound::At(item.position.cut_after(&last.position)),
                    None => Bound::At(item.position),
                };
                return (taken, Some(cut));
            }
            bytes -= cost;
            taken.push(item);
        }
        (taken, None)
    }

    fn take(&mut self, items: usize, write: impl FnOnce(&mut Encoder, &mut Writer)) -> bool {
        let mut encoder = self.encoder.clone();
        let mut writer = Writer::new();
        write(&mut encoder, &mut writer);
        if self.ranges == 0 || items > self.items || writer.len() > self.bytes {
            return false;
        }
        self.encoder = encoder;
        self.ranges -= 1;
        self.items -= items;
        self.bytes -= writer.len();
        true
    }
}
