//! Bytes from outside: read within bounds, refused unless canonical, never a panic.

use crdt_model::commit::Commit;
use crdt_model::wire::{Request, Response};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::samples;

/// What is readable is written the same way.
fn reads_as_it_writes(bytes: &[u8]) {
    if let Ok(commit) = Commit::decode(bytes) {
        assert_eq!(commit.encoded(), bytes);
    }
    if let Ok(request) = Request::decode(bytes) {
        assert_eq!(request.encode(), bytes);
    }
    if let Ok(response) = Response::decode(bytes) {
        assert_eq!(response.encode(), bytes);
    }
}

fn all_samples() -> Vec<Vec<u8>> {
    let commits = samples::commits()
        .into_iter()
        .map(|(_, commit)| commit.encoded().to_vec());
    let requests = samples::requests()
        .into_iter()
        .map(|(_, request)| request.encode());
    let responses = samples::responses()
        .into_iter()
        .map(|(_, response)| response.encode());
    commits.chain(requests).chain(responses).collect()
}

#[test]
fn what_is_written_reads_back_the_same() {
    for (name, commit) in samples::commits() {
        assert_eq!(Commit::decode(commit.encoded()), Ok(commit), "{name}");
    }
    for (name, request) in samples::requests() {
        assert_eq!(Request::decode(&request.encode()), Ok(request), "{name}");
    }
    for (name, response) in samples::responses() {
        assert_eq!(Response::decode(&response.encode()), Ok(response), "{name}");
    }
}

#[test]
fn every_beginning_of_a_message_is_refused() {
    let cut = |bytes: &[u8], refused: &dyn Fn(&[u8]) -> bool| {
        (0..bytes.len()).all(|end| refused(&bytes[..end]))
    };
    for (name, commit) in samples::commits() {
        assert!(
            cut(commit.encoded(), &|bytes| Commit::decode(bytes).is_err()),
            "{name}"
        );
    }
    for (name, request) in samples::requests() {
        assert!(
            cut(&request.encode(), &|bytes| Request::decode(bytes).is_err()),
            "{name}"
        );
    }
    for (name, response) in samples::responses() {
        assert!(
            cut(&response.encode(), &|bytes| Response::decode(bytes)
                .is_err()),
            "{name}"
        );
    }
}

#[test]
fn a_signature_counts_for_its_bytes_and_its_key_alone() {
    let key = |number| crdt_model::ids::PublicKey(samples::key(number).verifying_key().to_bytes());
    let (_, commit) = samples::commits().remove(0);
    assert!(commit.signed_by(&key(1)));
    assert!(!commit.signed_by(&key(2)));
    for at in 0..commit.encoded().len() {
        let mut bytes = commit.encoded().to_vec();
        bytes[at] ^= 1;
        if let Ok(changed) = Commit::decode(&bytes) {
            assert!(!changed.signed_by(&key(1)), "byte {at}");
            assert_ne!(changed.hash(), commit.hash());
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        reads_as_it_writes(&bytes);
    }

    #[test]
    fn changed_messages_do_no_harm(
        sample: Index,
        changes in proptest::collection::vec((any::<Index>(), any::<u8>(), 0..4u8), 1..6),
    ) {
        let samples = all_samples();
        let mut bytes = samples[sample.index(samples.len())].clone();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len().max(1));
            match how {
                0 if !bytes.is_empty() => bytes[at] = byte,
                1 => bytes.insert(at.min(bytes.len()), byte),
                2 if !bytes.is_empty() => { bytes.remove(at); }
                _ => bytes.truncate(at),
            }
        }
        reads_as_it_writes(&bytes);
    }
}
