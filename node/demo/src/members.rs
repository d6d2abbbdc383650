//! The nodes of a county as its roster lists them.

use crdt_model::charter::Tier;
use crdt_model::ids::NodeId;
use serde::Deserialize;

use crate::folder::unusable;
use crdt_model::text::{Problem, Quoted};

/// All tiers, from the top.
pub const TIERS: [Tier; 3] = [Tier::County, Tier::Township, Tier::Village];

/// One node.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Member {
    /// Its code.
    #[serde(rename = "code")]
    pub node: NodeId,
    /// What people call it.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
}

/// All nodes of one county, in the order of their codes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Members(Vec<Member>);

#[derive(Deserialize)]
struct Roster {
    #[serde(default)]
    node: Vec<Member>,
}

impl Members {
    /// Reads them from the text of a roster; `path` names it in messages.
    ///
    /// # Errors
    /// A text that is no roster.
    pub fn parse(path: &std::path::Path, text: &str) -> Result<Self, Problem> {
        let mut roster: Roster =
            toml::from_str(text).map_err(|problem| unusable(path, &Quoted(problem)))?;
        roster.node.sort_by_key(|member| member.node);
        Ok(Self(roster.node))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.0.iter()
    }

    /// Their codes.
    pub fn nodes(&self) -> Vec<NodeId> {
        self.0.iter().map(|member| member.node).collect()
    }

    /// Those of one tier.
    pub fn of_tier(&self, tier: Tier) -> Vec<NodeId> {
        self.0
            .iter()
            .filter(|member| member.tier == tier)
            .map(|member| member.node)
            .collect()
    }

    /// One of them.
    pub fn get(&self, node: NodeId) -> Option<&Member> {
        let place = self
            .0
            .binary_search_by_key(&node, |member| member.node)
            .ok()?;
        self.0.get(place)
    }

    /// What people call a node; its code if it is none of these.
    pub fn name(&self, node: NodeId) -> String {
        self.get(node)
            .map_or_else(|| node.to_string(), |member| member.name.clone())
    }
}

/// A tier's name in reports.
pub fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::County => "county",
        Tier::Township => "township",
        Tier::Village => "village",
    }
}
