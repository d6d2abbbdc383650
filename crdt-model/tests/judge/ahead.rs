//! Many commits at once, over threads and before their turn: nothing else comes of them.

use std::num::NonZeroUsize;

use crdt_model::ids::CharterDigest;
use crdt_model::limits::READ_AHEAD_BYTES_MAX;
use crdt_model::wire::{CharterMark, Found, Request, Response};

use super::*;

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("some")
}

fn record(number: u8) -> FacetId {
    FacetId {
        record: RecordId([number; 16]),
        ..facet()
    }
}

/// Commits of which some are signed by nobody, some are cut off, some are no commits.
fn mixed() -> Vec<Vec<u8>> {
    let commit = |number: u8| {
        let body = CommitBody {
            facet: record(number),
            ..begins(VILLAGE, "one")
        };
        let mut encoded = sign(body).encoded().to_vec();
        match number % 7 {
            2 => encoded.last_mut().into_iter().for_each(|last| *last ^= 1),
            4 => encoded.truncate(number.into()),
            _ => {}
        }
        encoded
    };
    (0..150).map(commit).collect()
}

fn pushed(commits: &[Vec<u8>]) -> Vec<u8> {
    let charter = CharterMark {
        version: CharterVersion(1),
        digest: CharterDigest([1; 32]),
        emergency: false,
    };
    let push = Request::Push {
        charter,
        unfinished: false,
        commits: commits.to_vec(),
    };
    push.encode()
}

#[test]
fn what_comes_of_many_is_the_same_over_any_number_of_threads() {
    let (charters, encoded) = (one(Stated::version(1)), mixed());
    let alone = charters.read_all(&encoded, threads(1));
    let each: Vec<_> = encoded.iter().map(|one| charters.read(one)).collect();
    assert_eq!(alone, each);
    assert_eq!(alone.iter().filter(|one| one.is_ok()).count(), 107);
    for count in [2, 3, 7, 1000] {
        assert_eq!(
            charters.read_all(&encoded, threads(count)),
            alone,
            "{count}"
        );
    }
    assert_eq!(charters.read_all(&[], threads(4)), []);
}

#[test]
fn what_was_read_ahead_is_judged_as_what_was_not() {
    let encoded = mixed();
    let expected = one(Stated::version(1)).read_all(&encoded, threads(1));
    let (answered, asked) = encoded.split_at(70);
    let found = Found {
        have: [].into(),
        commits: answered.to_vec(),
        next: None,
    };
    let held = one(Stated::version(1));
    let ahead = held.ahead().clone();
    ahead.read_response(&Response::Fetched(vec![found]).encode(), threads(2));
    ahead.read_request(&pushed(asked), threads(2));
    assert_eq!(ahead.waiting(), 107);
    assert_eq!(held.read_all(&encoded, threads(2)), expected);
    // Each is taken once.
    assert_eq!(ahead.waiting(), 0);
    assert_eq!(held.read_all(&encoded, threads(2)), expected);
    // What is no frame, or carries no commits, is left to whoever comes to it.
    ahead.read_request(&encoded[0], threads(2));
    ahead.read_response(&Response::Fetched(Vec::new()).encode(), threads(2));
    assert_eq!(ahead.waiting(), 0);
}

#[test]
fn who_is_not_trusted_any_more_when_the_turn_comes_is_not_trusted() {
    let commit = sign(begins(VILLAGE, "one")).encoded().to_vec();
    let revoking = Stated {
        revoked: Some(VILLAGE),
        ..Stated::version(2)
    };
    let mut held = one(Stated::version(1));
    held.ahead()
        .read_request(&pushed(std::slice::from_ref(&commit)), threads(1));
    assert_eq!(held.ahead().waiting(), 1);
    held.adopt(revoking.held());
    assert_eq!(held.read(&commit), Err(Fault::AuthorRevoked(id(VILLAGE))));
}

#[test]
fn a_key_counts_for_the_versions_that_name_it() {
    let other_key = |code| key(code + 1);
    let with_other_key = Stated {
        key_of: other_key,
        ..Stated::version(2)
    };
    let held = charters([Stated::version(1), with_other_key]);
    let named = |version, key| {
        let body = CommitBody {
            charter: CharterVersion(version),
            ..begins(VILLAGE, "one")
        };
        body.sign(&key).expect("a commit").encoded().to_vec()
    };
    let (old, new) = (key(VILLAGE), other_key(VILLAGE));
    let forged = Fault::Signature(id(VILLAGE));
    for ahead in [false, true] {
        let cases = [
            (named(1, old.clone()), true),
            (named(2, old.clone()), false),
            (named(1, new.clone()), false),
            (named(2, new.clone()), true),
        ];
        for (commit, good) in cases {
            if ahead {
                held.ahead()
                    .read_request(&pushed(std::slice::from_ref(&commit)), threads(1));
            }
            match good {
                true => assert!(held.read(&commit).is_ok(), "{ahead}"),
                false => assert_eq!(held.read(&commit), Err(forged.clone()), "{ahead}"),
            }
        }
    }
}

#[test]
fn what_nobody_comes_for_is_let_go_of() {
    let held = one(Stated::version(1));
    let text = Value::Text("渠".repeat(5_000));
    let mut bytes = 0;
    for number in 0..150 {
        let body = CommitBody {
            facet: record(number),
            operations: vec![Operation {
                value: Some(text.clone()),
                ..put("text")
            }],
            ..begins(VILLAGE, "one")
        };
        let commit = sign(body).encoded().to_vec();
        bytes += commit.len();
        held.ahead()
            .read_request(&pushed(std::slice::from_ref(&commit)), threads(1));
        assert!(held.ahead().waiting() * commit.len() <= READ_AHEAD_BYTES_MAX);
    }
    assert!(bytes > 2 * READ_AHEAD_BYTES_MAX);
}
