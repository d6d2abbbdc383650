//! The view that a pair shares, against a plain sorted list.

use std::collections::BTreeSet;

use crdt_model::ids::RecordId;
use crdt_model::reconcile::{Bound, Index, ItemDigest, Position, Shared, Span, Total};
use proptest::prelude::*;

use crate::pairs::{self, labels};

/// A bound at, before or between the items of a list, or at an end.
fn bound(all: &[Position], choice: u16) -> Bound {
    let beside = |position: &Position| {
        let mut position = *position;
        position.record.0[15] ^= 1;
        position
    };
    match (choice % 8, all.get(usize::from(choice) % all.len().max(1))) {
        (0, _) | (_, None) => Bound::Start,
        (1, _) => Bound::End,
        (2..5, Some(position)) => Bound::At(*position),
        (5, Some(position)) => Bound::At(Position {
            record: RecordId([0; 16]),
            ..*position
        }),
        (_, Some(position)) => Bound::At(beside(position)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn spans_ranks_and_cuts_agree_with_a_sorted_list(
        seed: u64,
        held in 0usize..2000,
        choices in proptest::collection::vec((any::<u16>(), any::<u16>()), 20),
    ) {
        let all = labels(12);
        let shared_labels: Vec<_> = all.iter().copied().filter(|label| *label != all[4]).collect();
        let items = pairs::random_items(&mut pairs::rng(seed), &all, held);
        let index = pairs::index(&items);
        let shared = Shared::new(&index, &shared_labels);
        let places: Vec<_> = items.keys().copied().collect();
        let visible: Vec<_> =
            places.iter().copied().filter(|place| place.label != all[4]).collect();
        for (one, other) in choices {
            let span = Span { lower: bound(&places, one), upper: bound(&places, other) };
            let inside: Vec<_> =
                visible.iter().copied().filter(|place| span.contains(place)).collect();
            let listed: Vec<_> = shared.items_in(&span).collect();
            prop_assert_eq!(listed.iter().map(|(place, _)| *place).collect::<Vec<_>>(), inside);
            let sum = listed.iter().fold(Total::ZERO, |total, (_, digest)| {
                total.plus(&Total::of(digest))
            });
            prop_assert_eq!(shared.total_in(&span), sum);

            let rank = usize::from(one) % (visible.len() + 2);
            let found = shared.nth(rank as u64).map(|(place, _)| place);
            prop_assert_eq!(found, visible.get(rank).copied());
            let before = shared.before(&shared.cut(rank as u64)).count();
            prop_assert_eq!(before, rank.min(visible.len()) as u64);
        }
    }

    #[test]
    fn an_index_and_a_view_of_it_know_each_facet_that_was_put_in(seed: u64, held in 1usize..500) {
        let all = labels(6);
        let (there, elsewhere) = (pairs::random_items(&mut pairs::rng(seed), &all, held),
            pairs::random_items(&mut pairs::rng(!seed), &all, held));
        let index = pairs::index(&there);
        prop_assert_eq!(index.is_empty(), there.is_empty());
        let shared_labels = &all[1..];
        let shared = Shared::new(&index, shared_labels);
        for (place, heads) in &there {
            let digest = ItemDigest::of(place, heads);
            prop_assert_eq!(index.get(place), Some(digest));
            let seen = shared_labels.contains(&place.label);
            prop_assert_eq!(shared.compares(&place.label), seen);
            prop_assert_eq!(shared.get(place), seen.then_some(digest));
        }
        let labels: BTreeSet<_> = there.keys().map(|place| place.label).collect();
        prop_assert_eq!(index.labels().copied().collect::<Vec<_>>(), Vec::from_iter(labels));
        let mut sum_shared = Total::ZERO;
        for place in elsewhere.keys() {
            prop_assert_eq!((index.get(place), shared.get(place)), (None, None));
        }
        for label in &all {
            let here = || there.iter().filter(|(place, _)| place.label == *label);
            let records: Vec<_> = here().map(|(place, _)| place.record).collect();
            prop_assert_eq!(index.records(label).collect::<Vec<_>>(), records);
            let sum = here().fold(Total::ZERO, |total, (place, heads)| {
                total.plus(&Total::of(&ItemDigest::of(place, heads)))
            });
            prop_assert_eq!(index.total(label), sum);
            if shared.compares(label) {
                sum_shared = sum_shared.plus(&sum);
            }
        }
        prop_assert_eq!(shared.total(), sum_shared);
    }

    #[test]
    fn what_an_insertion_changed_is_said(seed: u64, held in 1usize..100) {
        let items = pairs::random_items(&mut pairs::rng(seed), &labels(6), held);
        let mut index = pairs::index(&items);
        for (place, heads) in &items {
            prop_assert!(!index.insert(place.label, place.record, *heads));
            let other = heads.map(|byte| !byte);
            prop_assert!(index.insert(place.label, place.record, other));
        }
        prop_assert_eq!(index.len(), held as u64);
    }

    #[test]
    fn an_index_forgets_what_is_removed(seed: u64, held in 1usize..500) {
        let all = labels(6);
        let items = pairs::random_items(&mut pairs::rng(seed), &all, held);
        let mut index = pairs::index(&items);
        let digest = Shared::new(&index, &all).digest();
        let other = pairs::random_items(&mut pairs::rng(!seed), &all, held);
        for (place, heads) in &other {
            index.insert(place.label, place.record, *heads);
        }
        prop_assert_ne!(Shared::new(&index, &all).digest(), digest);
        for place in other.keys() {
            prop_assert!(index.remove(&place.label, &place.record));
            prop_assert!(!index.remove(&place.label, &place.record));
        }
        prop_assert_eq!(Shared::new(&index, &all).digest(), digest);
        let mut left = items.len() as u64;
        for place in items.keys() {
            prop_assert_eq!((index.len(), index.is_empty()), (left, false));
            prop_assert!(index.remove(&place.label, &place.record));
            left -= 1;
        }
        prop_assert_eq!((index.len(), index.is_empty()), (0, true));
        prop_assert_eq!(index.labels().count(), 0);
        prop_assert_eq!(
            Shared::new(&index, &all).digest(),
            Shared::new(&Index::new(), &[]).digest()
        );
    }
}

#[test]
fn the_records_of_a_label_go_on_after_any_record() {
    let all = labels(2);
    let items = pairs::random_items(&mut pairs::rng(5), &all, 500);
    let index = pairs::index(&items);
    let records: Vec<_> = index.records(&all[0]).collect();
    for (at, record) in records.iter().enumerate() {
        let after: Vec<_> = index.records_after(&all[0], Some(*record)).collect();
        assert_eq!(after, records[at + 1..]);
    }
    let last = RecordId([0xff; 16]);
    assert_eq!(index.records_after(&all[0], Some(last)).next(), None);
    assert_eq!(index.records_after(&labels(3)[2], None).next(), None);
}
