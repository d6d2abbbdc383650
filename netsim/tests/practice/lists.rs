//! The list of what a grid may not be burdened with.

use crdt_model::engine::WriteRefused;
use crdt_model::judge::Fault;
use crdt_model::kind::{KindError, ValueProblem};

use crate::county::{County, beijing, draft, text, time};

/// What the list forbids is refused where it is entered, with the charter's reason, and counted.
#[test]
fn a_forbidden_item_is_refused_at_the_grid_with_its_reason() {
    let mut county = County::at(beijing(7, 6, 9));
    let village = county.village;
    let report = county.new_facet("grid.summary");
    let fields = |category: &str| {
        [
            ("category", text(category)),
            ("grid", text("620723101201001")),
            ("state", text("reported")),
            ("sent-time", time(beijing(7, 6, 9))),
        ]
    };
    let drafts = vec![draft(report, &fields("demolition"))];
    let refused = county.world.write(village, drafts).expect_err("forbidden");
    let WriteRefused::Draft { fault, .. } = refused else {
        panic!("{refused}");
    };
    let Fault::Kind(KindError::Value { problem, .. }) = *fault else {
        panic!("{fault}");
    };
    let ValueProblem::Forbidden { word, reason } = problem else {
        panic!("{problem}");
    };
    assert_eq!(word.as_str(), "demolition");
    assert!(reason.zh.contains("不得摊派给网格"), "{}", reason.zh);
    let state = county.world.node(village).expect("it runs");
    let counts: Vec<_> = state.engine.quarantine().counts().collect();
    assert_eq!(counts, [(None, "forbidden-item", 1)]);
    let drafts = vec![draft(report, &fields("safety"))];
    county.world.write(village, drafts).expect("permitted");
}
