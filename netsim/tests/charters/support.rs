//! A small county, and holding a charter against its table.

use std::collections::BTreeSet;

use crdt_model::charter::{Charter, Tier};
use crdt_model::ids::NodeId;
use crdt_model::label::{Grade, Label};
use crdt_model::time::WallTime;
use netsim::charters::Edition;
use netsim::charters::permissions::Rights;
use policy::CedarCharter;

/// 2026-07-01T00:00:00Z, where the simulator's time begins.
pub(crate) fn now() -> WallTime {
    WallTime::from_ms(1_782_864_000_000)
}

pub(crate) fn node(code: &str) -> NodeId {
    code.parse().expect("a code")
}

/// A county with three townships, of which one has two villages, one has one and one has none.
pub(crate) fn small_county() -> Vec<NodeId> {
    [
        "620723000000",
        "620723101000",
        "620723101201",
        "620723101202",
        "620723102000",
        "620723102201",
        "620723103000",
    ]
    .map(node)
    .to_vec()
}

/// Every label over these nodes that the charter's kinds allow, and of each facet that cannot be
/// addressed one label that they do not.
pub(crate) fn labels(charter: &dyn Charter, nodes: &[NodeId]) -> Vec<Label> {
    let mut labels = Vec::new();
    for facet in charter.kinds().iter().flat_map(|kind| &kind.facets) {
        for (sensitivity, level) in facet.sensitivities.iter().flat_map(|sensitivity| {
            let levels = facet.levels.iter();
            levels.map(move |level| (*sensitivity, *level))
        }) {
            for (at, home) in nodes.iter().enumerate() {
                let others = match facet.addressed {
                    true => nodes,
                    false => &nodes[at..nodes.len().min(at + 2)],
                };
                labels.extend(others.iter().map(|addressee| Label {
                    facet: facet.name,
                    home: *home,
                    addressee: *addressee,
                    grade: Grade { sensitivity, level },
                }));
            }
        }
    }
    labels
}

/// Holds a charter against its table at these nodes, over every `of`th label from `from` on; gives
/// how many answers were compared.
pub(crate) fn compare(edition: &Edition, nodes: &[NodeId], from: usize, of: usize) -> usize {
    let charter = CedarCharter::open(&edition.files).expect("it is a charter");
    let mut compared = 0;
    for label in labels(&charter, nodes).iter().skip(from % of).step_by(of) {
        for node in nodes {
            compare_at(&charter, edition, label, *node);
            compared += 3;
        }
    }
    assert_eq!(charter.alarms(), 0, "{:?}", charter.last_alarm());
    compared
}

/// Holds the three answers about one label and one node against the table.
pub(crate) fn compare_at(charter: &CedarCharter, edition: &Edition, label: &Label, node: NodeId) {
    let answered = Rights {
        flow: charter.flow(label, node).allowed,
        author: charter.author(label, node).allowed,
        regrade: charter.regrade(label, node).allowed,
    };
    assert_eq!(
        answered,
        edition.table.rights(label, node),
        "version {} ({}): {label} at {node}",
        edition.version,
        charter.head().title.en
    );
}

/// Checks that home holds its own, that nobody writes what they may not hold, that a higher level
/// never narrows, and that every audience hangs together.
pub(crate) fn check_sound(edition: &Edition, nodes: &[NodeId]) {
    let charter = &CedarCharter::open(&edition.files).expect("it is a charter");
    for label in labels(charter, nodes) {
        if charter.kinds().check_label(&label).is_err() {
            continue;
        }
        let active: BTreeSet<NodeId> = edition.table.active().collect();
        for node in nodes {
            let rights = edition.table.rights(&label, *node);
            let writes = rights.author || rights.regrade;
            assert!(rights.flow || !writes, "{label} at {node}");
            let own = label.home == *node && active.contains(node);
            assert!(!own || rights == Rights::ALL, "{label} at {node}");
        }
        let audience = edition.table.audience(&label);
        let mut raised = label;
        let (_, facet) = charter.kinds().facet(label.facet).expect("declared");
        raised.grade.level = facet.levels[facet.levels.len() - 1];
        assert!(
            audience.is_subset(&edition.table.audience(&raised)),
            "{label}"
        );
        assert!(connected(charter, &audience), "{label}: {audience:?}");
    }
}

/// Whether a set of nodes hangs together over the links between its members. A village and the
/// county have one for what the village's township is not in the audience of; where it is, both
/// have a link with the township.
fn connected(charter: &dyn Charter, audience: &BTreeSet<NodeId>) -> bool {
    let tier = |node: &NodeId| charter.roster().member(*node).map(|member| member.tier);
    let linked = |below: &NodeId, above: &NodeId| match (tier(below), tier(above)) {
        (Some(Tier::Village), Some(Tier::Township)) => below.township() == Some(*above),
        (Some(Tier::Village), Some(Tier::County)) => below
            .township()
            .is_some_and(|township| !audience.contains(&township)),
        (Some(Tier::Township), Some(Tier::County)) => true,
        _ => false,
    };
    let mut reached = BTreeSet::new();
    let mut open: Vec<NodeId> = audience.first().copied().into_iter().collect();
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            let others = audience.iter();
            open.extend(others.filter(|other| linked(&node, other) || linked(other, &node)));
        }
    }
    reached.len() == audience.len()
}
