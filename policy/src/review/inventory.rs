//! What nodes hold, as numbers: how many facets have which label. Each node can list that of itself
//! (`mesh-node inventory`) without showing content, and a reviewer sees what a new version means in
//! real numbers.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::Charter;
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::Label;
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use serde::{Deserialize, Serialize};

use crate::deciding::charter::CedarCharter;

/// Bytes of one line of an inventory.
const LINE_BYTES_MAX: usize = 1024;
/// Lines of one inventory.
const LINES_MAX: usize = 1_000_000;

/// How many facets have one label.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stock {
    /// The label.
    #[serde(flatten)]
    pub label: Label,
    /// How many facets have it.
    pub facets: u64,
}

/// Why a text is not an inventory.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum InventoryError {
    /// A line that cannot be read.
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: Text,
    },
    /// More lines than any county has labels.
    TooLong,
}

impl Explain for InventoryError {
    fn text(&self) -> Text {
        match self {
            Self::Line { line, problem } => text!(
                problem;
                "第 {line} 行：{problem}；请用 `mesh-node inventory` 重新生成",
                "line {line}: {problem}; get it anew with `mesh-node inventory`"
            ),
            Self::TooLong => text!("超过 {LINES_MAX} 行", "more than {LINES_MAX} lines"),
        }
    }
}

/// Inventories by label. Where several nodes list a label, the one that holds most of it counts: they
/// hold the same facets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inventory(BTreeMap<Label, u64>);

/// What a change means for facets that there are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Numbers {
    /// Facets that reach a node which they did not reach, or no longer reach one which they did.
    pub facets: u64,
    /// How often, over all nodes.
    pub copies: u64,
    /// Those nodes.
    pub nodes: BTreeSet<NodeId>,
    /// To how many nodes one facet reaches more, or fewer: the least and the most.
    pub each: Option<(usize, usize)>,
}

/// What the reader of JSON says.
pub fn of_json(problem: &serde_json::Error) -> Text {
    let column = problem.column();
    text!("第 {column} 列起读不懂", "{problem}")
}

impl Inventory {
    /// Adds the lines of one node.
    ///
    /// # Errors
    /// The text is not an inventory.
    pub fn add(&mut self, text: &str) -> Result<(), InventoryError> {
        for (index, line) in text.lines().enumerate() {
            if index >= LINES_MAX {
                return Err(InventoryError::TooLong);
            }
            if line.trim().is_empty() {
                continue;
            }
            let fault = |problem: Text| InventoryError::Line {
                line: index + 1,
                problem,
            };
            if line.len() > LINE_BYTES_MAX {
                return Err(fault(text!("太长", "it is too long")));
            }
            let stock: Stock =
                serde_json::from_str(line).map_err(|problem| fault(of_json(&problem)))?;
            let known = self.0.entry(stock.label).or_default();
            *known = (*known).max(stock.facets);
        }
        Ok(())
    }

    /// All labels with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (&Label, u64)> {
        self.0.iter().map(|(label, facets)| (label, *facets))
    }

    /// How many facets there are.
    pub fn facets(&self) -> u64 {
        self.0.values().sum()
    }

    /// By facet: what reaches more nodes under the new charter, and what fewer.
    pub fn compare(
        &self,
        old: &CedarCharter,
        new: &CedarCharter,
    ) -> BTreeMap<Name, (Numbers, Numbers)> {
        let members = |charter: &CedarCharter| -> BTreeSet<NodeId> {
            let members = charter.roster().members().iter();
            members.map(|member| member.node).collect()
        };
        let nodes: BTreeSet<NodeId> = members(old).union(&members(new)).copied().collect();
        let mut compared: BTreeMap<Name, (Numbers, Numbers)> = BTreeMap::new();
        for (label, facets) in self.iter() {
            let (more, fewer) = compared.entry(label.facet).or_default();
            let may = |charter: &CedarCharter, node| charter.flow(label, node).allowed;
            let changed = nodes.iter().copied();
            let changed = changed.map(|node| (node, may(old, node), may(new, node)));
            let (mut opened, mut closed) = (BTreeSet::new(), BTreeSet::new());
            for (node, before, after) in changed {
                match (before, after) {
                    (false, true) => drop(opened.insert(node)),
                    (true, false) => drop(closed.insert(node)),
                    _ => {}
                }
            }
            more.add(facets, opened);
            fewer.add(facets, closed);
        }
        compared
    }
}

impl Numbers {
    fn add(&mut self, facets: u64, nodes: BTreeSet<NodeId>) {
        if !nodes.is_empty() {
            self.facets += facets;
            self.copies += facets * nodes.len() as u64;
            let (least, most) = self.each.unwrap_or((nodes.len(), nodes.len()));
            self.each = Some((least.min(nodes.len()), most.max(nodes.len())));
            self.nodes.extend(nodes);
        }
    }
}
