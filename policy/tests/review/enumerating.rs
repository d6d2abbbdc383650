//! That nothing is left out: the table of decisions against plain Cedar, question by question.

use std::collections::BTreeSet;

use crdt_model::charter::Charter;
use crdt_model::ids::NodeId;
use crdt_model::label::Label;
use policy::deciding::plain::PlainCedar;
use policy::deciding::question::State;
use policy::review::enumeration::Enumeration;
use policy::{CedarCharter, CharterFiles, Question};

use crate::{county, files, open};

/// The charter with these nodes only.
fn reduced(nodes: &BTreeSet<NodeId>) -> CharterFiles {
    let mut reduced = files(&[]);
    let roster = reduced.files.get_mut("roster.toml").expect("there");
    let text = String::from_utf8(roster.clone()).expect("text");
    let mut blocks = text.split("[[node]]");
    let mut kept = blocks.next().unwrap_or_default().to_owned();
    for block in blocks {
        let code = block.split('"').nth(1).expect("a code");
        if nodes.contains(&crate::node(code)) {
            kept.push_str("[[node]]");
            kept.push_str(block);
        }
    }
    *roster = kept.into_bytes();
    reduced.files.remove("checks/cases.toml");
    // Two townships cannot be four.
    let head = reduced.files.get_mut("charter.toml").expect("there");
    let text = String::from_utf8(head.clone()).expect("text");
    assert!(text.contains("cosigners = 4"));
    *head = text.replace("cosigners = 4", "cosigners = 1").into_bytes();
    reduced
}

/// Asks plain Cedar every question there is, and counts.
fn compare(charter: &CedarCharter, files: &CharterFiles) -> (u64, Vec<String>) {
    let all = Enumeration::of(charter).expect("not too many");
    let cedar = PlainCedar::open(files).expect("plain Cedar reads the files");
    let nodes: Vec<NodeId> = charter
        .roster()
        .members()
        .iter()
        .map(|member| member.node)
        .collect();
    let mut asked = 0;
    let mut different = Vec::new();
    for facet in charter.kinds().iter().flat_map(|kind| &kind.facets) {
        for grade in facet.grades() {
            for home in &nodes {
                let only_home = [*home];
                let addressees: &[NodeId] = if facet.addressed { &nodes } else { &only_home };
                for addressee in addressees {
                    let label = Label {
                        facet: facet.name,
                        home: *home,
                        addressee: *addressee,
                        grade,
                    };
                    let plainly = cedar.facet(&label).expect("in the schema");
                    for node in &nodes {
                        for question in charter.questions() {
                            asked += 1;
                            let ours = all.may(question, &label, *node, State::Normal);
                            let theirs = plainly.allowed(question, *node).expect("answers");
                            if ours != theirs {
                                different.push(format!("{question} of {label} at {node}: {ours}"));
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(asked, all.questions());
    (asked, different)
}

#[test]
fn every_question_of_a_part_of_the_county_has_plain_cedars_answer() {
    let nodes = [
        "620723000000",
        "620723101000",
        "620723101205",
        "620723101207",
        "620723104000",
        "620723104201",
    ];
    let nodes = nodes.into_iter().map(crate::node).collect();
    let files = reduced(&nodes);
    let charter = open(&files);
    let (asked, different) = compare(&charter, &files);
    println!("{asked} questions");
    assert_eq!(different, Vec::<String>::new());
}

#[test]
fn every_triple_of_nodes_is_in_exactly_one_arrangement() {
    let charter = county();
    let nodes = charter.roster().members().len() as u64;
    let arrangements = charter.arrangements(usize::MAX).expect("not too many");
    let triples: u64 = arrangements.values().map(|one| one.triples).sum();
    assert_eq!(triples, nodes.pow(3));
    let representative: usize = charter.classes(Question::Flow).len();
    let facets = charter.kinds().iter().flat_map(|kind| &kind.facets);
    let enumerated: usize = facets
        .map(|facet| {
            let fitting = |one: &&policy::deciding::occurrence::Occurrence| {
                facet.addressed || one.is_for_home()
            };
            facet.grades().count() * arrangements.values().filter(fitting).count()
        })
        .sum();
    assert_eq!(representative, enumerated);
}

#[test]
fn an_enumeration_ends_where_nobody_could_review_it() {
    // As many nodes as rules may name, each in a township of its own where there are so many.
    let members = county().roster().members().iter();
    let villages = members.filter(|one| one.tier == crdt_model::charter::Tier::Village);
    let named: Vec<_> = villages.step_by(10).take(8).collect();
    let named: Vec<_> = named
        .iter()
        .map(|one| format!("Node::\"{}\"", one.node))
        .collect();
    let rule = format!(
        "\n@id(\"flow.listed\")\n@reason(\"Whoever is listed.\")\n@reason_zh(\"名单。\")\n\
         permit (principal, action == Action::\"flowUp\", resource)\n\
         when {{ [{}].contains(principal) }};\n",
        named.join(", ")
    );
    let mut listing = files(&[]);
    let rules = listing.files.get_mut("rules/flow.cedar").expect("there");
    rules.extend_from_slice(rule.as_bytes());
    let charter = open(&listing);
    let arrangements = charter.arrangements(usize::MAX).expect("no bound").len();
    println!("{arrangements} arrangements with 8 nodes named");
    assert_eq!(
        charter.arrangements(arrangements).map(|all| all.len()),
        Some(arrangements)
    );
    assert_eq!(charter.arrangements(arrangements - 1), None);
    let few = county().arrangements(usize::MAX).expect("no bound").len();
    assert!(arrangements > 10 * few, "{arrangements} and {few}");
    // Townships above a node that is named are told from their like too.
    let why = Enumeration::of(&charter).expect_err("nobody could review it");
    assert!(
        why.to_string().contains("tell 15 nodes from their like"),
        "{why}"
    );
    let found = policy::review::prove::run_checks(&charter);
    let codes: Vec<_> = found.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["rules::too-many-classes"]);
}
