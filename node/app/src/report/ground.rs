//! What a report is made from.

use crdt_model::charter::{Roster, Tier};
use crdt_model::ids::{CharterVersion, Name, NodeId};
use crdt_model::kind::{Kinds, Title};
use crdt_model::text::Text;
use crdt_model::time::WallTime;
use node_readmodel::access::MayRead;
use node_readmodel::{Progress, Tables};
use policy::reading::measures::Measure;

use super::period::Period;
use crate::due::DueItem;
use crate::heard::Heard;

/// What a report is made from.
pub struct Ground<'a> {
    /// The tables.
    pub model: &'a Tables,
    /// How far they have caught up.
    pub catching_up: Option<Progress>,
    /// What the role may read.
    pub may_read: MayRead<'a>,
    /// The kinds of the charter in force.
    pub kinds: &'a Kinds,
    /// Its handling levels, from the lowest.
    pub levels: &'a [(Name, Title)],
    /// Its measures.
    pub measures: &'a [Measure],
    /// Its members.
    pub roster: &'a Roster,
    /// Its version.
    pub charter: CharterVersion,
    /// The node.
    pub node: NodeId,
    /// The role, and what people call it.
    pub role: (Name, Text),
    /// The time limits that run and that the role may read.
    pub limits: &'a [DueItem],
    /// Whether there are more of them.
    pub limits_withheld: bool,
    /// How far nodes were heard.
    pub heard: Option<Heard>,
    /// The period.
    pub period: Period,
    /// The present moment.
    pub now: WallTime,
}

impl Ground<'_> {
    /// Below which number what is counted by a field is not told: as the charter's measures have it.
    pub(super) fn small(&self, facet: Name, field: Name) -> i64 {
        let same = self.measures.iter();
        let same = same.filter(|measure| measure.counts_by(facet, field));
        same.map(|measure| i64::from(measure.small))
            .max()
            .unwrap_or(0)
    }

    pub(super) fn tier(&self) -> Tier {
        let member = self.roster.member(self.node);
        member.map_or(Tier::Village, |member| member.tier)
    }

    pub(super) fn name(&self, node: NodeId) -> String {
        let member = self.roster.member(node);
        member.map_or_else(String::new, |member| member.name.clone())
    }
}
