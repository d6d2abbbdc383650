//! How much more fits into a message that is being put together.

use super::message::{Item, Question, Range, RangeContent};
use super::position::Bound;
use super::wire::{BOUND_BYTES_MAX, Encoder, ITEM_BYTES, ITEM_BYTES_MAX};
use crate::encoding::Writer;
use crate::limits::{RECONCILE_ITEMS_MAX, RECONCILE_RANGES_MAX};

/// Bytes before the first range, at most: a bound and a count.
const HEAD_BYTES_MAX: usize = BOUND_BYTES_MAX + 2;
/// Bytes of a range without its items, at most: flags, two bounds, a count.
const RANGE_BYTES_MAX: usize = 1 + 2 * BOUND_BYTES_MAX + 2;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Name, NodeId, RecordId};
    use crate::label::{Grade, Label};
    use crate::reconcile::{Fingerprint, Position, ShortDigest, Span};

    /// In the longest encoding there is: no part of its label is that of another number's.
    fn item(number: u64, record: u8) -> Item {
        let name = |kind| Name::new(&format!("{kind}{number:030}")).expect("31 bytes");
        let node = |code| NodeId::from_code(code + number).expect("a code");
        let label = Label {
            facet: name('f'),
            home: node(620_723_000_000),
            addressee: node(620_723_500_000),
            grade: Grade {
                sensitivity: name('s'),
                level: name('l'),
            },
        };
        Item {
            position: Position {
                label,
                record: RecordId([record; 16]),
            },
            digest: ShortDigest([0; 16]),
        }
    }

    fn bound(number: u64) -> Bound {
        Bound::At(item(number, 0xff).position)
    }

    fn range(items: Vec<Item>) -> Range {
        Range {
            span: Span {
                lower: bound(1),
                upper: bound(2),
            },
            content: RangeContent::Items(items),
        }
    }

    fn encoded(write: impl FnOnce(&mut Encoder, &mut Writer)) -> usize {
        let (mut encoder, mut writer) = (Encoder::default(), Writer::new());
        write(&mut encoder, &mut writer);
        writer.len()
    }

    #[test]
    fn estimates_are_what_the_longest_values_take() {
        let head = encoded(|encoder, writer| {
            encoder.bound(writer, &bound(1));
            writer.count(RECONCILE_RANGES_MAX);
        });
        assert_eq!(head, HEAD_BYTES_MAX);
        let full = range(vec![item(3, 1); RECONCILE_ITEMS_MAX]);
        assert_eq!(
            encoded(|encoder, writer| encoder.range(writer, &full)),
            RANGE_BYTES_MAX + ITEM_BYTES_MAX + (RECONCILE_ITEMS_MAX - 1) * ITEM_BYTES
        );
    }

    #[test]
    fn a_list_has_all_that_there_is_certainly_room_for() {
        let same: Vec<_> = (1..=4).map(|record| item(1, record)).collect();
        let other: Vec<_> = (1..=4).map(|number| item(number, 1)).collect();
        for (items, room) in [
            (same, ITEM_BYTES_MAX + 2 * ITEM_BYTES),
            (other, 3 * ITEM_BYTES_MAX),
        ] {
            for (short, count) in [(0, 3), (1, 2)] {
                let budget = Budget::new(HEAD_BYTES_MAX + RANGE_BYTES_MAX + room - short);
                let (taken, cut) = budget.list(items.iter().copied());
                assert_eq!(taken, items[..count]);
                let cut = cut.expect("some were left");
                assert!(Bound::At(items[count - 1].position) < cut);
                assert!(cut <= Bound::At(items[count].position));
            }
            let budget = Budget::new(HEAD_BYTES_MAX + RANGE_BYTES_MAX + room);
            let three = items[..3].to_vec();
            assert_eq!(budget.list(three.iter().copied()), (three, None));
        }
    }

    #[test]
    fn what_has_room_to_the_byte_is_taken_once() {
        let question = Question {
            span: Span {
                lower: bound(1),
                upper: bound(2),
            },
            fingerprint: Fingerprint {
                count: 1,
                hash: [0; 16],
            },
        };
        let range = range(vec![item(1, 0xff)]);
        let asked = encoded(|encoder, writer| encoder.question(writer, &question));
        let listed = encoded(|encoder, writer| encoder.range(writer, &range));
        for (short, fits) in [(0, true), (1, false)] {
            let mut budget = Budget::new(HEAD_BYTES_MAX + asked - short);
            assert_eq!(budget.question(&question), fits);
            assert!(!budget.question(&question));
            let mut budget = Budget::new(HEAD_BYTES_MAX + listed - short);
            assert_eq!(budget.range(&range), fits);
            assert!(!budget.range(&range));
        }
    }

    #[test]
    fn ranges_and_items_are_counted_over_the_whole_message() {
        let mut budget = Budget::new(usize::MAX);
        assert!(!budget.range(&range(vec![item(1, 1); RECONCILE_ITEMS_MAX + 1])));
        assert!(budget.range(&range(vec![item(1, 1); RECONCILE_ITEMS_MAX - 2])));
        let (taken, cut) = budget.list((1..=3).map(|record| item(1, record)));
        assert_eq!(taken.len(), 2);
        assert!(cut.is_some());
        assert!(!budget.range(&range(vec![item(1, 1); 3])));
        assert!(budget.range(&range(vec![item(1, 1); 2])));
        for _ in 2..RECONCILE_RANGES_MAX {
            assert!(budget.range(&range(Vec::new())));
        }
        assert!(!budget.range(&range(Vec::new())));
    }
}
