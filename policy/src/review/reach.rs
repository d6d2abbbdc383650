//! Whether whoever may hold a facet can be reached: links are few (village to township, township to
//! county, village to county), and a facet goes only over nodes that may hold it themselves.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::{Charter, Tier};
use crdt_model::ids::NodeId;
use crdt_model::label::Label;
use crdt_model::text;

use crate::deciding::question::{Question, State};
use crate::reading::finding::Finding;
use crate::reading::roster::tier_by_code;
use crate::review::enumeration::Enumeration;
use crate::review::prove::at_rule;
use crate::review::words;

/// Whether there is a link between two nodes.
pub fn linked(one: NodeId, other: NodeId) -> bool {
    let upward = |below: NodeId, above: NodeId| {
        below.parent() == Some(above)
            || (tier_by_code(below) == Tier::Village && above == below.county())
    };
    upward(one, other) || upward(other, one)
}

/// One finding for each facet that somebody may hold who cannot be reached from home.
pub fn audiences_are_connected(all: &Enumeration<'_>) -> Vec<Finding> {
    let mut found = BTreeMap::new();
    for (label, state) in labels(all) {
        // By the rules alone: who revokes a node need not change them.
        let audience: BTreeSet<NodeId> = holders(all, &label, state).collect();
        if let Some(node) = unreached(&label, &audience) {
            found.entry(label.facet).or_insert_with(|| {
                let row = all.row(Question::Flow, &label, node);
                let decision = row.map(|row| all.decision(row, state));
                let rule = decision.and_then(|decision| decision.rules.first().cloned());
                let rule = rule.and_then(|id| all.charter().rule(&id));
                let charter = all.charter();
                let (node, label) = (words::node(charter, node), words::label(charter, &label));
                let message = text!(
                    node, label;
                    "{node}可以留存“{label}”，但途中没有可以留存它的节点，传不到",
                    "{node} may hold {label}, but no line of nodes that may hold it leads there \
                     from home"
                );
                at_rule("checks::unreachable", rule, message).hint(text!(
                    "请允许途中的乡镇或县级留存，或收窄规则",
                    "let a township or the county on the way hold it, or narrow the rule"
                ))
            });
        }
    }
    found.into_values().collect()
}

/// One label for each way in which home and addressee can stand to each other, in every state.
fn labels(all: &Enumeration<'_>) -> Vec<(Label, State)> {
    let mut labels = BTreeMap::new();
    for row in all
        .rows()
        .iter()
        .filter(|row| row.question == Question::Flow)
    {
        let label = row.example.label;
        let pair = all.charter().arrangement_of(&label, label.home);
        labels
            .entry((label.facet, label.grade, pair))
            .or_insert(label);
    }
    let states = |label: Label| all.states().iter().map(move |state| (label, *state));
    labels.into_values().flat_map(states).collect()
}

/// The nodes that may hold facets with a label.
pub fn audience(all: &Enumeration<'_>, label: &Label, state: State) -> BTreeSet<NodeId> {
    let members = all.charter().roster().members().iter();
    members
        .map(|member| member.node)
        .filter(|node| all.may(Question::Flow, label, *node, state))
        .collect()
}

/// The nodes of the roster, trusted or revoked, whom the rules let hold facets with a label.
fn holders<'a>(
    all: &'a Enumeration<'_>,
    label: &'a Label,
    state: State,
) -> impl Iterator<Item = NodeId> + 'a {
    let members = all.charter().roster().members().iter();
    members.map(|member| member.node).filter(move |node| {
        let row = all.row(Question::Flow, label, *node);
        row.is_some_and(|row| all.allowed(row, state))
    })
}

fn unreached(label: &Label, audience: &BTreeSet<NodeId>) -> Option<NodeId> {
    let mut reached = BTreeSet::new();
    let home = audience.contains(&label.home).then_some(label.home);
    let mut open: Vec<NodeId> = home.into_iter().collect();
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            open.extend(audience.iter().filter(|other| linked(node, **other)));
        }
    }
    audience.difference(&reached).next().copied()
}
