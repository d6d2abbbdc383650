//! What a new version changes, in effect and in numbers.

use crdt_model::charter::Charter;
use policy::review::difference::{RosterChange, difference};
use policy::review::enumeration::Enumeration;
use policy::review::inventory::Inventory;
use policy::review::replay::{Logged, replay};
use policy::{CedarCharter, Question};

use crate::{county, every_decision, files, node, open};

const PEOPLE_UP: (&str, &str, &str) = (
    "rules/flow.cedar",
    "[Facet::\"grid.summary\", Facet::\"case.summary\", Facet::\"device.public\", ",
    "[Facet::\"grid.people\", Facet::\"case.summary\", Facet::\"device.public\", ",
);

fn versions() -> (&'static CedarCharter, CedarCharter) {
    (county(), open(&files(&[PEOPLE_UP])))
}

#[test]
fn what_opens_and_closes_is_told_with_the_rule() {
    let (_, new) = versions();
    let changed = difference(
        every_decision(),
        &Enumeration::of(&new).expect("not too many"),
    );
    let first = &changed.opened[0];
    assert_eq!(first.question, Question::Flow);
    assert_eq!(first.facet, crate::name("grid.people"));
    assert!(first.rules.iter().all(|rule| &**rule == "flow.summary-up"));
    assert!(
        changed
            .opened
            .iter()
            .all(|change| change.facet == crate::name("grid.people"))
    );
    assert!(
        changed
            .closed
            .iter()
            .all(|change| change.facet == crate::name("grid.summary"))
    );
    let flows = |changes: &[policy::review::difference::Change]| -> u64 {
        let flows = changes
            .iter()
            .filter(|change| change.question == Question::Flow);
        flows.map(|change| change.questions).sum()
    };
    // Villages to their townships at one grade; villages and townships to the county at four.
    assert_eq!(flows(&changed.opened), 76 + (76 + 7) * 4);
}

#[test]
fn a_guard_that_is_gone_is_told_beside_the_permit_that_counts_now() {
    let narrower = open(&files(&[(
        "rules/guard.cedar",
        "when { resource.sensitivity == Sensitivity::\"home-only\" }",
        "when { resource.sensitivity == Sensitivity::\"home-only\" && resource.facet != Facet::\"device.public\" }",
    )]));
    let new = Enumeration::of(&narrower).expect("not too many");
    let changed = difference(every_decision(), &new);
    let first = &changed.opened[0];
    assert_eq!(first.facet, crate::name("device.public"));
    assert!(first.rules.iter().all(|rule| &**rule == "flow.summary-up"));
    let guards: Vec<_> = first.before.iter().map(|rule| &**rule).collect();
    assert_eq!(guards, ["guard.home-only"]);
    assert!(changed.closed.is_empty());
}

#[test]
fn two_spellings_of_the_same_rules_differ_in_nothing() {
    let new = open(&files(&[(
        "rules/flow.cedar",
        "principal.tier == Tier::\"county\" &&\n  resource.level == Level::\"county\" &&",
        "resource.level == Level::\"county\" &&\n  principal.tier == Tier::\"county\" &&",
    )]));
    let changed = difference(
        every_decision(),
        &Enumeration::of(&new).expect("not too many"),
    );
    assert_eq!(changed, Default::default());
}

#[test]
fn a_rule_that_names_a_node_is_compared_node_by_node() {
    let mut old = open(&files(&[]));
    let mut new = open(&files(&[(
        "rules/flow.cedar",
        "  principal in resource.township\n};",
        "  principal in resource.township &&\n  principal != Node::\"620723101205\"\n};",
    )]));
    let named: Vec<_> = new.named().collect();
    old.distinguish(named.clone());
    new.distinguish(named);
    let changed = difference(
        &Enumeration::of(&old).expect("not too many"),
        &Enumeration::of(&new).expect("not too many"),
    );
    assert!(changed.opened.is_empty());
    assert!(!changed.closed.is_empty());
    let village = Some(node("620723101205"));
    assert!(
        changed
            .closed
            .iter()
            .all(|change| change.column.node == village)
    );
}

#[test]
fn an_inventory_says_how_many_facets_reach_how_many_more_nodes() {
    let (old, new) = versions();
    let mut inventory = Inventory::default();
    let line = |facet: &str, facets: u64| {
        format!(
            "{{\"facet\":\"{facet}\",\"home\":\"620723101207\",\"addressee\":\"620723101207\",\
             \"sensitivity\":\"normal\",\"level\":\"village\",\"facets\":{facets}}}\n"
        )
    };
    inventory.add(&line("grid.people", 412)).expect("a line");
    // Another node lists the same.
    inventory.add(&line("grid.people", 400)).expect("a line");
    inventory.add(&line("case.summary", 7)).expect("a line");
    assert_eq!(inventory.facets(), 419);
    let compared = inventory.compare(old, &new);
    let (more, fewer) = &compared[&crate::name("grid.people")];
    assert_eq!((more.facets, more.copies, more.nodes.len()), (412, 824, 2));
    assert_eq!(fewer.facets, 0);
    let (more, fewer) = &compared[&crate::name("case.summary")];
    assert_eq!((more.facets, fewer.facets), (0, 0));
    assert!(inventory.add("{\"facet\":1}").is_err());
}

#[test]
fn a_nodes_decisions_are_asked_again() {
    let (old, new) = versions();
    let label = crdt_model::label::Label {
        facet: crate::name("grid.people"),
        home: node("620723101207"),
        addressee: node("620723101207"),
        grade: crdt_model::label::Grade {
            sensitivity: crate::name("normal"),
            level: crate::name("village"),
        },
    };
    let decision = old.flow(&label, node("620723101000"));
    let logged = Logged {
        ask: policy::reading::checks::Ask::Flow,
        role: None,
        node: node("620723101000"),
        label,
        allowed: decision.allowed,
        rules: Vec::new(),
        version: old.version(),
        facets: 412,
    };
    let log = serde_json::to_string(&logged).expect("JSON");
    assert_eq!(replay(old, &log).expect("a log").opened, []);
    let replayed = replay(&new, &log).expect("a log");
    assert_eq!(replayed.opened.len(), 1);
    assert_eq!(replayed.opened[0].now.en, "allowed by `flow.summary-up`");
    assert!(replay(&new, "{}").is_err());
}

#[test]
fn who_joins_leaves_or_is_revoked_is_told() {
    let new = open(&files(&[(
        "roster.toml",
        "name = \"沙河村村民委员会\"\ntier = \"village\"\nparent = \"620723101000\"\n",
        "name = \"沙河村村民委员会\"\ntier = \"village\"\nparent = \"620723101000\"\nstate = \"revoked\"\n",
    )]));
    let changed = difference(
        every_decision(),
        &Enumeration::of(&new).expect("not too many"),
    );
    assert_eq!(
        changed.roster,
        [RosterChange::Revoked(node("620723101205"))]
    );
}
