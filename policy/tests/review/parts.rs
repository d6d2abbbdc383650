//! Rules taken apart: which condition failed, which rule came nearest, what cases try.

use crdt_model::label::{Grade, Label};
use policy::Question;
use policy::review::coverage::coverage;
use policy::review::nearest::nearest;
use policy::review::parts::Parts;

use crate::{county, every_decision, name, node};

fn label(facet: &str, level: &str) -> Label {
    Label {
        facet: name(facet),
        home: node("620723101207"),
        addressee: node("620723101207"),
        grade: Grade {
            sensitivity: name("normal"),
            level: name(level),
        },
    }
}

#[test]
fn the_nearest_rule_names_the_condition_that_failed() {
    let charter = county();
    let parts = Parts::of(charter);
    let township = node("620723101000");
    let asked = label("case.narrative", "village");
    let near = nearest(charter, &parts, Question::Flow, &asked, township).expect("a rule");
    assert_eq!(near.rule, "flow.escalated-to-township");
    assert_eq!(
        near.missing,
        ["[Level::\"township\", Level::\"county\"].contains(resource.level)"]
    );
    let county = node("620723000000");
    let asked = label("case.parties", "township");
    let near = nearest(charter, &parts, Question::Flow, &asked, county).expect("a rule");
    assert_eq!(near.rule, "flow.escalated-to-county");
    assert_eq!(near.missing, ["resource.level == Level::\"county\""]);
}

#[test]
fn a_rule_applies_exactly_where_all_its_parts_are_met() {
    let (charter, all) = (county(), every_decision());
    let parts = Parts::of(charter);
    for row in all.rows().iter().step_by(53) {
        let (asked, at) = (row.example.label, row.example.node);
        let met = parts
            .met(charter, row.question, &asked, at)
            .expect("answers");
        for (position, rule) in all.rules().iter().enumerate() {
            let applies = row.permits.contains(&position) || row.forbids.contains(&position);
            let whole = parts.of_rule(&rule.id).all(|(id, _)| met.contains(id));
            assert_eq!(
                applies, whole,
                "{} for {} of {asked} at {at}",
                rule.id, row.question
            );
        }
    }
}

#[test]
fn the_countys_cases_try_every_part_of_every_rule_both_ways() {
    let covered = coverage(county()).expect("answers");
    for (rule, one) in &covered {
        assert_eq!(one.both_ways(), one.parts.len(), "{rule}: {:#?}", one.parts);
    }
}
