//! Commits of several authors come to the same, in whatever order they arrive, also where two
//! clones write as one author.

use std::collections::BTreeMap;

use crdt_model::commit::{Commit, CommitBody, actor_of};
use crdt_model::document::Document;
use crdt_model::history::{History, HistoryError};
use crdt_model::ids::{CharterVersion, Epoch, PublicKey, Seq};
use crdt_model::label::Grade;
use crdt_model::replica::heads_digest;
use crdt_model::time::WallTime;
use crdt_model::value::{OperationId, Value};
use proptest::prelude::*;

use crate::samples::{facet, grade, key, node, put};

const AUTHORS: usize = 3;
/// One for each author, and one for a clone of the first.
const REPLICAS: usize = AUTHORS + 1;
const KEYS: [&str; 3] = ["step", "text", "who"];

fn actor(author: u64) -> crdt_model::ids::ActorId {
    let key = PublicKey(key(author).verifying_key().to_bytes());
    actor_of(&key, &facet(), Epoch(1))
}

fn add(history: &mut History, commit: &Commit) -> Result<(), HistoryError> {
    history.insert(commit.clone(), actor(commit.body().author.code() % 10))
}

/// What an author does next.
#[derive(Clone, Debug)]
enum Step {
    Write {
        replica: usize,
        field: usize,
        value: Option<i64>,
        regrade: bool,
    },
    Learn {
        replica: usize,
        from: usize,
    },
}

/// What these many replicas do; the one past the authors is a clone of the first.
fn steps(replicas: usize) -> impl Strategy<Value = Vec<Step>> {
    let write = (
        0..replicas,
        0..KEYS.len(),
        any::<Option<i64>>(),
        any::<bool>(),
    )
        .prop_map(|(replica, field, value, regrade)| Step::Write {
            replica,
            field,
            value,
            regrade,
        });
    let learn =
        (0..replicas, 0..replicas).prop_map(|(replica, from)| Step::Learn { replica, from });
    proptest::collection::vec(prop_oneof![3 => write, 2 => learn], 1..40)
}

fn write(
    history: &History,
    author: u64,
    field: &str,
    value: Option<i64>,
    regrade: bool,
) -> Option<Commit> {
    let document = Document::build(history).expect("a document");
    let operation = document.operation(field, value.map(Value::Integer));
    let life = (node(author), Epoch(1));
    let parents = history.parents_for(life);
    let seq = history.last_of(life).map_or(0, |(seq, _)| seq.0) + 1;
    let grown = put(
        &format!("line/{author}-{seq}"),
        Some(Value::Boolean(true)),
        &[],
    );
    let level = if seq.is_multiple_of(2) { "two" } else { "one" };
    let body = CommitBody {
        facet: facet(),
        author: node(author),
        epoch: Epoch(1),
        seq: Seq(seq),
        start: history.next_counter(&parents),
        wall: WallTime::from_ms(seq),
        charter: CharterVersion(1),
        grade: (parents.is_empty() || regrade).then(|| grade(level)),
        parents,
        operations: [grown].into_iter().chain(operation).collect(),
    };
    body.sign(&key(author)).ok()
}

/// All commits that come of these steps, in the order they were made.
fn play(steps: &[Step]) -> Vec<Commit> {
    let mut histories = vec![History::new(facet()); REPLICAS];
    let mut all = Vec::new();
    for step in steps {
        match *step {
            Step::Write {
                replica,
                field,
                value,
                regrade,
            } => {
                let number = (replica % AUTHORS) as u64 + 1;
                let commit = write(&histories[replica], number, KEYS[field], value, regrade);
                let commit = commit.expect("a commit");
                add(&mut histories[replica], &commit).expect("it fits where it was made");
                // A clone may come to write the very same.
                if !all.contains(&commit) {
                    all.push(commit);
                }
            }
            Step::Learn { replica, from } => {
                let news: Vec<_> = histories[from]
                    .commits()
                    .map(|(commit, _)| commit.clone())
                    .collect();
                for commit in news {
                    match add(&mut histories[replica], &commit) {
                        Ok(()) | Err(HistoryError::Duplicate) => {}
                        Err(why) => panic!("{why}"),
                    }
                }
            }
        }
    }
    all
}

/// Adds commits in this order, those that do not fit yet again and again.
fn deliver(order: &[Commit]) -> History {
    let mut history = History::new(facet());
    let mut waiting: Vec<&Commit> = order.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|commit| match add(&mut history, commit) {
            Ok(()) => false,
            Err(HistoryError::MissingParent(_)) => true,
            Err(why) => panic!("{why}"),
        });
        assert!(
            waiting.len() < before,
            "{} commits never fit",
            waiting.len()
        );
    }
    history
}

/// The commits that count by definition: those of a life before the first number given twice.
fn counting(commits: &[Commit]) -> Vec<&Commit> {
    let place = |commit: &Commit| (commit.body().author, commit.body().epoch, commit.body().seq);
    let frozen = |commit: &Commit| {
        let (author, epoch, seq) = place(commit);
        commits.iter().any(|one| {
            let number = place(one);
            let twice = commits
                .iter()
                .any(|other| place(other) == number && other.hash() != one.hash());
            (number.0, number.1) == (author, epoch) && number.2 <= seq && twice
        })
    };
    commits.iter().filter(|commit| !frozen(commit)).collect()
}

/// The values in force by their definition: what was put and has not been overwritten, both by
/// commits that count.
fn in_force(commits: &[Commit]) -> BTreeMap<String, Vec<(OperationId, Value)>> {
    let mut put = BTreeMap::new();
    let mut overwritten = Vec::new();
    for commit in counting(commits) {
        let actor = actor(commit.body().author.code() % 10);
        for (counter, operation) in commit.counted_operations() {
            overwritten.extend(operation.overwrites.iter().copied());
            if let Some(value) = &operation.value {
                let id = OperationId { counter, actor };
                put.insert(id, (operation.key.clone(), value.clone()));
            }
        }
    }
    let mut fields: BTreeMap<String, Vec<(OperationId, Value)>> = BTreeMap::new();
    for (id, (key, value)) in put {
        if !overwritten.contains(&id) {
            fields.entry(key).or_default().push((id, value));
        }
    }
    fields
}

type Sum = (
    Vec<crdt_model::ids::CommitHash>,
    [u8; 32],
    Vec<Grade>,
    Document,
);

fn sum(history: &History) -> Sum {
    let document = Document::build(history).expect("a document");
    (
        history.heads().collect(),
        heads_digest(history),
        history.grades(),
        document,
    )
}

fn made_and_orders(replicas: usize) -> impl Strategy<Value = (Vec<Commit>, Vec<Vec<Commit>>)> {
    steps(replicas).prop_flat_map(|steps| {
        let made = play(&steps);
        let shuffled = Just(made.clone()).prop_shuffle();
        (Just(made), proptest::collection::vec(shuffled, 4))
    })
}

fn comes_to_the_same(made: &[Commit], orders: &[Vec<Commit>]) {
    let expected = sum(&deliver(made));
    for order in orders {
        assert_eq!(sum(&deliver(order)), expected);
    }
    let document = &expected.3;
    let fields: BTreeMap<_, _> = document
        .fields()
        .map(|(key, values)| {
            let values = values.iter().map(|one| (one.operation, one.value.clone()));
            (key.to_owned(), values.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        fields,
        in_force(made),
        "the document is what was put and not overwritten"
    );
    let operations = |commits: &[&Commit]| -> usize {
        commits.iter().map(|one| one.body().operations.len()).sum()
    };
    let left_out = operations(&made.iter().collect::<Vec<_>>()) - operations(&counting(made));
    assert_eq!(
        document.frozen().len(),
        left_out,
        "nothing disappears unseen"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_order_of_arrival_comes_to_the_same((made, orders) in made_and_orders(AUTHORS)) {
        prop_assert_eq!(deliver(&made).forks().len(), 0);
        comes_to_the_same(&made, &orders);
    }

    #[test]
    fn any_order_comes_to_the_same_where_a_clone_writes_too(
        (made, orders) in made_and_orders(REPLICAS),
    ) {
        comes_to_the_same(&made, &orders);
    }
}
