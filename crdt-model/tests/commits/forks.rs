//! Two commits with one number: both are held, and what their life wrote from there on is left out
//! of the document, in the same way in whatever order it was learnt.

use crdt_model::commit::{Commit, CommitBody, actor_of};
use crdt_model::document::Document;
use crdt_model::history::{History, HistoryError};
use crdt_model::ids::{ActorId, CharterVersion, Epoch, PublicKey, Seq};
use crdt_model::label::Grade;
use crdt_model::replica::heads_digest;
use crdt_model::time::WallTime;
use crdt_model::value::{Operation, OperationId, Value};

use crate::samples::{facet, grade, key, node, put};

fn actor(author: u64) -> ActorId {
    let key = PublicKey(key(author).verifying_key().to_bytes());
    actor_of(&key, &facet(), Epoch(1))
}

fn add(history: &mut History, commit: &Commit) -> Result<(), HistoryError> {
    history.insert(commit.clone(), actor(commit.body().author.code() % 10))
}

fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.to_owned()))
}

fn id(counter: u64, author: u64) -> OperationId {
    let actor = actor(author);
    OperationId { counter, actor }
}

/// A commit on these parents.
fn commit(author: u64, seq: u64, on: &[&Commit], operations: Vec<Operation>) -> Commit {
    let mut parents: Vec<_> = on.iter().map(|parent| parent.hash()).collect();
    parents.sort_unstable();
    let last = on.iter().map(|parent| parent.last_counter()).max();
    let body = CommitBody {
        facet: facet(),
        author: node(author),
        epoch: Epoch(1),
        seq: Seq(seq),
        start: last.unwrap_or(0) + 1,
        wall: WallTime::from_ms(0),
        charter: CharterVersion(1),
        grade: parents.is_empty().then(|| grade("one")),
        parents,
        operations,
    };
    body.sign(&key(author)).expect("a commit")
}

fn regraded(commit: &Commit, level: &str) -> Commit {
    let grade: Option<Grade> = Some(grade(level));
    let body = CommitBody {
        grade,
        ..commit.body().clone()
    };
    let author = body.author.code() % 10;
    body.sign(&key(author)).expect("a commit")
}

fn history(commits: &[&Commit]) -> History {
    let mut history = History::new(facet());
    for commit in commits {
        add(&mut history, commit).expect("it fits");
    }
    history
}

fn document(history: &History) -> Document {
    Document::build(history).expect("a document")
}

fn texts(document: &Document, key: &str) -> Vec<Value> {
    let values = document.values(key).iter();
    values.map(|written| written.value.clone()).collect()
}

/// A first commit, and two that each follow on it as the second.
fn forked() -> (Commit, Commit, Commit) {
    let first = commit(1, 1, &[], vec![put("text", text("first"), &[])]);
    let over = [id(1, 1)];
    let one = commit(1, 2, &[&first], vec![put("text", text("one"), &over)]);
    let other = commit(1, 2, &[&first], vec![put("text", text("other"), &over)]);
    (first, one, other)
}

#[test]
fn both_commits_are_held_and_neither_counts_in_whatever_order_they_come() {
    let (first, one, other) = forked();
    let before = history(&[&first, &one]);
    assert_eq!(document(&before).settled("text"), text("one").as_ref());
    assert_eq!(before.forks().len(), 0);
    let there = history(&[&first, &one, &other]);
    let back = history(&[&first, &other, &one]);
    assert_eq!(heads_digest(&there), heads_digest(&back));
    assert_eq!(document(&there), document(&back));
    assert_eq!(document(&there).settled("text"), text("first").as_ref());
    assert_eq!(there.clock()[&(node(1), Epoch(1))], Seq(1));
    let fork = there.forks()[&(node(1), Epoch(1))];
    assert_eq!(
        (fork.seq, fork.commits),
        (Seq(2), [one.hash(), other.hash()])
    );
    let left_out: Vec<_> = document(&there)
        .frozen()
        .iter()
        .map(|frozen| (frozen.seq, frozen.commit, frozen.value.clone()))
        .collect();
    let mut expected = vec![
        (Seq(2), one.hash(), text("one")),
        (Seq(2), other.hash(), text("other")),
    ];
    expected.sort_by_key(|(_, commit, _)| *commit);
    assert_eq!(left_out, expected);
}

#[test]
fn an_earlier_fork_freezes_more_and_a_third_commit_changes_nothing() {
    let (first, one, other) = forked();
    let third = commit(1, 2, &[&first], vec![put("text", text("third"), &[])]);
    let mut all = history(&[&first, &one, &other]);
    let before = document(&all);
    add(&mut all, &third).expect("it fits");
    assert_eq!(texts(&document(&all), "text"), texts(&before, "text"));
    let anew = commit(1, 1, &[], vec![put("text", text("anew"), &[])]);
    add(&mut all, &anew).expect("it fits");
    assert_eq!(all.forks()[&(node(1), Epoch(1))].seq, Seq(1));
    assert_eq!(all.clock().len(), 0);
    assert_eq!(document(&all).fields().count(), 0);
    assert_eq!(document(&all).frozen().len(), 5);
}

#[test]
fn what_another_author_built_on_a_frozen_commit_stands() {
    let (first, one, other) = forked();
    let over = vec![put("text", text("by two"), &[id(2, 1)])];
    let by_two = commit(2, 1, &[&one], over);
    let clears = vec![put("text", None, &[id(2, 1)]), put("who", text("3"), &[])];
    let by_three = commit(3, 1, &[&other], clears);
    let after = commit(2, 2, &[&by_two, &by_three], vec![put("who", None, &[])]);
    let all = history(&[&first, &one, &by_two, &other, &by_three, &after]);
    let document = document(&all);
    // The first value was overwritten by frozen commits only: it is in force again, beside the
    // value of who saw it overwritten.
    let both = vec![text("first").expect("a text"), text("by two").expect("one")];
    assert_eq!(texts(&document, "text"), both);
    assert_eq!(document.settled("who"), text("3").as_ref());
    assert_eq!(document.frozen().len(), 2);
}

#[test]
fn a_verdict_depends_on_the_own_past_alone_though_two_operations_have_one_name() {
    let first = commit(1, 1, &[], vec![put("text", text("first"), &[])]);
    let line = commit(1, 2, &[&first], vec![put("line/1", text("a"), &[])]);
    let step = commit(1, 2, &[&first], vec![put("step", text("b"), &[])]);
    let over = |key: &str| vec![put(key, text("c"), &[id(2, 1)])];
    // Each saw one of the two commits, whose operations have one name.
    let fits = commit(2, 1, &[&step], over("step"));
    let unseen = commit(2, 1, &[&line], over("step"));
    let again = commit(3, 1, &[&line], over("line/1"));
    let elsewhere = commit(3, 1, &[&step], vec![put("line/1", text("c"), &[])]);
    for known in [vec![&first, &line, &step], vec![&first, &step, &line]] {
        let mut held = history(&known);
        let refused = add(&mut held, &unseen).expect_err("it overwrites what it has not seen");
        assert!(matches!(refused, HistoryError::Overwrites { .. }));
        let refused = add(&mut held, &again).expect_err("it writes again what it has seen");
        assert!(matches!(refused, HistoryError::WrittenOnce(_)));
        add(&mut held, &fits).expect("it fits");
        add(&mut held, &elsewhere).expect("it has not seen the other");
    }
    let alone = add(&mut history(&[&first, &line]), &unseen);
    assert!(matches!(alone, Err(HistoryError::Overwrites { .. })));
}

#[test]
fn the_next_number_follows_from_the_own_past() {
    let (first, one, other) = forked();
    let mut held = history(&[&first, &one]);
    add(
        &mut held,
        &commit(1, 3, &[&one], vec![put("who", None, &[])]),
    )
    .expect("the third");
    add(&mut held, &other).expect("a second, late");
    let gap = commit(1, 4, &[&other], vec![put("who", None, &[])]);
    let refused = add(&mut held, &gap).expect_err("its past ends with the second");
    let (found, expected) = (Seq(4), Seq(3));
    assert_eq!(refused, HistoryError::SeqGap { found, expected });
}

#[test]
fn the_grades_of_frozen_commits_stay_in_force() {
    let (first, one, other) = forked();
    let (one, other) = (regraded(&one, "two"), regraded(&other, "three"));
    let both = history(&[&first, &one, &other]);
    let mut levels: Vec<_> = both.grades().iter().map(|grade| grade.level).collect();
    levels.sort_unstable_by_key(|level| level.as_str().to_owned());
    assert_eq!(levels, [grade("three").level, grade("two").level]);
    // Who saw only one of them regrades only that one.
    let after = regraded(&commit(2, 1, &[&one], vec![put("who", None, &[])]), "four");
    let mut all = both;
    add(&mut all, &after).expect("it fits");
    assert_eq!(all.grades_before(&after), [grade("two")]);
    assert_eq!(all.grades().len(), 2);
    assert!(!all.grades().contains(&grade("two")));
}
