//! What a link carries: the facets that both its ends may hold, and that have no nearer way.

use crate::charter::{Audience, Roster, Tier};
use crate::ids::NodeId;
use crate::label::Label;
use crate::limits::LABELS_MAX;
use crate::planted::{self, Plant};
use crate::reconcile::Shared;

use super::Engine;
use super::peer::Peer;

/// The nodes with one label.
#[derive(Clone, Copy)]
pub(super) struct Audiences {
    /// Under the charter in force.
    pub(super) every_day: Audience,
    /// Under the rules that count here now: in an emergency more.
    pub(super) now: Audience,
}

impl Audiences {
    /// Those over a link, by whether an emergency counts over it.
    fn over(self, emergency: bool) -> Audience {
        match emergency {
            true => self.now,
            false => self.every_day,
        }
    }
}

impl Engine {
    /// The nodes with a label, under the rules that count here now.
    pub(super) fn audience(&mut self, label: &Label) -> Audience {
        self.audiences(label).now
    }

    /// The nodes with a label. Remembered by label.
    pub(super) fn audiences(&mut self, label: &Label) -> Audiences {
        if let Some(audiences) = self.audiences.get(label) {
            return *audiences;
        }
        let audiences = self.find_audiences(label);
        self.audiences.insert(*label, audiences);
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.share(peer, label, &audiences);
        }
        audiences
    }

    fn find_audiences(&self, label: &Label) -> Audiences {
        let every_day = self.charter().audience(label);
        let now = match self.in_emergency() {
            true => self.rules().audience(label),
            false => every_day,
        };
        Audiences { every_day, now }
    }

    /// Notes a label for a peer if the link with it carries that label.
    fn share(&mut self, peer: NodeId, label: &Label, audiences: &Audiences) {
        let carried = self.carries_with(peer, *audiences) || planted::is(Plant::ComparesEverything);
        if carried && let Some(peer) = self.peers.get_mut(&peer) {
            peer.share(*label);
        }
    }

    /// Whether the link with a peer carries facets with a label now.
    pub(super) fn link_carries(&mut self, peer: NodeId, label: &Label) -> bool {
        let audiences = self.audiences(label);
        self.carries_with(peer, audiences)
    }

    /// The same of a label with these audiences.
    pub(super) fn carries_with(&self, peer: NodeId, audiences: Audiences) -> bool {
        let audience = audiences.over(self.emergency_over(peer));
        self.carries(self.node(), peer, &audience)
    }

    /// Notes a label that a peer has named, if the link with it carries that label. What it does
    /// not carry is not remembered: a peer cannot fill this node's memory with labels.
    pub(super) fn learn_label(&mut self, peer: NodeId, label: &Label) {
        let known = self.audiences.contains_key(label) || self.audiences.len() >= LABELS_MAX;
        if known || self.charter().kinds().check_label(label).is_err() {
            return;
        }
        let audience = self.find_audiences(label).over(self.emergency_over(peer));
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
        self.rules().flow(label, self.node()).allowed
    }

    /// The same of two nodes under the charter in force.
    pub(super) fn carries(&self, one: NodeId, other: NodeId, audience: &Audience) -> bool {
        carries(self.charter().roster(), one, other, audience)
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
        let emergency = self.in_emergency();
        for link in links {
            let known = self.peers.entry(link).or_insert_with(Peer::new);
            known.emergency = emergency;
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

    /// Finds what the link with one peer carries anew.
    pub(super) fn lay_link(&mut self, peer: NodeId) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.clear_labels();
        }
        let known: Vec<_> = self
            .audiences
            .iter()
            .map(|(label, of)| (*label, *of))
            .collect();
        for (label, audiences) in known {
            self.share(peer, &label, &audiences);
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

/// Whether the link between two nodes carries what has this audience: both belong to it; and between a
/// village and the county, its township does not, for then the township carries it.
pub fn carries(roster: &Roster, one: NodeId, other: NodeId, audience: &Audience) -> bool {
    let belongs = |node| {
        let index = roster.index(node);
        index.is_some_and(|index| audience.contains(index))
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
