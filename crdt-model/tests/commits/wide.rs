//! A facet may have more heads than a commit may name parents, and be written all the same.

use crdt_model::commit::{CommitBody, actor_of};
use crdt_model::document::Document;
use crdt_model::history::History;
use crdt_model::ids::{CharterVersion, Epoch, PublicKey, Seq};
use crdt_model::limits::{COMMIT_PARENTS_MAX, OPERATION_OVERWRITES_MAX};
use crdt_model::time::WallTime;
use crdt_model::value::Value;

use crate::samples::{facet, grade, key, node, put};

/// A history with this many lives of one author that have never seen each other.
fn apart(lives: u64) -> History {
    let mut history = History::new(facet());
    for epoch in 1..=lives {
        let text = Value::Text(format!("of life {epoch}"));
        insert(
            &mut history,
            epoch,
            vec![],
            vec![put("text", Some(text), &[])],
        );
    }
    history
}

fn insert(
    history: &mut History,
    epoch: u64,
    parents: Vec<crdt_model::ids::CommitHash>,
    operations: Vec<crdt_model::value::Operation>,
) {
    let life = (node(1), Epoch(epoch));
    let body = CommitBody {
        facet: facet(),
        author: node(1),
        epoch: Epoch(epoch),
        seq: Seq(history.last_of(life).map_or(0, |(seq, _)| seq.0) + 1),
        start: history.next_counter(&parents),
        wall: WallTime::from_ms(0),
        charter: CharterVersion(1),
        grade: parents.is_empty().then(|| grade("one")),
        parents,
        operations,
    };
    let public = PublicKey(key(1).verifying_key().to_bytes());
    let commit = body.sign(&key(1)).expect("a commit");
    history
        .insert(commit, actor_of(&public, &facet(), Epoch(epoch)))
        .expect("it fits");
}

/// What a node does that writes a field: on the parents it takes, over what it may overwrite.
fn write(history: &mut History, epoch: u64, text: &str) {
    let parents = history.parents_for((node(1), Epoch(epoch)));
    assert!(parents.len() <= COMMIT_PARENTS_MAX);
    let document = Document::build(history).expect("a document");
    let value = Some(Value::Text(text.to_owned()));
    let operation = document.operation("text", value).expect("a change");
    let operation = history.within_reach(operation, &parents);
    assert!(operation.overwrites.len() <= OPERATION_OVERWRITES_MAX);
    insert(history, epoch, parents, vec![operation]);
}

#[test]
fn a_facet_with_more_heads_than_parents_is_written_and_comes_together() {
    let mut history = apart(100);
    for number in 0..8 {
        write(&mut history, 50, &format!("settled {number}"));
    }
    assert_eq!(history.heads().count(), 1);
    let document = Document::build(&history).expect("a document");
    assert_eq!(
        document.settled("text"),
        Some(&Value::Text("settled 7".to_owned()))
    );
}

#[test]
fn an_author_whose_last_commit_is_no_head_still_builds_on_it() {
    let mut history = apart(40);
    // Another life builds on the first life's commit and others; then there are many more heads.
    let own = history.last_of((node(1), Epoch(1))).expect("written").1;
    let text = Value::Text("built on it".to_owned());
    let operation = Document::build(&history)
        .expect("a document")
        .operation("text", Some(text));
    let mut parents = vec![
        own,
        history.last_of((node(1), Epoch(40))).expect("written").1,
    ];
    parents.sort_unstable();
    let operation = history.within_reach(operation.expect("a change"), &parents);
    insert(&mut history, 40, parents, vec![operation]);
    for number in 0..4 {
        write(&mut history, 1, &format!("again {number}"));
    }
    assert_eq!(history.heads().count(), 1);
}
