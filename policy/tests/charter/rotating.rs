//! Reviewers come and go: each change is signed by those who leave it and those who take it up.

use policy::signing::adopt::{adopt, found, restore};
use policy::signing::refusal::{AdoptionRefused, Whose};
use policy::signing::sign::sign;

use crate::adopting::{current, forge, refused};
use crate::tiny::{Tiny, now, reviewer};

/// Version 2 with `chen` in place of `wang` and `zhao`.
fn new_reviewers(tiny: &Tiny) {
    let line = tiny.make_key("chen");
    tiny.next_with("v1", "v2", |tiny| {
        let text = tiny.text("v2/charter.toml");
        let without = text
            .split("[[reviewer]]\nname = \"wang\"")
            .next()
            .expect("a first part");
        tiny.write(
            "v2/charter.toml",
            &format!("{without}{}", reviewer("chen", &line)),
        );
    });
}

#[test]
fn new_reviewers_are_brought_in_by_the_old_ones_and_sign_too() {
    let tiny = Tiny::signed();
    new_reviewers(&tiny);
    tiny.sign("v2", &["li", "chen"]);
    // The new ones alone do not bring themselves in.
    let AdoptionRefused::TooFew { whose, .. } = refused(&tiny) else {
        panic!("another cause")
    };
    assert_eq!(whose, Whose::Previous);
    // `wang` leaves, and signs the version that says so.
    let v1 = tiny.path("v1");
    let wang = tiny.key("wang");
    assert!(sign(&tiny.path("v2"), &wang, None, None).is_err());
    sign(&tiny.path("v2"), &wang, Some("wang"), Some(&v1)).expect("a reviewer of version 1");
    let second = adopt(&current(&tiny), &tiny.files("v2"), now()).expect("both boards signed");
    // A node set up with version 2 takes it too, and so does a node that restarts.
    assert!(found(&tiny.files("v2"), now(), None).is_ok());
    assert!(restore(second.files(), second.digest()).is_ok());
    // From now on the new ones decide: `wang` counts no more.
    tiny.next("v2", "v3");
    tiny.sign("v3", &["li"]);
    forge(&tiny, "v3", "wang", "wang.sig");
    let refused = adopt(&second, &tiny.files("v3"), now()).expect_err("one is too few");
    assert!(matches!(refused, AdoptionRefused::TooFew { .. }));
    std::fs::remove_file(tiny.path("v3/signatures/wang.sig")).expect("there");
    tiny.sign("v3", &["chen"]);
    assert!(adopt(&second, &tiny.files("v3"), now()).is_ok());
}

#[test]
fn the_old_reviewers_alone_do_not_appoint_new_ones() {
    let tiny = Tiny::signed();
    new_reviewers(&tiny);
    forge(&tiny, "v2", "li", "li.sig");
    forge(&tiny, "v2", "wang", "wang.sig");
    let AdoptionRefused::TooFew { whose, .. } = refused(&tiny) else {
        panic!("another cause")
    };
    assert_eq!(whose, Whose::Own);
}

#[test]
fn a_fork_signed_by_reviewers_who_left_is_still_an_alarm() {
    let tiny = Tiny::signed();
    new_reviewers(&tiny);
    tiny.sign("v2", &["li", "chen"]);
    forge(&tiny, "v2", "wang", "wang.sig");
    let second = adopt(&current(&tiny), &tiny.files("v2"), now()).expect("both boards signed");
    tiny.next("v1", "other");
    tiny.sign("other", &["wang", "zhao"]);
    let fork = adopt(&second, &tiny.files("other"), now()).expect_err("a fork");
    assert!(fork.is_alarm(), "{fork}");
}
