//! Whether the county's lines are up and quiet, from what the nodes say of themselves.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::engine::LinkState;
use crdt_model::ids::NodeId;

use node_app::use_cases::status::NodeStatus;

/// How all nodes stand; nothing for one that cannot be reached now.
pub type Statuses = BTreeMap<NodeId, Option<NodeStatus>>;

/// Pairs of nodes that have a line, up and in all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LineCount {
    /// Lines with a connection.
    pub up: usize,
    /// Lines that the charter gives reason for.
    pub all: usize,
}

/// Counts lines; each stands at both of its ends and is up if either end says so.
pub fn count(statuses: &Statuses) -> LineCount {
    let (mut up, mut all) = (BTreeSet::new(), BTreeSet::new());
    for status in statuses.values().flatten() {
        for peer in &status.peers {
            let (one, other) = (status.node, peer.status.node);
            let pair = (one.min(other), one.max(other));
            all.insert(pair);
            if peer.status.link != LinkState::Disconnected {
                up.insert(pair);
            }
        }
    }
    LineCount {
        up: up.len(),
        all: all.len(),
    }
}

/// What changes whenever anything arrives anywhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fingerprint(Vec<(NodeId, u64, u64, u64)>);

/// The fingerprint of a county whose every node answers and is in sync with all its neighbours;
/// nothing for one that is not.
pub(super) fn quiet(statuses: &Statuses) -> Option<Fingerprint> {
    let mut nodes = Vec::new();
    for status in statuses.values() {
        let status = status.as_ref()?;
        let rests = |peer: &node_app::use_cases::status::PeerLine| {
            peer.status.link == LinkState::InSync
                && peer.status.missing == 0
                && peer.status.to_send == 0
        };
        if !status.peers.iter().all(rests) {
            return None;
        }
        let received = status
            .peers
            .iter()
            .map(|peer| peer.status.commits_received)
            .sum();
        nodes.push((status.node, status.charter.0, status.facets, received));
    }
    Some(Fingerprint(nodes))
}

#[cfg(test)]
pub(super) mod tests {
    use crdt_model::engine::PeerStatus;
    use crdt_model::ids::CharterVersion;
    use crdt_model::time::WallTime;

    use super::*;
    use node_app::use_cases::status::PeerLine;

    pub(crate) fn node(code: &str) -> NodeId {
        code.parse().expect("a code")
    }

    fn line(peer: &str, link: LinkState) -> PeerLine {
        PeerLine {
            name: String::new(),
            last_equal: None,
            more_to_send: false,
            status: PeerStatus {
                node: node(peer),
                link,
                two_machines: None,
                emergency: false,
                since: None,
                charter: None,
                have: 0,
                missing: 0,
                to_send: 0,
                refused: BTreeMap::new(),
                withheld: Vec::new(),
                commits_received: 3,
                commits_sent: 0,
                commits_refused_by_peer: 0,
                bytes_received: 0,
                bytes_sent: 70,
            },
            last_failure: None,
        }
    }

    pub(crate) fn status(code: &str, tier: &str, peers: &[(&str, LinkState)]) -> NodeStatus {
        NodeStatus {
            node: node(code),
            name: String::new(),
            tier: tier.to_owned(),
            running: true,
            charter: CharterVersion(1),
            charter_until: WallTime::from_ms(0),
            charter_expired: false,
            warnings: Vec::new(),
            emergency: Default::default(),
            log: Default::default(),
            left_out: None,
            facets: 5,
            facets_by_name: BTreeMap::new(),
            kept_home: BTreeMap::new(),
            peers: peers.iter().map(|(peer, link)| line(peer, *link)).collect(),
            refused: BTreeMap::new(),
            cut: Vec::new(),
            app_bytes: 0,
            disk_bytes: 0,
            disk: Default::default(),
            resident_bytes: 10 << 20,
            up_ms: 0,
            age_ms: 0,
            latency_ms: vec![1, 2, 3],
        }
    }

    const COUNTY: &str = "620723000000";
    const TOWN: &str = "620723101000";

    fn two(link: LinkState) -> Statuses {
        let statuses = [
            status(COUNTY, "county", &[(TOWN, link)]),
            status(TOWN, "township", &[(COUNTY, LinkState::InSync)]),
        ];
        statuses
            .into_iter()
            .map(|status| (status.node, Some(status)))
            .collect()
    }

    #[test]
    fn a_line_is_counted_once_and_is_up_if_one_end_says_so() {
        assert_eq!(
            count(&two(LinkState::Disconnected)),
            LineCount { up: 1, all: 1 }
        );
        assert_eq!(count(&two(LinkState::InSync)), LineCount { up: 1, all: 1 });
    }

    #[test]
    fn a_county_is_quiet_only_if_every_end_of_every_line_is() {
        assert!(quiet(&two(LinkState::InSync)).is_some());
        assert_eq!(quiet(&two(LinkState::Syncing)), None);
        assert_eq!(quiet(&two(LinkState::Disconnected)), None);
        let mut silent = two(LinkState::InSync);
        silent.insert(node(COUNTY), None);
        assert_eq!(quiet(&silent), None);
    }
}
