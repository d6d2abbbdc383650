//! The matrix: folded, and folded nowhere too much.

use policy::deciding::question::State;
use policy::review::enumeration::Enumeration;
use policy::review::matrix::tables;
use policy::review::page;

use crate::{county, every_decision, files, node, open};

#[test]
fn no_cell_hides_two_answers_and_no_question_is_left_out() {
    let all = every_decision();
    for state in [State::Normal, State::Emergency] {
        let tables = tables(all, state);
        let cells = tables
            .iter()
            .flat_map(|table| &table.lines)
            .flat_map(|line| line.cells.values());
        assert!(cells.into_iter().all(|cell| !cell.mixed));
        let questions: u64 = tables
            .iter()
            .flat_map(|table| &table.lines)
            .map(|line| line.questions)
            .sum();
        assert_eq!(questions, all.questions());
    }
}

#[test]
fn a_node_that_a_rule_names_keeps_a_column_of_its_own() {
    let charter = open(&files(&[(
        "rules/flow.cedar",
        "  principal in resource.township\n};",
        "  principal in resource.township &&\n  principal != Node::\"620723101205\"\n};",
    )]));
    let all = Enumeration::of(&charter).expect("not too many");
    let tables = tables(&all, State::Normal);
    let devices = tables
        .iter()
        .find(|table| table.facet == crate::name("device.public"))
        .expect("a table");
    let own = devices
        .columns
        .iter()
        .filter(|column| column.node == Some(node("620723101205")));
    assert!(own.count() > 0);
    let cells = devices.lines.iter().flat_map(|line| line.cells.values());
    assert!(cells.into_iter().all(|cell| !cell.mixed));
}

#[test]
fn the_page_needs_nothing_from_the_network_and_speaks_both_languages() {
    let page = page::matrix(
        county(),
        &tables(every_decision(), State::Normal),
        State::Normal,
    );
    for part in [
        "case.parties",
        "本镇",
        "own township",
        "flow.escalated-to-township",
        "clerk · leader (export.ledger)",
        "(read.people)",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for outside in ["http://", "https://", "<script", "<link", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
}
