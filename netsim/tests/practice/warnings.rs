//! Warnings, and who has them.

use crdt_model::due::receipt_of;
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;

use crate::county::{County, beijing, text, time};

fn warning(county: &mut County, addressee: NodeId) -> FacetId {
    let home = county.county;
    let warning = FacetId {
        home,
        addressee,
        ..county.new_facet("notice.content")
    };
    let now = county.world.wall();
    let fields = [
        ("kind", text("warning")),
        ("title", text("虚构：大风蓝色预警")),
        ("text", text("虚构：夜间有七级大风。")),
        ("severity", text("blue")),
        ("issue-time", time(now)),
        ("valid-until", time(beijing(7, 8, 18))),
    ];
    county.set(home, warning, &fields).expect("issued");
    warning
}

impl County {
    /// What a node's own receipt says at a node.
    fn receipt(&self, at: NodeId, warning: FacetId, of: NodeId) -> Vec<String> {
        let state = self.world.node(at).expect("it runs");
        let receipt = receipt_of(&**state.engine.charter(), &warning, of);
        receipt.map_or_else(Vec::new, |receipt| self.words(at, receipt, "state"))
    }
}

/// A warning to everybody: each node says once that it has it, a person confirms it, and one that was
/// cut off until it was over says nothing.
#[test]
fn every_node_acknowledges_a_warning_once_while_it_is_valid() {
    let mut county = County::at(beijing(7, 6, 9));
    let (node, township, village) = (county.county, county.township, county.village);
    let others: Vec<NodeId> = county.world.nodes().map(|(node, _)| node).collect();
    let late = others
        .into_iter()
        .find(|one| *one > village)
        .expect("another village");
    county.cut_off(late);
    let warning = warning(&mut county, node);
    county.pass_hours(3);
    for of in [township, village] {
        assert_eq!(county.receipt(node, warning, of), ["received"], "{of}");
        county.start_anew(of);
    }
    assert_eq!(county.receipt(node, warning, node), [""; 0]);
    assert_eq!(county.receipt(node, warning, late), [""; 0]);
    let charter = county
        .world
        .node(village)
        .expect("it runs")
        .engine
        .charter()
        .clone();
    let receipt = receipt_of(&*charter, &warning, village).expect("it is meant for it");
    county
        .set(village, receipt, &[("state", text("read"))])
        .expect("confirmed");
    county.pass_hours(2);
    assert_eq!(county.receipt(node, warning, village), ["read"]);
    county.pass_until(beijing(7, 8, 19));
    county.world.heal_lines();
    county.pass_hours(3);
    assert!(county.document(late, warning).is_some());
    assert_eq!(county.receipt(late, warning, late), [""; 0]);
}

/// A warning to one village: the township that it passes says nothing.
#[test]
fn who_passes_a_warning_on_acknowledges_nothing() {
    let mut county = County::at(beijing(7, 6, 9));
    let (node, township, village) = (county.county, county.township, county.village);
    let warning = warning(&mut county, village);
    county.pass_hours(3);
    assert!(county.document(township, warning).is_some());
    assert_eq!(county.receipt(node, warning, village), ["received"]);
    assert_eq!(county.receipt(township, warning, township), [""; 0]);
}
