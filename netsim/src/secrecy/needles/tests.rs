//! Finding secrets, beside a naive search that shares no code with it.

use std::collections::BTreeSet;

use base64ct::{Base64, Encoding};

use super::*;
use crate::seed::Seed;

fn bytes(seed: &mut Seed, length: usize) -> Vec<u8> {
    (0..length).map(|_| seed.bits() as u8).collect()
}

/// The characters of a secret in base64 after this many other bytes that are the same whatever
/// stands beside it.
fn settled(secret: &[u8], before: usize) -> String {
    let beside = |byte: u8| {
        let around = [&vec![byte; before][..], secret, &[byte; 3]].concat();
        Base64::encode_string(&around)
    };
    let from = (before * 8).div_ceil(6);
    let to = (before + secret.len()) * 8 / 6;
    let (zeros, ones) = (beside(0), beside(0xff));
    assert_eq!(zeros[from..to], ones[from..to]);
    ones[from..to].to_owned()
}

/// What a secret is to be found by, written down as plainly as can be.
fn plain_forms(secret: &[u8]) -> BTreeSet<(Form, Vec<u8>)> {
    let mut forms = BTreeSet::new();
    forms.insert((Form::Raw, secret.to_vec()));
    let mut hex = String::new();
    for byte in secret {
        hex.push(char::from_digit(u32::from(byte >> 4), 16).expect("a digit"));
        hex.push(char::from_digit(u32::from(byte & 15), 16).expect("a digit"));
    }
    if hex.contains(|letter: char| letter.is_ascii_lowercase()) {
        forms.insert((Form::HexCapital, hex.to_ascii_uppercase().into_bytes()));
    }
    forms.insert((Form::Hex, hex.into_bytes()));
    for before in 0..3 {
        let standard = settled(secret, before);
        let url = standard.replace('+', "-").replace('/', "_");
        if standard != url {
            forms.insert((Form::Base64Url, url.into_bytes()));
        }
        forms.insert((Form::Base64, standard.into_bytes()));
    }
    forms
}

fn naive(secrets: &[(u32, Vec<u8>)], haystack: &[u8]) -> Vec<Found> {
    let mut found = BTreeSet::new();
    for (owner, secret) in secrets {
        let digest = Sha256::digest(secret);
        for (content, hashed) in [(&secret[..], false), (&digest[..16], true)] {
            for (form, pattern) in plain_forms(content) {
                for at in 0..haystack.len().saturating_sub(pattern.len() - 1) {
                    if haystack[at..at + pattern.len()] == pattern[..] {
                        found.insert(Found {
                            at,
                            owner: *owner,
                            hashed,
                            form,
                        });
                    }
                }
            }
        }
    }
    found.into_iter().collect()
}

/// Secrets written in every way, whole or cut short by one, among noise.
fn haystack(seed: &mut Seed, secrets: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut haystack = Vec::new();
    for _ in 0..6 {
        let noise = seed.below(20);
        haystack.extend(bytes(seed, noise));
        let (_, secret) = seed.pick(secrets).expect("a secret").clone();
        let digest = Sha256::digest(&secret).to_vec();
        let content = match seed.below(3) {
            0 => digest,
            1 => digest[..16].to_vec(),
            _ => secret,
        };
        let around = seed.below(4);
        let mut written = match seed.below(5) {
            0 => content,
            1 => content
                .iter()
                .flat_map(|b| format!("{b:02x}").into_bytes())
                .collect(),
            2 => content
                .iter()
                .flat_map(|b| format!("{b:02X}").into_bytes())
                .collect(),
            way => {
                let before = bytes(seed, around);
                let text = Base64::encode_string(&[&before[..], &content, b"after"].concat());
                match way {
                    3 => text.into_bytes(),
                    _ => text.replace('+', "-").replace('/', "_").into_bytes(),
                }
            }
        };
        if seed.percent(20) {
            written.pop();
        }
        haystack.extend(written);
    }
    haystack
}

#[test]
fn what_is_found_is_what_a_naive_search_finds() {
    let mut total = 0;
    for number in 0..400 {
        let mut seed = Seed::new(number);
        let secrets: Vec<_> = (0..1 + seed.below(8))
            .map(|_| {
                let length = 16 + seed.below(40);
                (seed.below(5) as u32, bytes(&mut seed, length))
            })
            .collect();
        let mut needles = Needles::new();
        for (owner, secret) in &secrets {
            needles.add(*owner, secret);
        }
        let haystack = haystack(&mut seed, &secrets);
        let found = needles.find(&haystack);
        assert_eq!(found, naive(&secrets, &haystack), "seed {number}");
        total += found.len();
    }
    assert!(total > 1000, "{total} are too few to say anything");
}

#[test]
fn each_way_to_write_a_secret_is_found_once() {
    let secret = b"\xfb\xff\xbesixteen and more";
    let mut needles = Needles::new();
    needles.add(9, secret);
    needles.add(9, secret);
    for (form, pattern) in plain_forms(secret) {
        for (before, after) in [("", ""), ("before ", ""), ("", " after")] {
            let haystack = [before.as_bytes(), &pattern, after.as_bytes()].concat();
            let found = needles.find(&haystack);
            let expected = Found {
                at: before.len(),
                owner: 9,
                hashed: false,
                form,
            };
            assert_eq!(found, [expected], "{form:?}");
        }
    }
    let digest = Sha256::digest(secret);
    for part in [16, 32] {
        let found = needles.find(&digest[..part]);
        assert!(matches!(
            found[..],
            [Found {
                at: 0,
                owner: 9,
                hashed: true,
                form: Form::Raw
            }]
        ));
    }
}

#[test]
fn a_secret_that_is_not_whole_is_not_found() {
    let secret = bytes(&mut Seed::new(5), 32);
    let mut needles = Needles::new();
    needles.add(1, &secret);
    assert_eq!(needles.find(&secret).len(), 1);
    assert!(needles.find(&secret[..31]).is_empty());
    assert!(needles.find(&secret[1..]).is_empty());
    assert!(needles.find(&[]).is_empty());
    assert!(Needles::new().find(&secret).is_empty());
}

#[test]
fn a_secret_of_two_owners_is_found_for_both() {
    let secret = [200; 16];
    let mut needles = Needles::new();
    needles.add(2, &secret);
    needles.add(1, &secret);
    let owners: Vec<_> = needles
        .find(&secret)
        .iter()
        .map(|found| found.owner)
        .collect();
    assert_eq!(owners, [1, 2]);
}

#[test]
fn secrets_that_overlap_are_all_found() {
    let bytes: Vec<u8> = (100..140).collect();
    let mut needles = Needles::new();
    for from in 0..20 {
        needles.add(from as u32, &bytes[from..from + 20]);
    }
    let places: Vec<_> = needles
        .find(&bytes)
        .iter()
        .map(|found| (found.at, found.owner))
        .collect();
    assert_eq!(
        places,
        (0..20).map(|at| (at, at as u32)).collect::<Vec<_>>()
    );
}

#[test]
fn many_secrets_are_found_after_the_filter_has_grown() {
    let mut seed = Seed::new(11);
    let mut needles = Needles::new();
    let mut secrets = Vec::new();
    for owner in 0..8_000 {
        let secret = bytes(&mut seed, 16);
        needles.add(owner, &secret);
        secrets.push(secret);
    }
    assert!(needles.filter_bits_log > FILTER_BITS_LOG_MIN);
    let haystack = secrets.concat();
    let found = needles.find(&haystack);
    assert_eq!(found.len(), secrets.len());
    let straight = found.iter().zip(0..);
    for (found, owner) in straight {
        assert_eq!((found.at, found.owner), (16 * owner as usize, owner));
    }
    let noise = bytes(&mut seed, 200_000);
    assert!(needles.find(&noise).is_empty());
}
