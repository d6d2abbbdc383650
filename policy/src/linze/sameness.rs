//! What the digest of all decisions sees, and what it does not.

use super::{files, label, node, open, open_files, rule, with, with_more};
use crdt_model::charter::Charter;

#[test]
fn two_spellings_of_the_same_rules_have_one_digest() {
    let other = with(
        "rules/flow.cedar",
        r#"[Facet::"grid.summary", Facet::"case.summary", Facet::"device.public", Facet::"handoff.summary","#,
        r#"resource.facet == Facet::"device.public" || resource.facet == Facet::"case.summary" ||
           resource.facet == Facet::"grid.summary" || [Facet::"handoff.summary","#,
    );
    assert_ne!(files(), other);
    assert_eq!(
        open().decision_digest(),
        open_files(&other).decision_digest()
    );
}

#[test]
fn one_decision_more_or_less_has_another_digest() {
    let wider = rule(
        "test.wider",
        r#"permit (principal, action == Action::"flowAcross", resource)
           when { resource.facet == Facet::"grid.summary" && resource has township && principal in resource.township };"#,
    );
    let narrower = rule(
        "test.narrower",
        r#"forbid (principal, action == Action::"export", resource) when { principal.role == Role::"leader" };"#,
    );
    let digest = open().decision_digest();
    for more in [wider, narrower] {
        assert_ne!(
            open_files(&with_more("rules/flow.cedar", &more)).decision_digest(),
            digest
        );
    }
}

#[test]
fn two_drafts_have_two_digests() {
    let other = with("charter.toml", "version = 1", "version = 2");
    assert_ne!(open().digest(), open_files(&other).digest());
    assert_eq!(open().digest(), open().digest());
}

#[test]
fn a_revoked_node_holds_and_writes_nothing_and_its_records_stay_with_the_rest() {
    let revoked = with(
        "roster.toml",
        "name = \"五三村村民委员会\"\ntier = \"village\"\nparent = \"620723101000\"\n",
        "name = \"五三村村民委员会\"\ntier = \"village\"\nparent = \"620723101000\"\nstate = \"revoked\"\n",
    );
    let charter = open_files(&revoked);
    let village = "620723101207";
    let ledger = label("case.summary", village, village);
    assert!(!charter.flow(&ledger, node(village)).allowed);
    assert!(!charter.author(&ledger, node(village)).allowed);
    assert!(charter.flow(&ledger, node("620723101000")).allowed);
    assert_eq!(charter.audience(&ledger).len(), 2);
}

#[test]
fn unknown_nodes_words_and_addressees_are_refused_without_a_rule() {
    let charter = open();
    let village = "620723101207";
    let good = label("case.summary", village, village);
    let unknown = "620723999201";
    let mut odd_grade = good;
    odd_grade.grade.sensitivity = "home-only".parse().expect("a name");
    for (label, at) in [
        (good, unknown),
        (label("case.summary", unknown, unknown), "620723000000"),
        (label("case.summary", village, unknown), village),
        (label("case.nothing", village, village), village),
        (label("case.parties", village, "620723101205"), village),
        (odd_grade, village),
    ] {
        let decision = charter.flow(&label, node(at));
        assert!(
            !decision.allowed && decision.rules.is_empty(),
            "{label} at {at}"
        );
    }
    let nobody = "mayor".parse().expect("a name");
    assert!(!charter.read(&good, node(village), nobody).allowed);
    assert_eq!(charter.alarms(), 0);
}

#[test]
fn an_evaluation_error_is_a_refusal_and_an_alarm() {
    // Strictly valid, and it overflows. Cedar leaves such a rule out, so that its forbid is void.
    let overflows = rule(
        "test.overflows",
        r#"forbid (principal, action == Action::"flowHome", resource)
           when { principal == resource.home && 9223372036854775807 + 1 > 0 };"#,
    );
    let charter = open_files(&with_more("rules/guard.cedar", &overflows));
    let village = "620723101207";
    let decision = charter.flow(&label("case.summary", village, village), node(village));
    assert!(!decision.allowed);
    assert_eq!(charter.alarms(), 1);
    let alarm = charter.last_alarm().expect("there was one").to_string();
    assert!(alarm.contains("overflow"), "{alarm}");
    let findings = crate::run_checks(&charter);
    assert!(
        findings
            .iter()
            .any(|finding| finding.code == "checks::alarm")
    );
}
