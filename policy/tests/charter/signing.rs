//! What a reviewer may sign, and what the steps to it write.

use policy::signing::manifest::{Manifest, ManifestError};
use policy::signing::sign::{SignError, sign, write_manifest, write_schema};

use crate::tiny::Tiny;

fn sign_as(tiny: &Tiny, name: &str) -> Result<(), SignError> {
    sign(&tiny.path("v1"), &tiny.key(name), None, None).map(|_| ())
}

#[test]
fn the_manifest_is_written_once_and_signatures_over_another_go() {
    let tiny = Tiny::signed();
    let again = write_manifest(&tiny.path("v1"), None).expect("valid");
    assert!(!again.changed && again.removed.is_empty());
    assert_eq!(
        tiny.files("v1")
            .files
            .keys()
            .filter(|path| path.ends_with(".sig"))
            .count(),
        2
    );
    tiny.edit(
        "v1/rules/flow.cedar",
        "Ledger rows go up.",
        "Ledger rows are reported.",
    );
    let changed = write_manifest(&tiny.path("v1"), None).expect("valid");
    assert!(changed.changed);
    assert_eq!(
        changed.removed,
        ["signatures/li.sig", "signatures/wang.sig"]
    );
    assert_eq!(changed.digest, again_digest(&tiny));
    assert_ne!(changed.digest, again.digest);
    assert_eq!(
        changed.manifest.decisions, again.manifest.decisions,
        "only a reason changed"
    );
}

fn again_digest(tiny: &Tiny) -> crdt_model::ids::CharterDigest {
    Manifest::of(&tiny.files("v1"))
        .and_then(|manifest| manifest.digest())
        .expect("there")
}

#[test]
fn a_later_version_says_which_one_it_follows() {
    let tiny = Tiny::signed();
    tiny.copy("v1", "v2");
    tiny.edit("v2/charter.toml", "version = 1\n", "version = 2\n");
    let (v1, v2) = (tiny.path("v1"), tiny.path("v2"));
    assert!(matches!(
        write_manifest(&v2, None),
        Err(SignError::PreviousNeeded { .. })
    ));
    assert!(matches!(
        write_manifest(&v1, Some(&v1)),
        Err(SignError::FirstFollowsNone)
    ));
    let written = write_manifest(&v2, Some(&v1)).expect("valid");
    assert_eq!(written.manifest.previous(), Some(again_digest(&tiny)));
    assert_eq!(
        written.removed.len(),
        2,
        "version 1's signatures came along in the copy"
    );
    // The manifest remembers it.
    let again = write_manifest(&v2, None).expect("valid");
    assert!(!again.changed);
    tiny.edit("v2/charter.toml", "version = 2\n", "version = 3\n");
    assert!(matches!(
        write_manifest(&v2, Some(&v1)),
        Err(SignError::NotPrevious { .. })
    ));
}

#[test]
fn only_what_the_manifest_says_is_signed() {
    let tiny = Tiny::new();
    tiny.edit(
        "v1/rules/flow.cedar",
        "Ledger rows go up.",
        "Ledger rows are reported.",
    );
    let stale = sign_as(&tiny, "li").expect_err("stale");
    assert!(matches!(
        &stale,
        SignError::Manifest(ManifestError::FileChanged { .. })
    ));
    assert!(
        stale.to_string().contains("mesh-policy manifest"),
        "{stale}"
    );
    std::fs::remove_file(tiny.path("v1/manifest")).expect("there");
    assert!(matches!(
        sign_as(&tiny, "li"),
        Err(SignError::Manifest(ManifestError::Missing))
    ));
    assert!(!tiny.path("v1/manifest").exists() && !tiny.path("v1/signatures").exists());
}

#[test]
fn invalid_charters_failing_checks_and_templates_are_not_signed() {
    let tiny = Tiny::new();
    tiny.edit(
        "v1/checks/basic.toml",
        "expect = \"deny\"",
        "expect = \"allow\"",
    );
    write_manifest(&tiny.path("v1"), None).expect("it is valid");
    assert!(matches!(
        sign_as(&tiny, "li"),
        Err(SignError::ChecksFail(_))
    ));

    let tiny = Tiny::new();
    for digit in ["1", "2", "3"] {
        let key = format!("key = \"{}\"\n", digit.repeat(64));
        tiny.edit("v1/roster.toml", &key, "");
    }
    write_manifest(&tiny.path("v1"), None).expect("a template is valid");
    assert!(matches!(sign_as(&tiny, "li"), Err(SignError::Keyless)));

    let tiny = Tiny::new();
    tiny.edit(
        "v1/rules/flow.cedar",
        "Facet::\"case.summary\"",
        "Facet::\"case.sumary\"",
    );
    assert!(matches!(
        write_manifest(&tiny.path("v1"), None),
        Err(SignError::Invalid(_))
    ));
    assert!(!tiny.path("v1/signatures").exists());
}

#[test]
fn a_manifest_with_other_decisions_than_the_rules_is_not_signed() {
    let tiny = Tiny::new();
    let mut manifest = Manifest::of(&tiny.files("v1")).expect("there");
    manifest.decisions.0[0] ^= 1;
    tiny.write("v1/manifest", &manifest.encode().expect("encodes"));
    assert!(matches!(sign_as(&tiny, "li"), Err(SignError::Stale(_))));
}

#[test]
fn only_reviewers_sign_and_only_as_themselves() {
    let tiny = Tiny::new();
    assert!(matches!(
        sign_as(&tiny, "stranger"),
        Err(SignError::NotReviewer { .. })
    ));
    let as_wang = sign(&tiny.path("v1"), &tiny.key("li"), Some("wang"), None);
    assert!(matches!(as_wang, Err(SignError::OtherReviewer { .. })));
    assert!(!tiny.path("v1/signatures").exists());
    let signed = sign(&tiny.path("v1"), &tiny.key("li"), None, None).expect("a reviewer");
    assert_eq!(
        (signed.reviewer.as_str(), signed.path.as_str()),
        ("li", "signatures/li.sig")
    );
    sign_as(&tiny, "li").expect("signing twice is the same");
    assert_eq!(
        tiny.files("v1")
            .files
            .keys()
            .filter(|path| path.ends_with(".sig"))
            .count(),
        1
    );
}

#[test]
fn the_schema_is_written_when_words_change() {
    let tiny = Tiny::new();
    assert!(!write_schema(&tiny.path("v1")).expect("good words"));
    tiny.edit("v1/charter.toml", "id = \"clerk\"", "id = \"mediator\"");
    assert!(matches!(
        write_manifest(&tiny.path("v1"), None),
        Err(SignError::Invalid(_))
    ));
    assert!(write_schema(&tiny.path("v1")).expect("good words"));
    assert!(
        write_manifest(&tiny.path("v1"), None)
            .expect("valid")
            .changed
    );
}
