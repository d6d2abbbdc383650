//! When reviewers' keys are lost below the threshold: holders of sealed keys put others in place,
//! and can do nothing else.

use policy::signing::adopt::{adopt, restore};
use policy::signing::refusal::AdoptionRefused;
use policy::signing::sign::sign;

use crate::adopting::current;
use crate::tiny::{Tiny, now, reviewer};

/// Version 1 with two holders of recovery keys, signed; and version 2 with `chen` as the only
/// reviewer besides `li`, whose colleagues lost their keys.
fn lost(change: impl FnOnce(&Tiny)) -> Tiny {
    let tiny = Tiny::new();
    let holders: String = ["seal-one", "seal-two"]
        .iter()
        .map(|name| {
            let line = tiny.make_key(name);
            format!("[[recovery.holder]]\nname = \"{name}\"\nkey = \"{line}\"\n")
        })
        .collect();
    let text = tiny.text("v1/charter.toml");
    tiny.write(
        "v1/charter.toml",
        &format!("{text}[recovery]\nthreshold = 2\n{holders}"),
    );
    policy::signing::sign::write_manifest(&tiny.path("v1"), None).expect("valid");
    tiny.sign("v1", &["li", "wang"]);
    let line = tiny.make_key("chen");
    tiny.next_with("v1", "v2", |tiny| {
        let text = tiny.text("v2/charter.toml");
        let (before, rest) = text
            .split_once("[[reviewer]]\nname = \"wang\"")
            .expect("there");
        let (_, recovery) = rest.split_once("[recovery]").expect("there");
        let new = reviewer("chen", &line);
        tiny.write(
            "v2/charter.toml",
            &format!("{before}{new}[recovery]{recovery}"),
        );
        change(tiny);
    });
    tiny
}

fn seal(tiny: &Tiny, names: &[&str]) {
    for name in names {
        let (key, v1) = (tiny.key(name), tiny.path("v1"));
        sign(&tiny.path("v2"), &key, Some(name), Some(&v1)).expect("a holder of version 1");
    }
}

#[test]
fn holders_of_sealed_keys_put_reviewers_in_place() {
    let tiny = lost(|_| ());
    tiny.sign("v2", &["li", "chen"]);
    let refused = adopt(&current(&tiny), &tiny.files("v2"), now()).expect_err("li alone is left");
    assert!(
        matches!(refused, AdoptionRefused::TooFew { .. }),
        "{refused}"
    );
    seal(&tiny, &["seal-one"]);
    assert!(adopt(&current(&tiny), &tiny.files("v2"), now()).is_err());
    seal(&tiny, &["seal-two"]);
    let second = adopt(&current(&tiny), &tiny.files("v2"), now()).expect("both seals");
    assert!(restore(second.files(), second.digest()).is_ok());
    // The new reviewers go on by themselves.
    tiny.next("v2", "v3");
    tiny.sign("v3", &["li", "chen"]);
    assert!(adopt(&second, &tiny.files("v3"), now()).is_ok());
}

#[test]
fn the_new_reviewers_must_have_their_keys() {
    let tiny = lost(|_| ());
    tiny.sign("v2", &["li"]);
    seal(&tiny, &["seal-one", "seal-two"]);
    let refused = adopt(&current(&tiny), &tiny.files("v2"), now()).expect_err("chen did not sign");
    assert!(
        matches!(refused, AdoptionRefused::TooFew { .. }),
        "{refused}"
    );
}

#[test]
fn sealed_keys_change_nothing_but_reviewers_and_dates() {
    for (file, from, to) in [
        (
            "v2/rules/flow.cedar",
            "Facet::\"case.summary\"",
            "Facet::\"case.parties\"",
        ),
        ("v2/roster.toml", "1111", "1112"),
        (
            "v2/charter.toml",
            "[recovery]\nthreshold = 2",
            "[recovery]\nthreshold = 2\n",
        ),
        (
            "v2/charter.toml",
            "title = { zh = \"章程\"",
            "title = { zh = \"新章程\"",
        ),
    ] {
        let tiny = lost(|tiny| {
            tiny.edit(file, from, to);
            // So that the charter's own checks still hold.
            tiny.write("v2/checks/basic.toml", "");
        });
        tiny.sign("v2", &["li", "chen"]);
        seal(&tiny, &["seal-one", "seal-two"]);
        let refused = adopt(&current(&tiny), &tiny.files("v2"), now()).expect_err(file);
        assert!(
            matches!(refused, AdoptionRefused::BeyondRecovery { .. }),
            "{refused}"
        );
    }
}

#[test]
fn keys_for_recovery_are_nobodys_everyday_keys() {
    let tiny = Tiny::new();
    let line = tiny.text("keys/li.pub");
    let other = tiny.make_key("seal-one");
    let text = tiny.text("v1/charter.toml");
    tiny.write(
        "v1/charter.toml",
        &format!(
            "{text}[recovery]\nthreshold = 2\n[[recovery.holder]]\nname = \"a\"\nkey = \"{}\"\n\
             [[recovery.holder]]\nname = \"b\"\nkey = \"{other}\"\n",
            line.trim()
        ),
    );
    let findings = policy::CedarCharter::open(&tiny.files("v1")).expect_err("refused");
    assert_eq!(findings[0].code, "charter::recovery", "{findings:#?}");
}
