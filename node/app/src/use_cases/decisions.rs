//! What the charter in force decides about everything that the node holds: for itself, for its
//! neighbours, and for persons here. A reviewer asks the same again of another version.

use std::ops::Bound;
use std::sync::Arc;

use crdt_model::charter::Decision;
use crdt_model::engine::links;
use crdt_model::label::Label;
use policy::Question;
use policy::reading::checks::Ask;
use policy::review::replay::Logged;

use crate::asked::protocol::{PAGE_ENTRIES_MAX, Reply};
use node_runtime::keeper::Keeper;

pub(super) fn page(keeper: &Keeper, after: Option<Label>) -> Reply {
    let labels: std::collections::BTreeSet<Label> =
        keeper.engine.index().labels().copied().collect();
    let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut decisions = Vec::new();
    let mut last = None;
    for label in labels.range((begin, Bound::Unbounded)) {
        if decisions.len() >= PAGE_ENTRIES_MAX {
            return Reply::Decisions {
                decisions,
                next: last,
            };
        }
        about(keeper, label, &mut decisions);
        last = Some(*label);
    }
    Reply::Decisions {
        decisions,
        next: None,
    }
}

fn about(keeper: &Keeper, label: &Label, decisions: &mut Vec<Logged>) {
    let charter = keeper.engine.charter();
    let node = keeper.node();
    let facets = keeper.engine.index().records(label).count() as u64;
    let log = |ask, role, node, decision: Arc<Decision>| Logged {
        ask,
        role,
        node,
        label: *label,
        allowed: decision.allowed,
        rules: decision.rules.iter().map(ToString::to_string).collect(),
        version: charter.version(),
        facets,
    };
    decisions.push(log(Ask::Flow, None, node, charter.flow(label, node)));
    decisions.push(log(Ask::Author, None, node, charter.author(label, node)));
    decisions.push(log(Ask::Regrade, None, node, charter.regrade(label, node)));
    for peer in links(&**charter, node) {
        decisions.push(log(Ask::Flow, None, peer, charter.flow(label, peer)));
    }
    for question in keeper.adopted.charter().questions() {
        if let Question::Read(role) = question {
            let decision = charter.read(label, node, role);
            decisions.push(log(Ask::Read, Some(role), node, decision));
        }
    }
}
