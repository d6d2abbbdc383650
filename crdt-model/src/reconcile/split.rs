//! Into how many parts a span is split, and where.
//!
//! Both sides split in turn: the asking side in its requests, the answering side in its responses,
//! until parts are so small that the answering side lists them. A span of `n` items that is split
//! `levels` times into `s` parts ends in parts of `n / s^levels`. The last split should be the
//! asking side's, for then the list is the answer to it and no further round is needed. So the
//! asking side plans an odd number of levels and the answering side an even one: the smallest
//! number for which [`RECONCILE_SPLIT`] parts are enough, and then the smallest number of parts
//! that does it.

use super::fingerprint::Total;
use super::index::Shared;
use super::position::Span;
use crate::limits::{RECONCILE_PART_ITEMS, RECONCILE_SPLIT};

/// Parts into which the asking side splits a span with this many items.
pub(super) fn parts_of_initiator(items: u64) -> u64 {
    parts(items, 1)
}

/// Parts into which the answering side splits a span with this many items.
pub(super) fn parts_of_responder(items: u64) -> u64 {
    parts(items, 2)
}

/// The fewest parts with which `levels`, `levels + 2`, `levels + 4` … splits come down to
/// [`RECONCILE_PART_ITEMS`]; sixteen levels are enough for any count.
fn parts(items: u64, levels: u32) -> u64 {
    let enough = |parts: u64, levels: u32| {
        parts
            .saturating_pow(levels)
            .saturating_mul(RECONCILE_PART_ITEMS as u64)
            >= items
    };
    let most = RECONCILE_SPLIT as u64;
    let levels = (levels..=64)
        .step_by(2)
        .find(|levels| enough(most, *levels))
        .unwrap_or(64);
    (2..most)
        .find(|parts| enough(*parts, levels))
        .unwrap_or(most)
}

/// The parts of a span, in order and each with its total, so that they hold equally many items.
pub(super) fn split<'a>(
    shared: &'a Shared<'_>,
    span: &Span,
    parts: u64,
) -> impl Iterator<Item = (Span, Total)> + 'a {
    let Span { mut lower, upper } = *span;
    let first = shared.before(&lower).count();
    let items = shared.before(&upper).count().saturating_sub(first);
    let parts = parts.min(items).max(1);
    (1..=parts).map(move |part| {
        let cut = if part == parts {
            upper
        } else {
            shared.cut(first + nth_share(items, part, parts))
        };
        let span = Span { lower, upper: cut };
        lower = cut;
        (span, shared.total_in(&span))
    })
}

/// `items * part / parts`, without overflow.
fn nth_share(items: u64, part: u64, parts: u64) -> u64 {
    let share = u128::from(items) * u128::from(part) / u128::from(parts.max(1));
    u64::try_from(share).unwrap_or(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asking_side_makes_the_last_split() {
        let last = RECONCILE_PART_ITEMS as u64;
        let mut items = 1_000_000;
        let mut asking = true;
        while items > last {
            items = items.div_ceil(if asking {
                parts_of_initiator(items)
            } else {
                parts_of_responder(items)
            });
            asking = !asking;
        }
        assert!(!asking);
    }

    #[test]
    fn no_count_needs_more_parts_than_there_are() {
        for items in [0, 1, 2, 17, 1 << 20, u64::MAX] {
            for parts in [parts_of_initiator(items), parts_of_responder(items)] {
                assert!((2..=RECONCILE_SPLIT as u64).contains(&parts), "{items}");
            }
        }
    }
}
