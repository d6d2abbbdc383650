//! What this node can say about its peers: how far they are, and what it withholds from them. The
//! peer itself never learns the latter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::charter::RuleId;
use crate::ids::{CharterVersion, Name, NodeId};
use crate::time::WallTime;

pub use super::peer::Traffic;
use super::{Engine, Rung};

/// How a link stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// No connection.
    Disconnected,
    /// Connected, and no hello yet.
    Greeting,
    /// The peer goes by an older charter and is fetching ours.
    PeerAdopting,
    /// The peer goes by a newer charter and we are fetching it.
    Adopting,
    /// The peer has another charter under the same number: nothing flows.
    CharterFork,
    /// Too few townships confirm this node's charter of late: it sends facets of its own home to
    /// nodes above, and nothing else.
    Narrowed,
    /// The same for long: it sends nothing.
    Holding,
    /// The two differ and are exchanging what is missing.
    Syncing,
    /// The two are equal.
    InSync,
    /// Two machines run with the key of one of the two: which of them is at the other end may change
    /// at any time, so what is equal now says nothing of the other one.
    TwoMachines,
}

/// What is withheld from a peer for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Withheld {
    /// The facet's name.
    pub facet: Name,
    /// The rules that forbid it; empty where no rule allows it.
    pub rules: Vec<String>,
    /// How many facets.
    pub facets: u64,
}

/// How this node stands with one peer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PeerStatus {
    /// The peer.
    pub node: NodeId,
    /// How the link stands.
    pub link: LinkState,
    /// Whose key two machines run with: the peer's, or this node's own if the peer says so.
    #[serde(default)]
    pub two_machines: Option<NodeId>,
    /// Whether rules for emergencies count over the link: they do where they count at both ends.
    pub emergency: bool,
    /// Since when it is connected or not, by this node's clock; none if it never was.
    pub since: Option<WallTime>,
    /// The charter version the peer goes by, where it has said so.
    pub charter: Option<CharterVersion>,
    /// Facets that both may hold and that this node has.
    pub have: u64,
    /// Facets known to be missing here or older here.
    pub missing: usize,
    /// Facets queued for the peer.
    pub to_send: usize,
    /// Refusals since the start, by reason.
    pub refused: BTreeMap<String, u64>,
    /// What this node holds and the peer may not.
    pub withheld: Vec<Withheld>,
    /// Commits taken from the peer.
    pub commits_received: u64,
    /// Commits the peer acknowledged.
    pub commits_sent: u64,
    /// Commits the peer did not take.
    pub commits_refused_by_peer: u64,
    /// Bytes of frames received and sent.
    pub bytes_received: u64,
    /// Bytes of frames sent.
    pub bytes_sent: u64,
}

impl Engine {
    /// How this node stands with each peer.
    pub fn peers(&self) -> Vec<PeerStatus> {
        self.peers
            .keys()
            .filter_map(|peer| self.peer_status(*peer))
            .collect()
    }

    /// How each link stands.
    pub fn link_states(&self) -> impl Iterator<Item = (NodeId, LinkState)> {
        let peers = self.peers.keys().copied();
        peers.filter_map(|peer| Some((peer, self.link_state(peer)?)))
    }

    /// How this node stands with one peer; `None` if the two have no link.
    pub fn peer_status(&self, peer: NodeId) -> Option<PeerStatus> {
        let known = self.peers.get(&peer)?;
        let fetching = known
            .session
            .as_ref()
            .map_or(0, |session| session.fetch.len());
        let refused = self
            .quarantine
            .counts()
            .filter(|(from, _, _)| *from == Some(peer))
            .map(|(_, code, count)| (code.to_owned(), count));
        Some(PeerStatus {
            node: peer,
            link: self.link_state(peer)?,
            two_machines: self.two_machines(peer),
            emergency: self.emergency_over(peer),
            since: known.since,
            charter: known.hello.map(|hello| hello.charter.version),
            have: self.shared_with(peer).total().count(),
            missing: fetching,
            to_send: known.push_len(),
            refused: refused.collect(),
            withheld: self.withheld_from(peer),
            commits_received: known.traffic.commits_received,
            commits_sent: known.traffic.commits_sent,
            commits_refused_by_peer: known.traffic.commits_refused_by_peer,
            bytes_received: known.traffic.bytes_received,
            bytes_sent: known.traffic.bytes_sent,
        })
    }

    fn link_state(&self, peer: NodeId) -> Option<LinkState> {
        let known = self.peers.get(&peer)?;
        let ours = self.mark();
        Some(match known.hello {
            _ if !known.connected => LinkState::Disconnected,
            None => LinkState::Greeting,
            Some(hello) if hello.charter.version > ours.version => LinkState::Adopting,
            Some(hello) if hello.charter.version < ours.version => LinkState::PeerAdopting,
            Some(hello) if hello.charter.digest != ours.digest => LinkState::CharterFork,
            Some(_) if self.two_machines(peer).is_some() => LinkState::TwoMachines,
            Some(_) if self.rung() == Rung::Holding => LinkState::Holding,
            Some(_) if known.in_sync && known.owes_nothing() => LinkState::InSync,
            Some(_) if self.rung() == Rung::Narrowed => LinkState::Narrowed,
            Some(_) => LinkState::Syncing,
        })
    }

    /// What this node holds and a peer may not, by facet and rule.
    pub fn withheld_from(&self, peer: NodeId) -> Vec<Withheld> {
        let mut withheld: BTreeMap<(Name, Vec<RuleId>), u64> = BTreeMap::new();
        for label in self.index.labels() {
            let decision = self.rules_with(peer).flow(label, peer);
            if !decision.allowed {
                let facets = self.index.total(label).count();
                *withheld
                    .entry((label.facet, decision.rules.clone()))
                    .or_default() += facets;
            }
        }
        withheld
            .into_iter()
            .map(|((facet, rules), facets)| {
                let rules = rules.iter().map(ToString::to_string).collect();
                Withheld {
                    facet,
                    rules,
                    facets,
                }
            })
            .collect()
    }
}
