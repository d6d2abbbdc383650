//! Random pairs of sets: what is found is exactly what differs.

use crdt_model::ids::RecordId;
use crdt_model::reconcile::Position;
use proptest::prelude::*;

use crate::pairs::{Items, compare_all, expected, label, labels, tidy};

const LABELS: u64 = 6;

/// Positions that crowd together: few labels, and ids that share long prefixes.
fn position() -> impl Strategy<Value = Position> {
    (
        0..LABELS,
        0u8..4,
        prop_oneof![Just(0usize), Just(7), Just(15)],
        any::<u8>(),
    )
        .prop_map(|(number, first, at, byte)| {
            let mut record = [0; 16];
            record[0] = first;
            record[at] ^= byte;
            Position {
                label: label(number),
                record: RecordId(record),
            }
        })
}

/// Items that both have, with what became of each on either side.
fn pair(most: usize) -> impl Strategy<Value = (Items, Items)> {
    let fates = prop_oneof![
        8 => Just((true, true, false)),
        1 => Just((true, true, true)),
        1 => Just((true, false, false)),
        1 => Just((false, true, false)),
    ];
    proptest::collection::vec((position(), any::<u8>(), fates), 0..most).prop_map(|list| {
        let (mut one, mut other) = (Items::new(), Items::new());
        for (position, heads, (first, second, changed)) in list {
            if first {
                one.insert(position, [heads; 32]);
            }
            if second {
                other.insert(position, [heads ^ u8::from(changed); 32]);
            }
        }
        (one, other)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn exactly_the_symmetric_difference_is_found((one, other) in pair(1500)) {
        let (found, _) = compare_all(&one, &other, &labels(LABELS));
        prop_assert_eq!(tidy(found), expected(&one, &other));
    }

    #[test]
    fn small_sets_are_no_exception((one, other) in pair(40)) {
        let (found, cost) = compare_all(&one, &other, &labels(LABELS));
        prop_assert_eq!(found, expected(&one, &other));
        prop_assert!(cost.rounds <= 2);
    }
}

#[test]
fn one_difference_of_any_kind_is_one() {
    let (one, two, three) = (at(1), at(2), at(3));
    let here = Items::from([(one, [1; 32]), (two, [1; 32])]);
    for (there, differs) in [
        (here.clone(), false),
        (Items::from([(one, [1; 32])]), true),
        (Items::from([(one, [1; 32]), (two, [2; 32])]), true),
        (
            Items::from([(one, [1; 32]), (two, [1; 32]), (three, [1; 32])]),
            true,
        ),
    ] {
        let (found, _) = compare_all(&here, &there, &labels(LABELS));
        assert_eq!(found.is_empty(), !differs);
        assert_eq!(found, expected(&here, &there));
    }
}

fn at(first: u8) -> Position {
    Position {
        label: label(0),
        record: RecordId([first; 16]),
    }
}
