//! The questions that a charter answers, and the Cedar action that each of them is.

use std::fmt;

use crdt_model::ids::{Name, NodeId};
use serde::{Deserialize, Serialize};

/// The state that the county is in. Rules under `emergency/` count in an emergency only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As every day.
    #[default]
    Normal,
    /// Enough reviewers have declared an emergency, and it has not run out.
    Emergency,
}

/// What is asked about a label and a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Question {
    /// May the node hold facets with this label?
    Flow,
    /// May the node write them?
    Author,
    /// May the node take a facet from or to this label?
    Regrade,
    /// May a person in this role read them at the node?
    Read(Name),
    /// May a person in this role take them out of the mesh at the node?
    Export(Name),
}

impl Question {
    /// The question's name, without the role.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Author => "author",
            Self::Regrade => "regrade",
            Self::Read(_) => "read",
            Self::Export(_) => "export",
        }
    }

    /// The role of the person, where a person asks.
    pub fn role(self) -> Option<Name> {
        match self {
            Self::Read(role) | Self::Export(role) => Some(role),
            _ => None,
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role() {
            Some(role) => write!(f, "{} as {role}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

/// A Cedar action. That of a flow follows from home and receiver alone, never from the hops a
/// facet took, so relays cannot make an up and a down into an across that no rule permits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// The receiver is home.
    FlowHome,
    /// The receiver is above home.
    FlowUp,
    /// The receiver is below home.
    FlowDown,
    /// The receiver is neither.
    FlowAcross,
    /// A node writes.
    Author,
    /// A node changes a grade.
    Regrade,
    /// A person reads.
    Read,
    /// A person takes out.
    Export,
}

impl Action {
    /// The action of a question about a node and a home.
    pub fn of(question: Question, home: NodeId, node: NodeId) -> Self {
        match question {
            Question::Flow if node == home => Self::FlowHome,
            Question::Flow if is_above(node, home) => Self::FlowUp,
            Question::Flow if is_above(home, node) => Self::FlowDown,
            Question::Flow => Self::FlowAcross,
            Question::Author => Self::Author,
            Question::Regrade => Self::Regrade,
            Question::Read(_) => Self::Read,
            Question::Export(_) => Self::Export,
        }
    }

    /// The action's name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::FlowHome => "flowHome",
            Self::FlowUp => "flowUp",
            Self::FlowDown => "flowDown",
            Self::FlowAcross => "flowAcross",
            Self::Author => "author",
            Self::Regrade => "regrade",
            Self::Read => "read",
            Self::Export => "export",
        }
    }
}

/// Whether one node is an ancestor of another.
pub(crate) fn is_above(above: NodeId, below: NodeId) -> bool {
    std::iter::successors(below.parent(), |node| node.parent()).any(|node| node == above)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(home: &str, node: &str) -> Action {
        let node_id = |text: &str| text.parse().expect("a code");
        Action::of(Question::Flow, node_id(home), node_id(node))
    }

    #[test]
    fn the_action_of_a_flow_follows_from_home_and_receiver() {
        let (county, town, village) = ("620723000000", "620723101000", "620723101201");
        assert_eq!(action(village, village), Action::FlowHome);
        assert_eq!(action(village, town), Action::FlowUp);
        assert_eq!(action(village, county), Action::FlowUp);
        assert_eq!(action(county, village), Action::FlowDown);
        assert_eq!(action(village, "620723101202"), Action::FlowAcross);
        assert_eq!(action(village, "620723102000"), Action::FlowAcross);
    }
}
