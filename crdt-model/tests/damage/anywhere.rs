//! Damage anywhere, at any time: in the end all nodes are equal, and nobody signed a number twice.

use crdt_model::engine::Input;
use crdt_model::label::FacetId;
use proptest::prelude::*;

use crate::county::*;

const CODES: [u64; 3] = [COUNTY, TOWNSHIP, VILLAGE];

#[derive(Clone, Debug)]
enum Step {
    Write(usize, u8),
    /// The value at some key of a facet.
    Damage(usize, u8, u8),
    Read(usize, u8),
    Restart(usize),
    Disconnect(usize),
    Connect(usize),
    Run,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (node, record) = (0..CODES.len(), 0..3u8);
    let step = prop_oneof![
        6 => (node.clone(), record.clone()).prop_map(|(node, record)| Step::Write(node, record)),
        3 => (node.clone(), record.clone(), any::<u8>())
            .prop_map(|(node, record, key)| Step::Damage(node, record, key)),
        1 => (node.clone(), record).prop_map(|(node, record)| Step::Read(node, record)),
        1 => node.clone().prop_map(Step::Restart),
        1 => node.clone().prop_map(Step::Disconnect),
        2 => node.prop_map(Step::Connect),
        2 => Just(Step::Run),
    ];
    proptest::collection::vec(step, 1..40)
}

fn up(record: u8) -> FacetId {
    facet("note.up", record)
}

fn take(county: &mut County, number: usize, step: &Step) {
    match *step {
        Step::Write(node, record) => {
            county.write(CODES[node], up(record), "text", &number.to_string());
        }
        Step::Damage(node, record, key) => {
            let mut keys = county.commit_keys(CODES[node], &up(record));
            keys.extend(county.entry_keys(CODES[node], &up(record)));
            if !keys.is_empty() {
                let key = &keys[usize::from(key) % keys.len()];
                county.node(CODES[node]).store.damage(key);
            }
        }
        Step::Read(node, record) => {
            let facet = up(record);
            let read = Input::Damaged { facet };
            county.input(CODES[node], read).expect("a store");
        }
        Step::Restart(node) => county.restart(CODES[node]).expect("a node"),
        Step::Disconnect(node) => county.disconnect(CODES[node]),
        Step::Connect(node) => county.connect(CODES[node]),
        Step::Run => county.run_ms(1_000),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_damaged_all_nodes_become_equal_and_nothing_forks(steps in steps()) {
        let mut county = County::new();
        for (number, step) in steps.iter().enumerate() {
            take(&mut county, number, step);
        }
        for (node, record) in (0..CODES.len()).flat_map(|node| (0..3).map(move |one| (node, one))) {
            take(&mut county, 0, &Step::Read(node, record));
        }
        CODES.iter().for_each(|code| county.connect(*code));
        county.run_ms(30_000);
        prop_assert!(county.in_sync());
        prop_assert!(!county.forked());
        for record in 0..3 {
            let document = county.document(COUNTY, &up(record));
            prop_assert_eq!(document.frozen(), []);
            for code in CODES {
                prop_assert_eq!(&county.document(code, &up(record)), &document);
            }
        }
    }
}
