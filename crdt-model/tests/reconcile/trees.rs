//! The tree against a plain ordered map.

use std::collections::BTreeMap;

use crdt_model::ids::RecordId;
use crdt_model::reconcile::{ItemDigest, Position, Total, Tree};
use proptest::prelude::*;

use crate::pairs::label;

#[derive(Clone, Debug)]
enum Step {
    Insert(RecordId, u8),
    Remove(RecordId),
    /// Many at once, so that nodes split and join.
    Fill(u16, u16),
    Clear(u16, u16),
}

fn numbered(number: u16) -> RecordId {
    let mut record = [7; 16];
    record[14..].copy_from_slice(&number.to_be_bytes());
    RecordId(record)
}

fn step() -> impl Strategy<Value = Step> {
    let record = || (0u16..6000).prop_map(numbered);
    prop_oneof![
        3 => (record(), any::<u8>()).prop_map(|(record, byte)| Step::Insert(record, byte)),
        3 => record().prop_map(Step::Remove),
        1 => (0u16..6000, 0u16..1500).prop_map(|(from, count)| Step::Fill(from, count)),
        1 => (0u16..6000, 0u16..1500).prop_map(|(from, count)| Step::Clear(from, count)),
    ]
}

fn digest(record: RecordId, byte: u8) -> ItemDigest {
    ItemDigest::of(
        &Position {
            label: label(0),
            record,
        },
        &[byte; 32],
    )
}

type Model = BTreeMap<RecordId, ItemDigest>;

fn apply(step: &Step, tree: &mut Tree, model: &mut Model) {
    let mut put = |record, byte| {
        let digest = digest(record, byte);
        assert_eq!(tree.insert(record, digest), model.insert(record, digest));
    };
    match step {
        Step::Insert(record, byte) => put(*record, *byte),
        Step::Fill(from, count) => {
            (*from..from + count).for_each(|number| put(numbered(number), 1))
        }
        Step::Remove(record) => assert_eq!(tree.remove(record), model.remove(record)),
        Step::Clear(from, count) => (*from..from + count).map(numbered).for_each(|record| {
            assert_eq!(tree.remove(&record), model.remove(&record));
        }),
    }
}

fn sum<'a>(digests: impl Iterator<Item = &'a ItemDigest>) -> Total {
    digests.fold(Total::ZERO, |total, digest| total.plus(&Total::of(digest)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_tree_agrees_with_a_plain_map(
        steps in proptest::collection::vec(step(), 1..60),
        asked in proptest::collection::vec(0u16..8000, 20),
    ) {
        let (mut tree, mut model) = (Tree::new(), Model::new());
        for step in &steps {
            apply(step, &mut tree, &mut model);
            prop_assert_eq!(tree.total(), sum(model.values()));
            prop_assert_eq!(tree.is_empty(), model.is_empty());
        }
        let listed: Vec<_> = tree.iter_from(&RecordId([0; 16])).collect();
        let wanted: Vec<_> = model.iter().map(|(record, digest)| (*record, *digest)).collect();
        prop_assert_eq!(&listed, &wanted);
        for number in asked {
            let record = numbered(number);
            prop_assert_eq!(tree.get(&record), model.get(&record).copied());
            prop_assert_eq!(tree.before(&record), sum(model.range(..record).map(|(_, digest)| digest)));
            prop_assert_eq!(tree.nth(u64::from(number)), wanted.get(usize::from(number)).copied());
            let after: Vec<_> = tree.iter_from(&record).take(70).collect();
            let wanted: Vec<_> =
                model.range(record..).take(70).map(|(record, digest)| (*record, *digest)).collect();
            prop_assert_eq!(after, wanted);
        }
    }
}
