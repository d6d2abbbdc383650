//! How full everything is that a node keeps in memory, against the limit of each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Engine;
use super::peer::Peer;
use crate::ids::NodeId;
use crate::limits::{
    CHARTER_BYTES_MAX, LABELS_MAX, PEER_PUSH_QUEUE_MAX, PEER_REQUESTS_IN_FLIGHT_MAX,
    QUARANTINE_BYTES_MAX, QUARANTINE_ENTRIES_MAX, QUARANTINE_ENTRIES_PER_PEER_MAX,
    RECONCILE_DIFFERENCES_MAX, STAGED_BYTES_MAX, UNDURABLE_AT_ONCE_MAX, UNDURABLE_COMMITS_MAX,
    UNDURABLE_ENTRIES_MAX,
};

/// How full everything is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Load {
    /// Commits that wait for the disk.
    pub undurable_commits: usize,
    /// Facets, answers and writes that wait for the disk.
    pub undurable_entries: usize,
    /// Labels whose audience is remembered.
    pub labels: usize,
    /// Refused commits that are kept.
    pub quarantine_entries: usize,
    /// Bytes of those whose content is kept.
    pub quarantine_bytes: usize,
    /// The same for each peer.
    pub peers: Vec<PeerLoad>,
}

/// How full everything is that is kept for one peer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PeerLoad {
    /// The peer.
    pub node: NodeId,
    /// Facets queued for it as they change.
    pub pushes: usize,
    /// Facets to be pushed that a comparison found.
    pub offers: usize,
    /// Facets to be fetched from it.
    pub to_fetch: usize,
    /// Bytes of unfinished facets that are kept aside.
    pub staged_bytes: usize,
    /// Requests that it has not answered.
    pub requests_in_flight: usize,
    /// Bytes of a charter that is being fetched.
    pub download_bytes: usize,
    /// Commits of it that were refused and are shown.
    pub quarantined: usize,
}

impl Load {
    /// What exceeds its limit, in words; nothing while all is well.
    pub fn over(&self) -> Vec<String> {
        let commits_max = UNDURABLE_COMMITS_MAX + UNDURABLE_AT_ONCE_MAX;
        let entries_max = UNDURABLE_ENTRIES_MAX + UNDURABLE_AT_ONCE_MAX;
        let own = [
            (
                "commits wait for the disk",
                self.undurable_commits,
                commits_max,
            ),
            (
                "entries wait for the disk",
                self.undurable_entries,
                entries_max,
            ),
            ("labels", self.labels, LABELS_MAX),
            (
                "entries in quarantine",
                self.quarantine_entries,
                QUARANTINE_ENTRIES_MAX,
            ),
            (
                "bytes in quarantine",
                self.quarantine_bytes,
                QUARANTINE_BYTES_MAX,
            ),
        ];
        let mut over = named(&own, "");
        for peer in &self.peers {
            over.extend(peer.over());
        }
        over
    }
}

impl PeerLoad {
    fn of(node: NodeId, known: &Peer, quarantined: usize) -> Self {
        let session = known.session.as_ref();
        Self {
            node,
            pushes: known.pushes_queued(),
            offers: session.map_or(0, |session| session.offers.len()),
            to_fetch: session.map_or(0, |session| session.fetch.len()),
            staged_bytes: known.staged.bytes(),
            requests_in_flight: known.in_flight.len(),
            download_bytes: known.download.as_ref().map_or(0, |one| one.bytes.len()),
            quarantined,
        }
    }

    fn over(&self) -> Vec<String> {
        let differences_max = RECONCILE_DIFFERENCES_MAX;
        let all = [
            ("queued pushes", self.pushes, PEER_PUSH_QUEUE_MAX),
            ("offers", self.offers, differences_max),
            ("facets to fetch", self.to_fetch, differences_max),
            ("staged bytes", self.staged_bytes, STAGED_BYTES_MAX),
            (
                "requests in flight",
                self.requests_in_flight,
                PEER_REQUESTS_IN_FLIGHT_MAX,
            ),
            ("bytes of a charter", self.download_bytes, CHARTER_BYTES_MAX),
            (
                "refused commits",
                self.quarantined,
                QUARANTINE_ENTRIES_PER_PEER_MAX,
            ),
        ];
        named(&all, &format!(" for {}", self.node))
    }
}

fn named(all: &[(&str, usize, usize)], whose: &str) -> Vec<String> {
    let over = all.iter().filter(|(_, count, count_max)| count > count_max);
    over.map(|(what, count, count_max)| format!("{count} {what}{whose}, limit {count_max}"))
        .collect()
}

impl Engine {
    /// How full everything is.
    pub fn load(&self) -> Load {
        let (undurable_commits, undurable_entries) = self.durability.waits();
        let mut quarantined: BTreeMap<NodeId, usize> = BTreeMap::new();
        for peer in self.quarantine.entries().filter_map(|entry| entry.peer) {
            *quarantined.entry(peer).or_default() += 1;
        }
        let of = |node| quarantined.get(node).copied().unwrap_or(0);
        let peers = self.peers.iter();
        Load {
            undurable_commits,
            undurable_entries,
            labels: self.audiences.len(),
            quarantine_entries: self.quarantine.entries().count(),
            quarantine_bytes: self.quarantine.bytes(),
            peers: peers
                .map(|(node, known)| PeerLoad::of(*node, known, of(node)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exceeds_its_limit_is_named_and_nothing_else() {
        let mut load = Load {
            labels: LABELS_MAX,
            quarantine_entries: QUARANTINE_ENTRIES_MAX,
            ..Load::default()
        };
        assert_eq!(load.over(), Vec::<String>::new());
        load.labels += 1;
        load.peers.push(PeerLoad {
            node: "620723101201".parse().expect("a node code"),
            pushes: PEER_PUSH_QUEUE_MAX,
            offers: RECONCILE_DIFFERENCES_MAX + 1,
            to_fetch: 0,
            staged_bytes: 0,
            requests_in_flight: 0,
            download_bytes: 0,
            quarantined: 0,
        });
        let expected = [
            "65537 labels, limit 65536",
            "4097 offers for 620723101201, limit 4096",
        ];
        assert_eq!(load.over(), expected);
    }
}
