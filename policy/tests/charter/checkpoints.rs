//! `mesh-policy checkpoint`: what townships signed of the log, held to a charter offline.

use std::process::Command;

use crdt_model::checkpoint::{Checkpoint, Cosignature, Roots, note};
use crdt_model::ids::{CharterDigest, NodeId, PublicKey, RootHash};
use ed25519_dalek::SigningKey;
use policy::signing::manifest::Manifest;
use serde_json::Value;

use crate::tiny::Tiny;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn public() -> PublicKey {
    PublicKey(key().verifying_key().to_bytes())
}

fn township() -> NodeId {
    "620723101000".parse().expect("a code")
}

/// Two versions of a charter in which the township has a key that signs, confirmed by it alone.
fn two_versions() -> Tiny {
    let tiny = Tiny::new();
    tiny.edit("v1/roster.toml", &"2".repeat(64), &public().to_string());
    let section = "threshold = 2\n[freshness]\ncosigners = 1\nfresh_hours = 1\nnarrow_hours = 2\n";
    tiny.edit("v1/charter.toml", "threshold = 2\n", section);
    policy::signing::sign::write_manifest(&tiny.path("v1"), None).expect("it is valid");
    tiny.sign("v1", &["li", "wang"]);
    tiny.next("v1", "v2");
    tiny.sign("v2", &["li", "wang"]);
    tiny
}

/// The root over both versions.
fn root_of(tiny: &Tiny) -> RootHash {
    let manifest = Manifest::of(&tiny.files("v2")).expect("there");
    let own = manifest.digest().expect("it encodes");
    let earlier = manifest.earlier.iter().rev().copied();
    let log: Vec<CharterDigest> = earlier.chain([own]).collect();
    Roots::of(&log).at(2).expect("two versions")
}

fn signed(size: u64, root: RootHash) -> Cosignature {
    let county = township().county();
    let checkpoint = Checkpoint { county, size, root };
    Cosignature::sign(&checkpoint, township(), 1_780_000_000, &key())
}

fn print(cosignatures: &[Cosignature]) -> String {
    note::print(cosignatures, |_, _| Some(public()))
}

fn verify(tiny: &Tiny, notes: &str, arguments: &[&str]) -> (i32, String) {
    tiny.write("notes", notes);
    let output = Command::new(env!("CARGO_BIN_EXE_mesh-policy"))
        .current_dir(tiny.path(""))
        .args(["checkpoint", "notes", "--charter", "v2"])
        .args(arguments)
        .output()
        .expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("UTF-8");
    (output.status.code().expect("no signal"), text)
}

fn object(tiny: &Tiny, notes: &str) -> Value {
    let (_, text) = verify(tiny, notes, &["--json"]);
    serde_json::from_str(&text).expect("one JSON object")
}

#[test]
fn a_signature_on_the_charters_own_log_is_verified_with_who_and_when() {
    let tiny = two_versions();
    let notes = print(&[signed(2, root_of(&tiny))]);
    let (code, text) = verify(&tiny, &notes, &["--lang", "en"]);
    assert_eq!(code, 0, "{text}");
    let line = "620723101000 沙河镇 2026-05-28T20:26:40Z  good";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("it is of this charter's log"), "{text}");
    let confirmed = "confirmed this charter as of 2026-05-28T20:26:40Z";
    assert!(text.contains(confirmed), "{text}");
    let (_, text) = verify(&tiny, &notes, &["--lang", "zh"]);
    assert!(text.contains("签名有效"), "{text}");
    let object = object(&tiny, &notes);
    assert_eq!(object["checkpoints"][0]["log"], "same", "{object}");
}

#[test]
fn two_histories_are_proved_by_one_file() {
    let tiny = two_versions();
    let root = root_of(&tiny);
    let other = RootHash([8; 32]);
    let notes = print(&[signed(2, root), signed(2, other)]);
    let (code, text) = verify(&tiny, &notes, &["--lang", "en"]);
    assert_eq!(code, 1, "{text}");
    let evidence = "EVIDENCE: there are two histories of version 2";
    assert!(text.contains(evidence), "{text}");
    // Two of a version that is not known yet prove it too, and so does one of another log.
    let newer = print(&[signed(7, root), signed(7, other)]);
    for proof in [newer, print(&[signed(1, root)])] {
        let object = object(&tiny, &proof);
        let proved = object["split_view"].as_array().map(Vec::len);
        assert_eq!((proved, &object["exit"]), (Some(1), &1.into()), "{object}");
    }
    let (code, text) = verify(&tiny, &print(&[signed(7, root)]), &["--lang", "en"]);
    assert!(code == 0 && text.contains("a newer charter"), "{text}");
}

#[test]
fn what_is_not_well_signed_proves_nothing() {
    let tiny = two_versions();
    let other = RootHash([8; 32]);
    let forged = Cosignature {
        signature: [0; 64],
        ..signed(2, other)
    };
    let (code, text) = verify(&tiny, &print(&[forged]), &["--lang", "en"]);
    assert!(code == 4 && text.contains("BAD signature"), "{text}");
    assert!(!text.contains("EVIDENCE"), "{text}");
    let stranger = Cosignature {
        cosigner: "620723101201".parse().expect("a code"),
        ..signed(2, other)
    };
    let (code, text) = verify(&tiny, &print(&[stranger]), &["--lang", "en"]);
    assert!(code == 4 && text.contains("not a township"), "{text}");
    let (code, text) = verify(&tiny, "no note\n", &[]);
    assert!(code == 4 && text.contains("not-a-note"), "{text}");
}
