//! Who lies where in a simulated county.

use crdt_model::ids::NodeId;
use policy::making::template;

/// The county of generated charters.
const COUNTY: u64 = 620_723_000_000;
/// Villages of each township, at most.
const VILLAGES_MAX: u64 = 16;

/// The nodes of one county, by code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    nodes: Vec<NodeId>,
}

impl Places {
    /// A county of so many nodes: one county node, and as many townships as their villages need.
    pub fn new(count: usize) -> Self {
        Self {
            nodes: nodes(count),
        }
    }

    /// Linze County, or that many of its nodes: the county, as many townships as their villages
    /// need, and of each about the same number of villages.
    pub fn linze(count: usize) -> Self {
        let all = template::nodes(&template::linze());
        let mut whole = Self { nodes: all };
        whole.nodes.sort_unstable();
        let mut townships = whole.townships();
        townships.truncate((count / 6).clamp(1, townships.len()));
        let below: Vec<_> = townships
            .iter()
            .map(|one| whole.villages_of(*one))
            .collect();
        let most = below.iter().map(Vec::len).max().unwrap_or(0);
        let by_turns = (0..most).flat_map(|at| below.iter().filter_map(move |of| of.get(at)));
        let mut nodes: Vec<_> = whole
            .nodes
            .iter()
            .take(1)
            .chain(&townships)
            .chain(by_turns)
            .copied()
            .collect();
        nodes.truncate(count);
        nodes.sort_unstable();
        Self { nodes }
    }

    /// A county with this code and so many villages in each township.
    pub fn shaped(county: NodeId, villages: &[usize]) -> Self {
        let county = code_of(county);
        let townships = villages.iter().zip(1..).flat_map(|(villages, at)| {
            let township = county + at * 1_000;
            (0..=*villages as u64).map(move |below| township + below)
        });
        Self {
            nodes: std::iter::once(county)
                .chain(townships)
                .filter_map(node)
                .collect(),
        }
    }

    /// All nodes, by code.
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The county.
    pub fn county(&self) -> NodeId {
        self.nodes[0]
    }

    /// The townships.
    pub fn townships(&self) -> Vec<NodeId> {
        let is = |node: &&NodeId| node.parent() == Some(self.county());
        self.nodes.iter().filter(is).copied().collect()
    }

    /// The villages.
    pub fn villages(&self) -> Vec<NodeId> {
        let is = |node: &&NodeId| is_village(**node);
        self.nodes.iter().filter(is).copied().collect()
    }

    /// The villages of one township.
    pub fn villages_of(&self, township: NodeId) -> Vec<NodeId> {
        let is = |node: &&NodeId| node.parent() == Some(township);
        self.nodes.iter().filter(is).copied().collect()
    }

    /// The nodes that a node has lines with.
    pub fn linked(&self, node: NodeId) -> Vec<NodeId> {
        let county = self.county();
        let linked = |other: &&NodeId| {
            let (one, other) = (node, **other);
            let above = one.parent() == Some(other) || other.parent() == Some(one);
            above || one != other && (one == county || other == county)
        };
        self.nodes.iter().filter(linked).copied().collect()
    }
}

/// A county of so many nodes: one county node, and as many townships as their villages need.
pub fn nodes(count: usize) -> Vec<NodeId> {
    let townships = (count / 6).clamp(1, 7) as u64;
    let county = [COUNTY].into_iter();
    let above = (0..townships).map(|at| COUNTY + (101 + at) * 1_000);
    let villages = (0..VILLAGES_MAX).flat_map(|village| {
        (0..townships).map(move |at| COUNTY + (101 + at) * 1_000 + 201 + village)
    });
    let codes = county.chain(above).chain(villages).take(count);
    let mut nodes: Vec<_> = codes.filter_map(node).collect();
    nodes.sort_unstable();
    nodes
}

fn node(code: u64) -> Option<NodeId> {
    format!("{code:012}").parse().ok()
}

fn code_of(node: NodeId) -> u64 {
    node.to_string().parse().unwrap_or(0)
}

/// Whether a code is a village's.
pub fn is_village(node: NodeId) -> bool {
    node.parent().is_some_and(|above| above.parent().is_some())
}

/// 0 for the county, 1 for a township, 2 for a village.
pub fn tier(node: NodeId) -> u8 {
    match node.parent() {
        None => 0,
        Some(_) if is_village(node) => 2,
        Some(_) => 1,
    }
}
