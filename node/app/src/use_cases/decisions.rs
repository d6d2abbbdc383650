//! `inventory --decisions`: what the charter in force decides about everything that the node holds: for
//! itself, for its neighbours, and for persons here. A reviewer asks the same again of another version.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use crdt_model::charter::Decision;
use crdt_model::engine::links;
use crdt_model::label::Label;
use node_runtime::keeper::Keeper;
use policy::Question;
use policy::reading::checks::Ask;
use policy::review::replay::Logged;
use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::line::PAGE_ENTRIES_MAX;
use crate::door::use_case::{Does, UseCase};

/// What does the charter in force decide?
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionsRequest {
    /// Only about labels after this one.
    #[serde(default)]
    pub after: Option<Label>,
}

/// A page of decisions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Decisions {
    /// The decisions.
    pub decisions: Vec<Logged>,
    /// The last label of this page, if there are more after it.
    pub next: Option<Label>,
}

impl UseCase for DecisionsRequest {
    const NEEDS: Capability = Capability::Reviewer;
    type Answer = Decisions;

    fn begin(self) -> Does<Decisions> {
        Does::work(move |node, respond| {
            respond(Ok(page(node.keeper, self.after)));
            Ok(())
        })
    }
}

fn page(keeper: &Keeper, after: Option<Label>) -> Decisions {
    let labels: BTreeSet<Label> = keeper.engine.index().labels().copied().collect();
    let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut decisions = Vec::new();
    let mut last = None;
    for label in labels.range((begin, Bound::Unbounded)) {
        if decisions.len() >= PAGE_ENTRIES_MAX {
            return Decisions {
                decisions,
                next: last,
            };
        }
        about(keeper, label, &mut decisions);
        last = Some(*label);
    }
    Decisions {
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
