//! Two nodes' indexes, and a comparison between them that counts its cost.

use std::collections::BTreeMap;

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::label::{Grade, Label};
use crdt_model::limits::{
    RECONCILE_REQUEST_BYTES_MAX, RECONCILE_RESPONSE_BYTES_MAX, RECONCILE_ROUNDS_MAX,
};
use crdt_model::reconcile::{
    Bound, Differences, Index, Initiator, Position, Request, Response, Shared, respond,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The items of one node: position to digest of heads.
pub(crate) type Items = BTreeMap<Position, [u8; 32]>;

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Label number `number` of a county: one of four facets of one of many villages.
pub(crate) fn label(number: u64) -> Label {
    let name = |text: &str| Name::new(text).expect("a name");
    let facets = ["case.parties", "case.summary", "grid.report", "notice.text"];
    let home = NodeId::from_code(620_723_101_200 + number / 4).expect("a code");
    Label {
        facet: name(facets[number as usize % 4]),
        home,
        addressee: home,
        grade: Grade {
            sensitivity: name("internal"),
            level: name("village"),
        },
    }
}

/// Labels 0 to `count`, in order.
pub(crate) fn labels(count: u64) -> Vec<Label> {
    let mut labels: Vec<_> = (0..count).map(label).collect();
    labels.sort();
    labels
}

pub(crate) fn bytes<const N: usize>(rng: &mut impl Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// This many items, spread over the labels.
pub(crate) fn random_items(rng: &mut impl Rng, labels: &[Label], count: usize) -> Items {
    let mut items = Items::new();
    while items.len() < count {
        let label = labels[rng.next_u64() as usize % labels.len()];
        let record = RecordId(bytes(rng));
        items.insert(Position { label, record }, bytes(rng));
    }
    items
}

pub(crate) fn index(items: &Items) -> Index {
    let mut index = Index::new();
    for (position, heads) in items {
        assert!(index.insert(position.label, position.record, *heads));
    }
    assert_eq!(index.len(), items.len() as u64);
    index
}

/// What a comparison cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) comparisons: u32,
    pub(crate) rounds: u32,
    pub(crate) request_bytes: usize,
    pub(crate) response_bytes: usize,
    pub(crate) request_bytes_most: usize,
    pub(crate) response_bytes_most: usize,
}

impl Cost {
    pub(crate) fn bytes(&self) -> usize {
        self.request_bytes + self.response_bytes
    }
}

/// One comparison, every message through its encoding.
pub(crate) fn compare(
    asking: &Shared<'_>,
    answering: &Shared<'_>,
    from: Bound,
    cost: &mut Cost,
) -> Differences {
    run(Initiator::new(from), asking, answering, cost)
}

pub(crate) fn run(
    mut initiator: Initiator,
    asking: &Shared<'_>,
    answering: &Shared<'_>,
    cost: &mut Cost,
) -> Differences {
    cost.comparisons += 1;
    while let Some(request) = initiator.request(asking) {
        let sent = request.encode();
        let request = Request::decode(&sent).expect("what was encoded decodes");
        let answer = respond(answering, &request)
            .expect("an honest request")
            .encode();
        let response = Response::decode(&answer).expect("what was encoded decodes");
        initiator
            .receive(asking, &response)
            .expect("an honest answer");
        assert!(sent.len() <= RECONCILE_REQUEST_BYTES_MAX);
        assert!(answer.len() <= RECONCILE_RESPONSE_BYTES_MAX);
        cost.rounds += 1;
        cost.request_bytes += sent.len();
        cost.response_bytes += answer.len();
        cost.request_bytes_most = cost.request_bytes_most.max(sent.len());
        cost.response_bytes_most = cost.response_bytes_most.max(answer.len());
    }
    assert!(initiator.rounds() <= RECONCILE_ROUNDS_MAX);
    initiator.finish()
}

/// Comparisons one after the other, each from where the last one ended, until all is compared.
pub(crate) fn compare_all(one: &Items, other: &Items, labels: &[Label]) -> (Differences, Cost) {
    let (one, other) = (index(one), index(other));
    let (asking, answering) = (Shared::new(&one, labels), Shared::new(&other, labels));
    let mut cost = Cost::default();
    let mut all = Differences::default();
    let mut from = Bound::Start;
    loop {
        let found = compare(&asking, &answering, from, &mut cost);
        all.need.extend(&found.need);
        all.offer.extend(&found.offer);
        all.differ.extend(&found.differ);
        match found.resume {
            None => return (all, cost),
            Some(next) => {
                assert!(next > from, "a comparison gets somewhere");
                from = next;
            }
        }
    }
}

/// What a comparison should find.
pub(crate) fn expected(one: &Items, other: &Items) -> Differences {
    let lacks = |items: &Items, others: &Items| -> Vec<Position> {
        items
            .keys()
            .filter(|position| !others.contains_key(position))
            .copied()
            .collect()
    };
    Differences {
        need: lacks(other, one),
        offer: lacks(one, other),
        differ: one
            .iter()
            .filter(|(position, heads)| other.get(position).is_some_and(|found| found != *heads))
            .map(|(position, _)| *position)
            .collect(),
        resume: None,
    }
}

/// What was found by several comparisons, as one would have found it.
pub(crate) fn tidy(mut found: Differences) -> Differences {
    for list in [&mut found.need, &mut found.offer, &mut found.differ] {
        list.sort();
        list.dedup();
    }
    found
}

/// A bound in the longest encoding there is: no part of its label is that of its neighbours.
pub(crate) fn long_bound(number: u64) -> Bound {
    let name = |kind: char| {
        let text = format!("{kind}{number:030}");
        Name::new(&text).expect("31 bytes")
    };
    let node = |offset: u64| NodeId::from_code(620_723_000_000 + offset + number).expect("a code");
    let grade = Grade {
        sensitivity: name('s'),
        level: name('l'),
    };
    let label = Label {
        facet: name('f'),
        home: node(0),
        addressee: node(500_000),
        grade,
    };
    Bound::At(Position {
        label,
        record: RecordId([0xff; 16]),
    })
}
