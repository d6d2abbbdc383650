//! The list of what a grid may not be burdened with.

use crdt_model::engine::WriteRefused;
use crdt_model::ids::NodeId;
use crdt_model::judge::Fault;
use crdt_model::kind::{KindError, Title, ValueProblem};
use crdt_model::label::FacetId;

use crate::county::{County, beijing, draft, text, time};

/// Reports something of a category.
fn report(county: &mut County, category: &str) -> Result<FacetId, WriteRefused> {
    let report = county.new_facet("grid.summary");
    let now = county.world.wall();
    let fields = [
        ("category", text(category)),
        ("grid", text("620723101201001")),
        ("state", text("reported")),
        ("sent-time", time(now)),
    ];
    let village = county.village;
    let written = county.world.write(village, vec![draft(report, &fields)]);
    written.map(|_| report)
}

fn reason(refused: WriteRefused) -> Title {
    let WriteRefused::Draft { fault, .. } = refused else {
        panic!("{refused}");
    };
    let Fault::Kind(KindError::Value { problem, .. }) = *fault else {
        panic!("{fault}");
    };
    let ValueProblem::Forbidden { reason, .. } = problem else {
        panic!("{problem}");
    };
    *reason
}

/// What the list forbids is refused where it is entered, with the charter's reason, and counted.
#[test]
fn a_forbidden_item_is_refused_at_the_grid_with_its_reason() {
    let mut county = County::at(beijing(7, 6, 9));
    let refused = report(&mut county, "demolition").expect_err("forbidden");
    let reason = reason(refused);
    assert!(reason.zh.contains("不得摊派给网格"), "{}", reason.zh);
    let state = county.world.node(county.village).expect("it runs");
    let counts: Vec<_> = state.engine.quarantine().counts().collect();
    assert_eq!(counts, [(None, "forbidden-item", 1)]);
    report(&mut county, "safety").expect("permitted");
}

/// The county forbids an item while a village is cut off. What the village reports meanwhile was
/// honest work by the list that it had, and counts; from the moment the new list has come, the next
/// one is refused.
#[test]
fn a_list_that_is_older_at_an_offline_grid_than_at_the_county() {
    let mut county = County::at(beijing(7, 6, 9));
    let (village, township) = (county.village, county.township);
    county.cut_off(village);
    county.offer_with(
        "kinds/grid.toml",
        r#"en = "publicity" }"#,
        r#"en = "publicity", forbidden = { zh = "宣传任务由镇里统一安排", en = "the township does this" } }"#,
    );
    county.pass_hours(1);
    let versions = |county: &County, nodes: [NodeId; 2]| nodes.map(|node| county.version(node));
    assert_eq!(versions(&county, [township, village]), [2, 1]);
    let old = report(&mut county, "publicity").expect("the village's list permits it");
    county.world.heal_lines();
    county.pass_hours(2);
    assert_eq!(versions(&county, [township, village]), [2, 2]);
    for node in [township, county.county] {
        assert_eq!(county.words(node, old, "category"), ["publicity"], "{node}");
    }
    let refused = report(&mut county, "publicity").expect_err("forbidden now");
    assert_eq!(reason(refused).zh, "宣传任务由镇里统一安排");
    // What was reported before is handled to its end.
    county
        .set(village, old, &[("state", text("accepted"))])
        .expect("handled");
}
