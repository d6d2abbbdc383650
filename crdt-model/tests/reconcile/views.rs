//! The view that a pair shares, against a plain sorted list.

use crdt_model::ids::RecordId;
use crdt_model::reconcile::{Bound, Index, Position, Shared, Span, Total};
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
        for place in items.keys() {
            prop_assert!(index.remove(&place.label, &place.record));
        }
        prop_assert!(index.is_empty());
        prop_assert_eq!(index.labels().count(), 0);
        prop_assert_eq!(
            Shared::new(&index, &all).digest(),
            Shared::new(&Index::new(), &[]).digest()
        );
    }
}
