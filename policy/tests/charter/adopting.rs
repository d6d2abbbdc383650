//! Which charter is adopted, and why another is refused.

use crdt_model::ids::{CharterDigest, CharterVersion};
use crdt_model::time::WallTime;
use policy::CharterFiles;
use policy::signing::adopt::{AdoptedCharter, adopt, found, restore};
use policy::signing::board::SignatureFault;
use policy::signing::manifest::ManifestError;
use policy::signing::refusal::{AdoptionRefused, Whose};
use policy::signing::sign::write_manifest;
use policy::signing::sshsig::SshSigError;

use crate::tiny::{Tiny, now};

pub(crate) fn current(tiny: &Tiny) -> AdoptedCharter {
    found(&tiny.files("v1"), now(), None).expect("version 1 is good")
}

/// What version 2 in `v2` is refused for, with the current charter untouched.
pub(crate) fn refused(tiny: &Tiny) -> AdoptionRefused {
    refused_files(tiny, &tiny.files("v2"))
}

fn refused_files(tiny: &Tiny, files: &CharterFiles) -> AdoptionRefused {
    let current = current(tiny);
    let before = current.files().clone();
    let refused = adopt(&current, files, now()).expect_err("it must be refused");
    assert_eq!(*current.files(), before);
    assert!(!refused.to_string().is_empty());
    refused
}

/// Version 1 signed, and version 2 made and signed by these.
fn two_versions(signers: &[&str]) -> Tiny {
    let tiny = Tiny::signed();
    tiny.next("v1", "v2");
    tiny.sign("v2", signers);
    tiny
}

fn log_of(adopted: &AdoptedCharter) -> Vec<CharterDigest> {
    crdt_model::charter::Charter::log(&**adopted.charter())
}

#[test]
fn the_newest_charter_holds_the_whole_log() {
    let tiny = two_versions(&["wang", "zhao"]);
    tiny.next("v2", "v3");
    tiny.sign("v3", &["wang", "zhao"]);
    let first = current(&tiny);
    let second = adopt(&first, &tiny.files("v2"), now()).expect("it follows");
    let third = adopt(&second, &tiny.files("v3"), now()).expect("it follows");
    let log = [first.digest(), second.digest(), third.digest()];
    assert_eq!(log_of(&third), log);
    assert_eq!(third.manifest().earlier, [second.digest(), first.digest()]);
}

#[test]
fn a_charter_that_rewrites_the_log_is_refused() {
    let tiny = two_versions(&["wang", "zhao"]);
    tiny.next("v2", "v3");
    let path = tiny.path("v3").join("manifest");
    let text = std::fs::read_to_string(&path).expect("there");
    let first = current(&tiny);
    let other = "ab".repeat(32);
    let rewritten = text.replace(&first.digest().to_string(), &other);
    assert_ne!(rewritten, text);
    std::fs::write(&path, rewritten).expect("written");
    tiny.sign("v3", &["wang", "zhao"]);
    let second = adopt(&first, &tiny.files("v2"), now()).expect("it follows");
    let refused = adopt(&second, &tiny.files("v3"), now()).expect_err("another log");
    assert_eq!(refused.code(), "other-log", "{refused}");
}

#[test]
fn a_charter_is_founded_adopted_and_restored() {
    let tiny = two_versions(&["wang", "zhao"]);
    let first = current(&tiny);
    let second = adopt(&first, &tiny.files("v2"), now()).expect("it follows");
    assert_eq!(second.version(), CharterVersion(2));
    assert_eq!(second.manifest().previous(), Some(first.digest()));
    assert_eq!(second.check_decisions(), Ok(()));
    assert_eq!(log_of(&second), [first.digest(), second.digest()]);
    assert_eq!(
        crdt_model::charter::Charter::digest(&**second.charter()),
        second.digest()
    );
    let again = restore(second.files(), second.digest()).expect("it was stored whole");
    assert_eq!(again.digest(), second.digest());
    assert!(matches!(
        restore(second.files(), first.digest()),
        Err(AdoptionRefused::OtherDigest { .. })
    ));
}

#[test]
fn the_digest_a_person_brought_holds_the_first_charter_to_it() {
    let tiny = two_versions(&["li", "wang"]);
    let digest = current(&tiny).digest();
    assert!(found(&tiny.files("v1"), now(), Some(digest)).is_ok());
    let other = found(&tiny.files("v2"), now(), Some(digest));
    assert!(
        matches!(other, Err(AdoptionRefused::OtherDigest { expected, .. }) if expected == digest)
    );
}

#[test]
fn no_signature_and_one_signature_are_too_few() {
    let unsigned = two_versions(&[]);
    assert_eq!(refused(&unsigned), AdoptionRefused::Unsigned);
    let one = two_versions(&["li"]);
    let AdoptionRefused::TooFew {
        whose: Whose::Previous,
        tally,
    } = refused(&one)
    else {
        panic!("another cause");
    };
    assert_eq!((tally.signers, tally.needed), (vec!["li".to_owned()], 2));
    let found = found(&one.files("v2"), now(), None);
    assert!(matches!(
        found,
        Err(AdoptionRefused::TooFew {
            whose: Whose::Own,
            ..
        })
    ));
}

/// A signature that the tool would not make, as an attacker makes it.
pub(crate) fn forge(tiny: &Tiny, charter: &str, key: &str, path: &str) {
    let signing = policy::signing::key_files::read_private_key(&tiny.key(key)).expect("a key");
    let manifest = tiny.text(&format!("{charter}/manifest"));
    let text = policy::signing::sshsig::sign(&signing, manifest.as_bytes()).expect("signs");
    tiny.write(&format!("{charter}/signatures/{path}"), &text);
}

#[test]
fn a_key_that_is_not_listed_does_not_count_under_a_listed_name() {
    let tiny = two_versions(&["li"]);
    forge(&tiny, "v2", "stranger", "wang.sig");
    let AdoptionRefused::TooFew { tally, .. } = refused(&tiny) else {
        panic!("another cause")
    };
    assert!(
        matches!(tally.others.as_slice(), [SignatureFault::Unknown { path, .. }] if path == "signatures/wang.sig")
    );
    // Nor may it ride along where there are enough.
    tiny.sign("v2", &["zhao"]);
    assert!(matches!(
        refused(&tiny),
        AdoptionRefused::Signature(SignatureFault::Unknown { .. })
    ));
}

#[test]
fn one_reviewer_under_two_names_counts_once() {
    let tiny = two_versions(&["li"]);
    forge(&tiny, "v2", "li", "li-again.sig");
    forge(&tiny, "v2", "li", "wang.sig");
    let AdoptionRefused::TooFew { tally, .. } = refused(&tiny) else {
        panic!("another cause")
    };
    assert_eq!(tally.signers, ["li"]);
    assert!(
        tally
            .others
            .iter()
            .all(|other| matches!(other, SignatureFault::Misnamed { .. }))
    );
}

#[test]
fn a_signature_for_another_purpose_or_another_manifest_is_bad() {
    let tiny = two_versions(&["li", "wang"]);
    let old = tiny.text("v1/signatures/li.sig");
    tiny.write("v2/signatures/li.sig", &old);
    let mismatch = |fault: &AdoptionRefused| {
        matches!(
            fault,
            AdoptionRefused::Signature(SignatureFault::Bad {
                problem: SshSigError::Mismatch,
                ..
            })
        )
    };
    assert!(mismatch(&refused(&tiny)));

    let tiny = two_versions(&["li", "wang"]);
    let for_git = include_str!("fixtures/other-namespace.sig");
    tiny.write("v2/signatures/zhao.sig", for_git);
    let AdoptionRefused::Signature(SignatureFault::Bad { problem, .. }) = refused(&tiny) else {
        panic!("another cause");
    };
    assert_eq!(
        problem,
        SshSigError::Namespace {
            needed: "charter@countymesh",
            namespace: "git".to_owned()
        }
    );
}

#[test]
fn an_expired_charter_and_one_of_the_future_are_refused() {
    let tiny = Tiny::signed();
    tiny.next_with("v1", "v2", |tiny| {
        tiny.edit("v2/charter.toml", "2027-01-01", "2026-02-01");
    });
    tiny.sign("v2", &["li", "wang"]);
    assert!(matches!(refused(&tiny), AdoptionRefused::Expired { .. }));
    let early = WallTime::from_ms(1_700_000_000_000);
    assert!(matches!(
        found(&tiny.files("v1"), early, None),
        Err(AdoptionRefused::NotYet { .. })
    ));
    let late = WallTime::from_ms(1_900_000_000_000);
    assert!(matches!(
        found(&tiny.files("v1"), late, None),
        Err(AdoptionRefused::Expired { .. })
    ));
}

#[test]
fn an_expired_charter_is_restored_and_may_be_followed() {
    let tiny = Tiny::signed();
    tiny.next_with("v1", "v2", |tiny| {
        tiny.edit("v2/charter.toml", "2027-01-01", "2037-01-01");
    });
    tiny.sign("v2", &["li", "wang"]);
    let late = WallTime::from_ms(1_900_000_000_000);
    let first = restore(&tiny.files("v1"), current(&tiny).digest()).expect("stored");
    assert!(first.manifest().validity.expired(late));
    assert!(adopt(&first, &tiny.files("v2"), late).is_ok());
}

#[test]
fn older_same_and_skipped_versions_are_refused() {
    let tiny = two_versions(&["li", "wang"]);
    tiny.next("v2", "v3");
    tiny.sign("v3", &["li", "wang"]);
    let first = current(&tiny);
    let second = adopt(&first, &tiny.files("v2"), now()).expect("it follows");
    let (one, two, three) = (CharterVersion(1), CharterVersion(2), CharterVersion(3));
    let older = adopt(&second, &tiny.files("v1"), now()).expect_err("older");
    assert_eq!(
        older,
        AdoptionRefused::Older {
            ours: two,
            offered: one
        }
    );
    let same = adopt(&second, &tiny.files("v2"), now()).expect_err("held");
    assert_eq!(same, AdoptionRefused::AlreadyHeld { version: two });
    let skipped = adopt(&first, &tiny.files("v3"), now()).expect_err("a gap");
    assert_eq!(
        skipped,
        AdoptionRefused::Gap {
            ours: one,
            offered: three
        }
    );
    assert!(adopt(&second, &tiny.files("v3"), now()).is_ok());
}

#[test]
fn a_second_version_2_is_a_fork_and_an_alarm_if_it_is_signed() {
    let tiny = two_versions(&["li", "wang"]);
    let second = adopt(&current(&tiny), &tiny.files("v2"), now()).expect("it follows");
    tiny.next_with("v1", "other", |tiny| {
        tiny.edit(
            "other/charter.toml",
            "en = \"Charter\"",
            "en = \"Other charter\"",
        );
    });
    let fork = |tiny: &Tiny| adopt(&second, &tiny.files("other"), now()).expect_err("a fork");
    assert!(!fork(&tiny).is_alarm());
    tiny.sign("other", &["li", "zhao"]);
    let AdoptionRefused::Fork {
        version,
        ours,
        offered,
        signed,
    } = fork(&tiny)
    else {
        panic!("another cause");
    };
    assert_eq!(
        (version, ours, signed),
        (CharterVersion(2), second.digest(), true)
    );
    assert_ne!(offered, ours);
    assert!(fork(&tiny).is_alarm());
    let message = fork(&tiny).to_string();
    assert!(message.contains(&ours.to_string()) && message.contains(&offered.to_string()));
    // What follows the fork does not follow what is held.
    tiny.next("other", "after-other");
    tiny.sign("after-other", &["li", "wang"]);
    let after = adopt(&second, &tiny.files("after-other"), now()).expect_err("after a fork");
    assert!(matches!(after, AdoptionRefused::NotSuccessor { .. }));
}

#[test]
fn files_changed_added_or_removed_after_signing_are_refused() {
    let tiny = two_versions(&["li", "wang"]);
    let refused_with = |change: &dyn Fn(&mut CharterFiles)| {
        let mut files = tiny.files("v2");
        change(&mut files);
        match refused_files(&tiny, &files) {
            AdoptionRefused::Manifest(error) => error,
            other => panic!("another cause: {other}"),
        }
    };
    let changed = refused_with(&|files| {
        files
            .files
            .entry("rules/flow.cedar".into())
            .or_default()
            .push(b'\n');
    });
    assert!(matches!(changed, ManifestError::FileChanged { .. }));
    let added = refused_with(&|files| {
        files.files.insert(
            "rules/more.cedar".into(),
            b"permit(principal,action,resource);".into(),
        );
    });
    assert!(matches!(added, ManifestError::FileAdded { .. }));
    let removed = refused_with(&|files| {
        files.files.remove("checks/basic.toml");
    });
    assert!(matches!(removed, ManifestError::FileMissing { .. }));
    let missing = refused_with(&|files| {
        files.files.remove("manifest");
    });
    assert_eq!(missing, ManifestError::Missing);
}

/// Writes a manifest as reviewers who were forced, or a broken tool, might: over whatever is there.
fn manifest_anyway(
    tiny: &Tiny,
    charter: &str,
    change: impl FnOnce(&mut policy::signing::manifest::Manifest),
) {
    let files = tiny.files(charter);
    let mut manifest = policy::signing::manifest::Manifest::of(&files).expect("there");
    manifest.files = policy::signing::manifest::Manifest::list(&files).expect("good paths");
    change(&mut manifest);
    tiny.write(
        &format!("{charter}/manifest"),
        &manifest.encode().expect("encodes"),
    );
    forge(tiny, charter, "li", "li.sig");
    forge(tiny, charter, "wang", "wang.sig");
}

#[test]
fn an_unknown_key_in_a_file_refuses_the_charter_whoever_signed_it() {
    let tiny = two_versions(&[]);
    tiny.edit(
        "v2/charter.toml",
        "threshold = 2",
        "threshold = 2\nfallback = \"allow\"",
    );
    manifest_anyway(&tiny, "v2", |_| ());
    let AdoptionRefused::Invalid(findings) = refused(&tiny) else {
        panic!("another cause")
    };
    assert!(
        findings
            .iter()
            .any(|one| one.message.en.contains("unknown key `fallback`")),
        "{findings:?}"
    );
    assert_eq!(
        findings.first().map(|one| one.file.as_str()),
        Some("charter.toml")
    );
}

#[test]
fn a_manifest_that_says_otherwise_than_the_files_is_refused() {
    let tiny = two_versions(&[]);
    manifest_anyway(&tiny, "v2", |manifest| manifest.validity.until.ms += 1);
    assert!(matches!(
        refused(&tiny),
        AdoptionRefused::Disagrees { what, .. } if what.en == "the last moment"
    ));
    let tiny = two_versions(&[]);
    manifest_anyway(&tiny, "v2", |manifest| manifest.decisions.0[0] ^= 1);
    let adopted =
        adopt(&current(&tiny), &tiny.files("v2"), now()).expect("a node trusts reviewers");
    assert!(matches!(
        adopted.check_decisions(),
        Err(AdoptionRefused::Disagrees { .. })
    ));
    let tiny = two_versions(&[]);
    manifest_anyway(&tiny, "v2", |manifest| {
        manifest.county = "620722000000".parse().expect("a code");
    });
    assert!(matches!(
        refused(&tiny),
        AdoptionRefused::OtherCounty { .. }
    ));
}

#[test]
fn a_charter_with_expected_nodes_is_adopted_and_they_hold_and_sign_nothing() {
    let tiny = Tiny::new();
    let key = format!("key = \"{}\"\n", "3".repeat(64));
    tiny.edit("v1/roster.toml", &key, "");
    write_manifest(&tiny.path("v1"), None).expect("valid");
    tiny.sign("v1", &["li", "wang"]);
    let adopted = found(&tiny.files("v1"), now(), None).expect("it is signed");
    let charter = adopted.charter();
    let roster = crdt_model::charter::Charter::roster(&**charter);
    let village = "620723101201".parse().expect("a code");
    let member = roster.member(village).expect("listed");
    assert_eq!(member.standing, crdt_model::charter::Standing::Expected);
    assert_eq!(roster.active(village), None);
    assert_eq!(roster.by_key(&member.key), None);
    assert_eq!(charter.expected().count(), 1);
    for kind in crdt_model::charter::Charter::kinds(&**charter).iter() {
        for facet in &kind.facets {
            for grade in facet.grades() {
                let label = crdt_model::label::Label {
                    facet: facet.name,
                    home: village,
                    addressee: village,
                    grade,
                };
                let asked = crdt_model::charter::Charter::author(&**charter, &label, village);
                assert!(!asked.allowed);
                let asked = crdt_model::charter::Charter::flow(&**charter, &label, village);
                assert!(!asked.allowed);
            }
        }
    }
}

#[test]
fn a_template_is_never_adopted() {
    let tiny = two_versions(&[]);
    for digit in ["1", "2", "3"] {
        let key = format!("key = \"{}\"\n", digit.repeat(64));
        tiny.edit("v2/roster.toml", &key, "");
    }
    manifest_anyway(&tiny, "v2", |_| ());
    assert_eq!(refused(&tiny), AdoptionRefused::Keyless);
    let mut files = tiny.files("v1");
    files
        .files
        .retain(|path, _| !path.starts_with("signatures/"));
    assert_eq!(
        found(&files, now(), None).err(),
        Some(AdoptionRefused::Unsigned)
    );
}

#[test]
fn a_manifest_is_not_written_over_a_changed_charter_by_adoption() {
    let tiny = two_versions(&["li", "wang"]);
    let before = tiny.files("v2");
    let _ = adopt(&current(&tiny), &before, now());
    assert_eq!(tiny.files("v2"), before);
    assert!(
        !write_manifest(&tiny.path("v2"), None)
            .expect("valid")
            .changed
    );
    assert_eq!(tiny.files("v2"), before);
}
