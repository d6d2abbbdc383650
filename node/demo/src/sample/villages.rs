//! How records are spread over the county's villages and townships.

use std::ops::Range;

use crdt_model::charter::Tier;
use crdt_model::ids::NodeId;

use crate::members::Members;

/// The villages that records are spread over: record number `n` belongs to the village whose place
/// is `n` modulo their number.
pub(super) struct Villages<'a> {
    members: &'a Members,
    pub(super) nodes: Vec<NodeId>,
    pub(super) townships: Vec<NodeId>,
    pub(super) county: NodeId,
}

impl<'a> Villages<'a> {
    pub(super) fn new(members: &'a Members) -> Option<Self> {
        let county = members.of_tier(Tier::County).first().copied()?;
        let nodes = members.of_tier(Tier::Village);
        let townships = members.of_tier(Tier::Township);
        (!nodes.is_empty()).then_some(Self {
            members,
            nodes,
            townships,
            county,
        })
    }

    /// The village that a record of this number belongs to.
    pub(super) fn village(&self, number: u64) -> NodeId {
        nth(&self.nodes, number).unwrap_or(self.county)
    }

    /// The township that a record of this number belongs to.
    pub(super) fn township(&self, number: u64) -> NodeId {
        nth(&self.townships, number).unwrap_or(self.county)
    }

    /// How many times all townships had their turn before this number.
    pub(super) fn round(&self, number: u64) -> u64 {
        number / (self.townships.len() as u64).max(1)
    }

    /// The place of a village in the list of villages, from 0.
    pub(super) fn place(&self, village: NodeId) -> usize {
        self.nodes.binary_search(&village).unwrap_or(0)
    }

    pub(super) fn name(&self, node: NodeId) -> String {
        self.members.name(node)
    }

    /// The numbers in a range that belong to a village.
    pub(super) fn numbers_of(
        &self,
        village: NodeId,
        range: Range<u64>,
    ) -> impl Iterator<Item = u64> + use<> {
        let (place, count) = (self.place(village) as u64, self.nodes.len() as u64);
        range.filter(move |number| number % count == place)
    }

    /// The village whose people this village has disputes with across townships; `None` if the county
    /// has only one township.
    pub(super) fn across(&self, village: NodeId) -> Option<NodeId> {
        let after = self
            .nodes
            .iter()
            .cycle()
            .skip(self.place(village) + self.nodes.len() / 2);
        let mut after = after.take(self.nodes.len());
        after
            .find(|other| other.township() != village.township())
            .copied()
    }
}

/// The node at this place of the list, which begins again after its last node.
pub(super) fn nth(nodes: &[NodeId], number: u64) -> Option<NodeId> {
    let place = number.checked_rem(nodes.len() as u64)?;
    nodes.get(usize::try_from(place).ok()?).copied()
}
