//! A whole signed charter as bytes: what is damaged on the way is refused, whatever the damage.

use policy::CharterFiles;
use policy::signing::adopt::{found, restore};
use policy::signing::bundle::{BundleError, decode, encode};
use proptest::prelude::*;

use crate::tiny::{Tiny, now};

#[test]
fn a_signed_charter_travels_whole() {
    let tiny = Tiny::signed();
    let files = tiny.files("v1");
    let bytes = encode(&files).expect("small");
    let arrived = decode(&bytes).expect("whole");
    assert_eq!(arrived, files);
    assert!(found(&arrived, now(), None).is_ok());
}

#[test]
fn no_truncation_and_no_flipped_bit_gets_through() {
    let tiny = Tiny::signed();
    let files = tiny.files("v1");
    let digest = found(&files, now(), None).expect("good").digest();
    let bytes = encode(&files).expect("small");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    let damage = (any::<prop::sample::Index>(), 0..8u32, any::<bool>());
    let result = runner.run(&damage, |(at, bit, cut)| {
        let at = at.index(bytes.len());
        let mut damaged = bytes.clone();
        if cut {
            damaged.truncate(at);
        } else if let Some(byte) = damaged.get_mut(at) {
            *byte ^= 1 << bit;
        }
        if let Ok(arrived) = decode(&damaged) {
            // Blanks around a signature's text mean nothing to the signature, as OpenSSH has it.
            let harmless = restore(&arrived, digest).is_ok();
            prop_assert!(
                !harmless || only_blanks_differ(&files, &arrived),
                "at {}",
                at
            );
        }
        Ok(())
    });
    result.expect("every damage is refused");
}

fn only_blanks_differ(one: &CharterFiles, other: &CharterFiles) -> bool {
    let dense = |files: &CharterFiles| -> Vec<(String, Vec<u8>)> {
        let blank = |content: &[u8]| {
            content
                .split(u8::is_ascii_whitespace)
                .collect::<Vec<_>>()
                .concat()
        };
        files
            .files
            .iter()
            .map(|(path, content)| (path.clone(), blank(content)))
            .collect()
    };
    dense(one) == dense(other)
}

#[test]
fn a_charter_that_cannot_travel_is_not_bundled() {
    let mut files = CharterFiles::default();
    files.files.insert(
        "rules/big.cedar".into(),
        vec![b' '; crdt_model::limits::CHARTER_BYTES_MAX],
    );
    assert!(matches!(encode(&files), Err(BundleError::TooLarge { .. })));
    let many = (0..=crdt_model::limits::CHARTER_FILES_MAX)
        .map(|n| (format!("rules/{n}.cedar"), Vec::new()));
    let files = CharterFiles {
        files: many.collect(),
    };
    assert!(matches!(encode(&files), Err(BundleError::TooLarge { .. })));
}
