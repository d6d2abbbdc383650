//! What a node answers to questions about nothing, and the list behind a count.

use node_app::use_cases::quarantine::QuarantineRequest;
use node_app::use_cases::why::WhyRecordRequest;

use super::harness::{Mesh, VILLAGE, adding, grid_report, text};

#[test]
fn why_a_record_does_not_reach_a_node_that_does_not_exist_is_that_it_does_not() {
    let mesh = Mesh::start(&[VILLAGE]);
    let record = mesh.add(VILLAGE, grid_report("EXAMPLE", "虚构"));
    let node = "620723999999".parse().expect("a code");
    let why = mesh.ask(VILLAGE, &WhyRecordRequest { record, node });
    let why = why.expect("reasons");
    let causes: Vec<_> = why.because.iter().map(|cause| &cause.text.en).collect();
    assert_eq!(causes, ["the charter's roster has no 620723999999"]);
}

#[test]
fn the_quarantine_accounts_for_every_refusal_that_the_status_counts() {
    let mesh = Mesh::start(&[VILLAGE]);
    let mut facets = grid_report("EXAMPLE", "虚构");
    facets[0].fields.insert("category".to_owned(), text("fees"));
    let added = mesh.ask(VILLAGE, &adding(facets));
    added.expect_err("nobody may bring that in");
    let status = mesh.status(VILLAGE).expect("a status");
    assert_eq!(status.refused.get("forbidden-item"), Some(&1));
    let quarantine = mesh.ask(VILLAGE, &QuarantineRequest {}).expect("a list");
    assert_eq!(quarantine.refused, []);
    assert_eq!(quarantine.counts, status.refused);
}
