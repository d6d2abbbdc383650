//! Counters that `status` reads.

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use serde::Serialize;

use super::fault::Refusal;

/// How often something was refused, by the code of the reason.
pub type Refusals = BTreeMap<&'static str, u64>;

/// Counters since the transport started.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Stats {
    /// Lines that are up.
    pub lines: u64,
    /// What was refused, whoever it came from, strangers included.
    pub refusals: Refusals,
    /// Responses that came from the caller after their request was gone.
    pub late_responses: u64,
    /// By node of the roster.
    pub peers: BTreeMap<NodeId, PeerStats>,
}

/// Counters of one node.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct PeerStats {
    /// Whether the line is up.
    pub connected: bool,
    /// The other end of the line, as a multiaddress; of the last line, if none is up.
    pub address: Option<String>,
    /// Lines that came up.
    pub lines_up: u64,
    /// Lines that went down.
    pub lines_down: u64,
    /// Rounds of dialling in which no address led to the node.
    pub dials_failed: u64,
    /// Bytes of requests and responses sent, without their length prefixes.
    pub bytes_sent: u64,
    /// Bytes of requests and responses received, without their length prefixes.
    pub bytes_received: u64,
    /// Requests sent.
    pub requests_sent: u64,
    /// Requests received.
    pub requests_received: u64,
    /// Responses sent.
    pub responses_sent: u64,
    /// Responses received.
    pub responses_received: u64,
    /// Requests of ours that were not answered.
    pub requests_failed: u64,
    /// Signs of life asked for, with an empty request each.
    pub signs_of_life_sent: u64,
    /// What was refused of this node.
    pub refusals: Refusals,
}

impl Stats {
    /// The counters of one node.
    pub(super) fn peer(&mut self, node: NodeId) -> &mut PeerStats {
        self.peers.entry(node).or_default()
    }

    pub(super) fn count_refusal(&mut self, node: Option<NodeId>, why: Refusal) {
        *self.refusals.entry(why.code()).or_default() += 1;
        if let Some(node) = node {
            *self.peer(node).refusals.entry(why.code()).or_default() += 1;
        }
    }

    pub(super) fn count_turned_away(&mut self, why: Refusal, count: u64) {
        *self.refusals.entry(why.code()).or_default() += count;
    }

    /// How often this was refused, of anybody.
    pub fn refused(&self, code: &str) -> u64 {
        self.refusals.get(code).copied().unwrap_or_default()
    }
}
