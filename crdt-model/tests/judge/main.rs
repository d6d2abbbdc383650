//! Who may have written a commit: every reason against one, and the charters that decide.

mod ahead;
mod charter;

use crdt_model::commit::{Commit, CommitBody, CommitError};
use crdt_model::history::{History, HistoryError};
use crdt_model::ids::{CharterVersion, CommitHash, Epoch, RecordId, Seq};
use crdt_model::judge::{Charters, Fault};
use crdt_model::kind::KindError;
use crdt_model::label::FacetId;
use crdt_model::time::WallTime;
use crdt_model::value::{Operation, Value};

use crate::charter::*;

fn facet() -> FacetId {
    let home = id(VILLAGE);
    FacetId {
        record: RecordId([5; 16]),
        facet: name("note.up"),
        home,
        addressee: home,
    }
}

fn put(key: &str) -> Operation {
    Operation {
        key: key.to_owned(),
        value: Some(Value::Text("渠水漫到路上".to_owned())),
        overwrites: Vec::new(),
    }
}

fn begins(author: u64, level: &str) -> CommitBody {
    CommitBody {
        facet: facet(),
        author: id(author),
        epoch: Epoch(7),
        seq: Seq(1),
        start: 1,
        wall: WallTime::from_ms(1_782_864_000_000),
        charter: CharterVersion(1),
        parents: Vec::new(),
        grade: Some(grade(level)),
        operations: vec![put("text")],
    }
}

/// Goes on after these, and changes no grade unless told.
fn follows(author: u64, parents: &[&Commit], level: Option<&str>) -> CommitBody {
    let mut hashes: Vec<_> = parents.iter().map(|commit| commit.hash()).collect();
    hashes.sort_unstable();
    CommitBody {
        epoch: Epoch(8),
        start: 2,
        parents: hashes,
        grade: level.map(grade),
        operations: vec![put("more")],
        ..begins(author, "one")
    }
}

fn sign(body: CommitBody) -> Commit {
    let key = key(body.author.code());
    body.sign(&key).expect("a commit")
}

fn charters(all: impl IntoIterator<Item = Stated>) -> Charters {
    Charters::new(all.into_iter().map(Stated::held)).expect("a charter")
}

fn one(stated: Stated) -> Charters {
    charters([stated])
}

/// The history of commits that fit.
fn history(charters: &Charters, commits: &[&Commit]) -> History {
    let mut history = History::new(facet());
    for commit in commits {
        let actor = charters.authenticate(commit).expect("an author");
        history
            .insert((*commit).clone(), actor)
            .expect("a commit that fits");
    }
    history
}

fn judged(charters: &Charters, body: CommitBody, before: &[&Commit]) -> Result<(), Fault> {
    charters.authorize(&sign(body), &history(charters, before))
}

/// A fault, its word, and whether it may pass later, may be kept, and quotes content.
type Told = (Fault, &'static str, [bool; 3]);

/// One of each.
fn faults() -> Vec<Told> {
    let mut all = faults_of_rules();
    all.extend(faults_of_form());
    all
}

fn faults_of_form() -> Vec<Told> {
    let author = id(VILLAGE);
    let found = CharterVersion(3);
    let too_old = Fault::CharterTooOld {
        found,
        accept_since: CharterVersion(4),
    };
    let form = Fault::Form(CommitError::TooLarge(70_000));
    let kind = Fault::Kind(KindError::UnknownFacet(name("note.up")));
    let parent = HistoryError::MissingParent(CommitHash([1; 32]));
    let history = Fault::History;
    let (unknown, revoked) = (Fault::AuthorUnknown(author), Fault::AuthorRevoked(author));
    vec![
        (form, "not-a-commit", [false, false, false]),
        (
            Fault::CharterUnknown(found),
            "charter-unknown",
            [true, true, false],
        ),
        (too_old, "charter-too-old", [false, true, false]),
        (unknown, "author-unknown", [false, false, false]),
        (revoked, "author-revoked", [false, true, false]),
        (
            Fault::Signature(author),
            "wrong-signature",
            [false, false, false],
        ),
        (kind, "kind-refused", [false, true, true]),
        (
            history(HistoryError::Duplicate),
            "replayed",
            [false, false, true],
        ),
        (history(parent), "missing-parent", [true, true, true]),
        (
            history(HistoryError::NoGrade),
            "history-refused",
            [false, true, true],
        ),
    ]
}

fn faults_of_rules() -> Vec<Told> {
    let label = || Box::new(facet().label(grade("one")));
    let rules = || vec!["guard.example".into()];
    let (author, peer) = (id(VILLAGE), id(TOWNSHIP));
    let write = Fault::MayNotAuthor {
        author,
        label: label(),
        rules: rules(),
    };
    let regrade = Fault::MayNotRegrade {
        author,
        label: label(),
        rules: rules(),
    };
    let ours = Fault::NotForUs {
        label: label(),
        rules: rules(),
    };
    let sender = Fault::NotForSender {
        peer,
        label: label(),
        rules: rules(),
    };
    vec![
        (write, "may-not-author", [false, true, false]),
        (regrade, "may-not-regrade", [false, true, false]),
        (ours, "not-for-us", [false, false, false]),
        (sender, "not-for-sender", [false, true, false]),
    ]
}

#[test]
fn every_fault_has_a_word_of_its_own_and_says_what_may_become_of_the_commit() {
    for (fault, word, [later, kept, quotes]) in faults() {
        assert_eq!(fault.code(), word);
        assert_eq!(Fault::known_code(word), Some(word));
        assert_eq!(fault.may_pass_later(), later, "{word}");
        assert_eq!(fault.may_be_kept(), kept, "{word}");
        assert_eq!(fault.quotes_content(), quotes, "{word}");
        assert_eq!(fault.words(true), fault.to_string());
        assert_eq!(fault.words(false) == word, quotes, "{word}");
    }
    assert_eq!(Fault::known_code("seq-gap"), Some("seq-gap"));
    assert_eq!(Fault::known_code("xyzzy"), None);
    assert_eq!(Fault::known_code(""), None);
}

#[test]
fn a_fault_names_the_rules_that_it_is_by_or_that_there_is_none() {
    for (fault, word, _) in faults() {
        let by_rules = word.starts_with("may-not") || word.starts_with("not-for");
        assert_eq!(fault.rules().len(), usize::from(by_rules), "{word}");
        assert_eq!(
            fault.to_string().ends_with(": rule guard.example"),
            by_rules,
            "{word}"
        );
    }
    let (label, rules) = (Box::new(facet().label(grade("one"))), Vec::new());
    let nobody = Fault::NotForUs { label, rules };
    assert!(nobody.to_string().ends_with(": no rule allows it"));
}

#[test]
fn the_highest_version_is_in_force_and_each_can_be_had() {
    assert!(Charters::new([]).is_none());
    let mut held = charters([2, 1].map(Stated::version));
    assert_eq!(held.current().version(), CharterVersion(2));
    let older = held.get(CharterVersion(1)).expect("a charter");
    assert_eq!(older.version(), CharterVersion(1));
    assert!(held.get(CharterVersion(3)).is_none());
    held.adopt(Stated::version(3).held());
    assert_eq!(held.current().version(), CharterVersion(3));
    assert!(held.get(CharterVersion(3)).is_some());
}

#[test]
fn the_latest_version_that_counts_and_is_not_here_is_missing() {
    let mut held = charters([4, 2].map(Stated::version));
    assert_eq!(held.missing(), Some(CharterVersion(3)));
    held.recall(Stated::version(3).held());
    assert_eq!(held.current().version(), CharterVersion(4));
    assert_eq!(held.missing(), Some(CharterVersion(1)));
    held.recall(Stated::version(1).held());
    assert_eq!(held.missing(), None);
    let from_three = Stated {
        accept_since: 3,
        ..Stated::version(4)
    };
    assert_eq!(charters([from_three, Stated::version(3)]).missing(), None);
    let even_itself = Stated {
        accept_since: 0,
        ..Stated::version(1)
    };
    assert_eq!(one(even_itself).missing(), None);
}

#[test]
fn a_commit_is_judged_by_the_version_it_names_as_long_as_that_counts() {
    let commit = sign(begins(VILLAGE, "one"));
    let closed = Stated {
        author: |_, _| false,
        ..Stated::version(2)
    };
    let both = charters([Stated::version(1), closed.clone()]);
    assert!(both.authenticate(&commit).is_ok());
    assert_eq!(both.authorize(&commit, &History::new(facet())), Ok(()));
    let unknown = Fault::CharterUnknown(CharterVersion(1));
    assert_eq!(one(closed.clone()).authenticate(&commit), Err(unknown));
    let from_two = Stated {
        accept_since: 2,
        ..closed
    };
    let too_old = Fault::CharterTooOld {
        found: CharterVersion(1),
        accept_since: CharterVersion(2),
    };
    let held = charters([Stated::version(1), from_two]);
    assert_eq!(held.authenticate(&commit), Err(too_old.clone()));
    assert_eq!(
        held.authorize(&commit, &History::new(facet())),
        Err(too_old)
    );
}

#[test]
fn the_author_is_in_the_roster_trusted_and_signed_it() {
    let held = one(Stated::version(1));
    let commit = sign(begins(VILLAGE, "one"));
    let actor = held.authenticate(&commit).expect("an author");
    let other_life = sign(CommitBody {
        epoch: Epoch(8),
        ..begins(VILLAGE, "one")
    });
    assert_ne!(held.authenticate(&other_life), Ok(actor));
    let stranger = sign(begins(STRANGER, "one"));
    let unknown = Fault::AuthorUnknown(id(STRANGER));
    assert_eq!(held.authenticate(&stranger), Err(unknown));
    let forged = begins(VILLAGE, "one")
        .sign(&key(TOWNSHIP))
        .expect("a commit");
    let wrong = Fault::Signature(id(VILLAGE));
    assert_eq!(held.authenticate(&forged), Err(wrong));
}

#[test]
fn who_is_revoked_now_or_was_when_it_was_written_is_not_trusted() {
    let commit = sign(begins(VILLAGE, "one"));
    let revoking = |version| Stated {
        revoked: Some(VILLAGE),
        ..Stated::version(version)
    };
    for versions in [
        vec![revoking(1)],
        vec![Stated::version(1), revoking(2)],
        vec![revoking(1), Stated::version(2)],
    ] {
        let held = charters(versions);
        let revoked = Fault::AuthorRevoked(id(VILLAGE));
        assert_eq!(held.authenticate(&commit), Err(revoked));
        // What somebody else signed in its name is not its own, and is not kept as that.
        let forged = begins(VILLAGE, "one")
            .sign(&key(TOWNSHIP))
            .expect("a commit");
        let signature = Fault::Signature(id(VILLAGE));
        assert_eq!(held.authenticate(&forged), Err(signature));
        let other = sign(begins(TOWNSHIP, "one"));
        assert!(held.authenticate(&other).is_ok());
    }
}

#[test]
fn content_must_be_what_the_kind_declares_and_complete_where_it_begins() {
    let held = one(Stated::version(1));
    let first = sign(begins(VILLAGE, "one"));
    assert!(matches!(
        judged(&held, begins(VILLAGE, "four"), &[]),
        Err(Fault::Kind(_))
    ));
    let undeclared = CommitBody {
        operations: vec![put("other"), put("text")],
        ..begins(VILLAGE, "one")
    };
    assert!(matches!(
        judged(&held, undeclared, &[]),
        Err(Fault::Kind(_))
    ));
    let incomplete = CommitBody {
        operations: vec![put("more")],
        ..begins(VILLAGE, "one")
    };
    assert!(matches!(
        judged(&held, incomplete, &[]),
        Err(Fault::Kind(_))
    ));
    assert_eq!(
        judged(&held, follows(VILLAGE, &[&first], None), &[&first]),
        Ok(())
    );
    let no_grade = CommitBody {
        grade: None,
        ..begins(VILLAGE, "one")
    };
    let nothing = Fault::History(HistoryError::NoGrade);
    assert_eq!(judged(&held, no_grade, &[]), Err(nothing));
}

#[test]
fn who_writes_may_write_at_the_grade_before_the_commit() {
    // The township may write below level `two` only.
    let below_two = |label: &crdt_model::label::Label, author| {
        author == id(VILLAGE) || label.grade.level == name("one")
    };
    let held = one(Stated {
        author: below_two,
        ..Stated::version(1)
    });
    let first = sign(begins(VILLAGE, "one"));
    let up = follows(TOWNSHIP, &[&first], Some("two"));
    assert_eq!(judged(&held, up.clone(), &[&first]), Ok(()));
    let up = sign(up);
    let refused = judged(
        &held,
        CommitBody {
            start: 3,
            seq: Seq(2),
            ..follows(TOWNSHIP, &[&up], None)
        },
        &[&first, &up],
    );
    let Err(Fault::MayNotAuthor {
        author,
        label,
        rules,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((author, label.grade), (id(TOWNSHIP), grade("two")));
    assert_eq!(rules.len(), 1);
}

#[test]
fn a_new_grade_is_allowed_at_both_of_its_ends() {
    let first = sign(begins(VILLAGE, "one"));
    for closed in ["one", "two"] {
        let rule: fn(&crdt_model::label::Label, _) -> bool = match closed {
            "one" => |label, _| label.grade.level != name("one"),
            _ => |label, _| label.grade.level != name("two"),
        };
        let held = one(Stated {
            regrade: rule,
            ..Stated::version(1)
        });
        let refused = judged(&held, follows(VILLAGE, &[&first], Some("two")), &[&first]);
        let Err(Fault::MayNotRegrade { label, rules, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((label.grade, rules.len()), (grade(closed), 1));
        // It stays as it was: nobody regrades.
        assert_eq!(
            judged(&held, follows(VILLAGE, &[&first], None), &[&first]),
            Ok(())
        );
        assert_eq!(
            judged(&held, follows(VILLAGE, &[&first], Some("one")), &[&first]),
            Ok(())
        );
    }
}

#[test]
fn who_begins_anothers_facet_above_its_default_regrades_it() {
    let held = one(Stated {
        regrade: |_, _| false,
        ..Stated::version(1)
    });
    assert_eq!(judged(&held, begins(VILLAGE, "two"), &[]), Ok(()));
    assert_eq!(judged(&held, begins(TOWNSHIP, "one"), &[]), Ok(()));
    let refused = judged(&held, begins(TOWNSHIP, "two"), &[]);
    assert!(
        matches!(refused, Err(Fault::MayNotRegrade { .. })),
        "{refused:?}"
    );
}

#[test]
fn two_grades_at_once_come_to_the_higher_whichever_comes_first() {
    let held = one(Stated::version(1));
    assert_eq!(held.join(&[]), None);
    assert_eq!(
        held.join(&[grade("three"), grade("one")]),
        Some(grade("three"))
    );
    assert_eq!(
        held.join(&[grade("one"), grade("three")]),
        Some(grade("three"))
    );
}
