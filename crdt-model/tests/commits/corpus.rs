//! The stored corpus: inputs that once were interesting stay so. With `UPDATE_CORPUS` set, the
//! samples are written to it.

use std::fs;
use std::path::PathBuf;

use crdt_model::commit::Commit;
use crdt_model::wire::{Request, Response};

use crate::samples;

fn folder(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/corpus")
        .join(kind)
}

/// Samples, and what a hostile peer makes of them.
fn interesting(kind: &str) -> Vec<(String, Vec<u8>)> {
    let whole: Vec<(&str, Vec<u8>)> = match kind {
        "commit" => samples::commits()
            .into_iter()
            .map(|(name, commit)| (name, commit.encoded().to_vec()))
            .collect(),
        "request" => samples::requests()
            .into_iter()
            .map(|(name, one)| (name, one.encode()))
            .collect(),
        _ => samples::responses()
            .into_iter()
            .map(|(name, one)| (name, one.encode()))
            .collect(),
    };
    let mut all = vec![("empty".to_owned(), Vec::new())];
    for (name, bytes) in whole {
        let cut = bytes[..bytes.len() / 2].to_vec();
        all.push((format!("{name}-cut"), cut));
        all.push((format!("{name}-and-more"), [&bytes[..], &[0]].concat()));
        all.push((name.to_owned(), bytes));
    }
    // A count of 2^64 - 1 where a short list is expected, and a number with a superfluous byte.
    let huge = [&[0xff; 9][..], &[1]].concat();
    all.push((
        "huge-count".to_owned(),
        [&[4, 1][..], &[0; 32], &[0, 0], &huge].concat(),
    ));
    all.push(("padded-number".to_owned(), vec![1, 0x81, 0x00, 0]));
    all
}

fn kinds() -> [&'static str; 3] {
    ["commit", "request", "response"]
}

#[test]
fn the_corpus_holds_every_sample() {
    for kind in kinds() {
        for (name, bytes) in interesting(kind) {
            let path = folder(kind).join(name);
            if std::env::var_os("UPDATE_CORPUS").is_some() {
                fs::create_dir_all(folder(kind)).expect("a folder");
                fs::write(&path, &bytes).expect("a file");
            }
            let stored = fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            assert_eq!(stored, bytes, "{}: the format has changed", path.display());
        }
    }
}

#[test]
fn nothing_in_the_corpus_does_harm() {
    let mut files = 0;
    for kind in kinds() {
        for entry in fs::read_dir(folder(kind)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let bytes = fs::read(&path).expect("a file");
            let again = match kind {
                "commit" => Commit::decode(&bytes)
                    .map(|one| one.encoded().to_vec())
                    .ok(),
                "request" => Request::decode(&bytes).map(|one| one.encode()).ok(),
                _ => Response::decode(&bytes).map(|one| one.encode()).ok(),
            };
            assert!(
                again.is_none_or(|again| again == bytes),
                "{}",
                path.display()
            );
            files += 1;
        }
    }
    assert!(files > 40, "{files} files");
}
