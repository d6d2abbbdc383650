//! What a link carries: the facets that both its ends may hold, and that have no nearer way.

use crate::charter::{Audience, Tier};
use crate::ids::NodeId;
use crate::label::Label;
use crate::limits::LABELS_MAX;
use crate::planted::{self, Plant};
use crate::reconcile::Shared;

use super::Engine;
use super::peer::Peer;

impl Engine {
    /// The nodes with a label, under the charter in force. Remembered by label.
    pub(super) fn audience(&mut self, label: &Label) -> Audience {
        if let Some(audience) = self.audiences.get(label) {
            return *audience;
        }
        let audience = self.charter().audience(label);
        self.audiences.insert(*label, audience);
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            let carried = self.carries(self.node(), peer, &audience)
                || planted::is(Plant::ComparesEverything);
            if carried && let Some(peer) = self.peers.get_mut(&peer) {
                peer.share(*label);
            }
        }
        audience
    }

    /// Notes a label that a peer has named, if the link with it carries that label. What it does
    /// not carry is not remembered: a peer cannot fill this node's memory with labels.
    pub(super) fn learn_label(&mut self, peer: NodeId, label: &Label) {
        let known = self.audiences.contains_key(label) || self.audiences.len() >= LABELS_MAX;
        if known || self.charter().kinds().check_label(label).is_err() {
            return;
        }
        let audience = self.charter().audience(label);
        if self.carries(self.node(), peer, &audience) {
            self.audience(label);
        }
    }

    /// Whether this node may hold facets with a label.
    pub(super) fn holds(&mut self, label: &Label) -> bool {
        let audience = self.audience(label);
        let index = self.charter().roster().index(self.node());
        index.is_some_and(|index| audience.contains(index))
    }

    /// Whether this node may hold facets with a label that a peer named; the label is not
    /// remembered.
    pub(super) fn may_hold(&self, label: &Label) -> bool {
        self.charter().flow(label, self.node()).allowed
    }

    /// Whether the link between two nodes carries what has this audience: both belong to it; and
    /// between a village and the county, its township does not, for then the township carries it.
    pub(super) fn carries(&self, one: NodeId, other: NodeId, audience: &Audience) -> bool {
        let roster = self.charter().roster();
        let belongs = |node| {
            roster
                .index(node)
                .is_some_and(|index| audience.contains(index))
        };
        let over = match (roster.active(one), roster.active(other)) {
            (Some(a), Some(b)) => match (a.tier, b.tier) {
                (Tier::Village, Tier::County) => a.parent,
                (Tier::County, Tier::Village) => b.parent,
                _ => None,
            },
            _ => return false,
        };
        belongs(one) && belongs(other) && !over.is_some_and(belongs)
    }

    /// The facets that the link with a peer carries.
    pub(super) fn shared_with(&self, peer: NodeId) -> Shared<'_> {
        let labels = self.peers.get(&peer).map_or(&[][..], Peer::labels);
        Shared::new(&self.index, labels)
    }

    /// Finds this node's links, and what each carries, under the charter in force. Peers that stay
    /// keep their connection.
    pub(super) fn lay_links(&mut self) {
        let links = links(&**self.charter(), self.node());
        self.peers.retain(|peer, _| links.contains(peer));
        for link in links {
            let known = self.peers.entry(link).or_insert_with(Peer::new);
            if !planted::is(Plant::LabelsKept) {
                known.clear_labels();
            }
        }
        if !planted::is(Plant::AudiencesKept) {
            self.audiences.clear();
        }
        let labels: Vec<_> = self.index.labels().copied().collect();
        for label in labels {
            self.audience(&label);
        }
    }

    /// Whether this node is the one that drives comparisons over its link with `peer`: the lower
    /// of the two, which also dials.
    pub(super) fn drives(&self, peer: NodeId) -> bool {
        let tier = |node| {
            self.charter()
                .roster()
                .member(node)
                .map(|member| member.tier)
        };
        tier(self.node()) > tier(peer)
    }
}

/// The nodes that a node has links with: the one above, those below, and between each village and
/// the county.
pub fn links(charter: &dyn crate::charter::Charter, node: NodeId) -> Vec<NodeId> {
    let roster = charter.roster();
    let Some(me) = roster.active(node) else {
        return Vec::new();
    };
    let linked = |a: &crate::charter::Member, b: &crate::charter::Member| {
        a.parent == Some(b.node) || a.tier == Tier::Village && b.tier == Tier::County
    };
    let active = roster
        .members()
        .iter()
        .filter(|member| roster.active(member.node).is_some());
    active
        .filter(|other| linked(me, other) || linked(other, me))
        .map(|other| other.node)
        .collect()
}

/// The nodes that a node dials: those above it.
pub fn dials(charter: &dyn crate::charter::Charter, node: NodeId) -> Vec<NodeId> {
    let roster = charter.roster();
    let tier = |node| roster.member(node).map(|member| member.tier);
    let mut dials = links(charter, node);
    dials.retain(|peer| tier(*peer) < tier(node));
    dials
}
