//! Answers through symmetry classes and the cache against plain Cedar, which has neither.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::Charter;
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::Label;

use super::{files, node, open, open_files, rule, with_more};
use crate::deciding::charter::CedarCharter;
use crate::deciding::class::{Class, labels_over};
use crate::deciding::plain::PlainCedar;
use crate::deciding::question::Question;
use crate::reading::files::CharterFiles;

/// (label, node) pairs that are asked at the least.
const PAIRS_MIN: usize = 50_000;

/// Every label of a charter, over all its nodes.
fn all_labels(charter: &CedarCharter) -> Vec<Label> {
    let nodes: Vec<NodeId> = charter
        .roster()
        .members()
        .iter()
        .map(|member| member.node)
        .collect();
    let facets = charter.kinds().iter().flat_map(|kind| &kind.facets);
    facets
        .flat_map(|facet| labels_over(facet, &nodes))
        .collect()
}

/// Asks both ways about these labels and nodes; gives the number of questions and the differences.
fn compare(
    charter: &CedarCharter,
    files: &CharterFiles,
    asked: &BTreeMap<Label, BTreeSet<NodeId>>,
    questions: &[Question],
) -> (usize, Vec<String>) {
    let cedar = PlainCedar::open(files).expect("plain Cedar reads the files");
    let (mut number, mut differences) = (0, Vec::new());
    for (label, nodes) in asked {
        let facet = cedar.facet(label).expect("the label is in the schema");
        for (node, question) in nodes
            .iter()
            .flat_map(|node| questions.iter().map(move |q| (*node, *q)))
        {
            number += 1;
            let answer = charter.decide(question, label, node).allowed;
            let plain = facet.allowed(question, node).expect("plain Cedar answers");
            if answer != plain {
                differences.push(format!(
                    "{question} of {label} at {node}: {answer}, plain {plain}"
                ));
            }
        }
    }
    (number, differences)
}

#[test]
fn the_cache_agrees_with_plain_cedar_on_every_class_and_a_large_sample() {
    let (charter, files) = (open(), files());
    // Every class of every question, by its example.
    let mut differences = Vec::new();
    let mut classes = 0;
    for question in charter.questions() {
        let mut asked: BTreeMap<Label, BTreeSet<NodeId>> = BTreeMap::new();
        for (_, example) in charter.classes(question) {
            asked.entry(example.label).or_default().insert(example.node);
        }
        let (number, found) = compare(&charter, &files, &asked, &[question]);
        classes += number;
        differences.extend(found);
    }
    // Labels at an even stride through all there are, each with all nodes. The stride is prime, so
    // that it falls in step with no list it walks.
    let labels = all_labels(&charter);
    let nodes: BTreeSet<NodeId> = charter
        .roster()
        .members()
        .iter()
        .map(|member| member.node)
        .collect();
    let sampled = labels
        .iter()
        .step_by(101)
        .map(|label| (*label, nodes.clone()))
        .collect();
    let questions = [Question::Flow, Question::Author, Question::Regrade];
    let (number, found) = compare(&charter, &files, &sampled, &questions);
    differences.extend(found);
    let pairs = sampled.len() * nodes.len();
    println!(
        "{} labels in all; {classes} classes, {pairs} pairs, {number} answers",
        labels.len()
    );
    assert!(pairs >= PAIRS_MIN, "only {pairs} pairs");
    assert!(
        differences.is_empty(),
        "{} differences: {:#?}",
        differences.len(),
        &differences[..differences.len().min(5)]
    );
    assert_eq!(charter.alarms(), 0);
}

#[test]
fn the_examples_have_every_class_that_the_whole_county_has() {
    let charter = open();
    let known: BTreeSet<Class> = charter.classes(Question::Flow).into_keys().collect();
    let mut met = BTreeSet::new();
    let grade = |label: &Label| label.grade == all_grades_first(&charter, label.facet);
    for label in all_labels(&charter).iter().filter(|label| grade(label)) {
        for member in charter.roster().members() {
            met.insert(charter.class_of(Question::Flow, label, member.node));
        }
    }
    let missed: Vec<_> = met
        .difference(&known)
        .take(3)
        .map(ToString::to_string)
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

fn all_grades_first(charter: &CedarCharter, facet: Name) -> crdt_model::label::Grade {
    let (_, facet) = charter.kinds().facet(facet).expect("the facet is declared");
    facet.default_grade().expect("it has a grade")
}

#[test]
fn nodes_that_rules_name_keep_their_identity() {
    let named = rule(
        "test.named",
        r#"forbid (principal == Node::"620723101205", action == Action::"flowAcross", resource);"#,
    ) + &rule(
        "test.named-township",
        r#"permit (principal in Node::"620723102000", action == Action::"flowAcross", resource)
           when { resource.facet == Facet::"device.public" && resource.home == Node::"620723103201" };"#,
    );
    let files = with_more("rules/flow.cedar", &named);
    let charter = open_files(&files);
    let device = Name::new("device.public").expect("a name");
    let nodes: BTreeSet<NodeId> = charter
        .roster()
        .members()
        .iter()
        .map(|member| member.node)
        .collect();
    let labels = all_labels(&charter)
        .into_iter()
        .filter(|label| label.facet == device);
    let asked = labels.map(|label| (label, nodes.clone())).collect();
    let (_, differences) = compare(&charter, &files, &asked, &[Question::Flow]);
    assert!(
        differences.is_empty(),
        "{:#?}",
        &differences[..differences.len().min(5)]
    );
    let village = super::label("device.public", "620723101207", "620723101207");
    assert!(!charter.flow(&village, node("620723101205")).allowed);
    assert!(charter.flow(&village, node("620723101206")).allowed);
}
