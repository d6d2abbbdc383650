//! How the node stands.

use std::collections::BTreeMap;

use crdt_model::charter::Tier;
use crdt_model::engine::LinkState;
use crdt_model::ids::Name;
use crdt_model::store::Store;

use crate::asked::protocol::{NodeStatus, PeerLine};
use node_runtime::keeper::Keeper;
use node_runtime::warnings;
use node_transport::Stats;

pub(super) fn status(keeper: &Keeper, stats: Option<&Stats>) -> NodeStatus {
    let charter = keeper.engine.charter();
    let now = keeper.clock.now();
    let member = charter.roster().member(keeper.node());
    let (facets_by_name, kept_home) = facets(keeper);
    let peers = keeper.engine.peers();
    NodeStatus {
        node: keeper.node(),
        name: member.map_or(String::new(), |member| member.name.clone()),
        tier: tier_name(member.map(|member| member.tier)).to_owned(),
        running: stats.is_some(),
        charter: charter.version(),
        charter_until: charter.validity().until,
        charter_expired: charter.validity().expired(keeper.engine.floored(now.wall)),
        warnings: warnings::all(keeper),
        emergency: keeper.engine.emergency_status(),
        log: keeper.engine.log_status(),
        left_out: left_out(keeper),
        facets: keeper.engine.index().len(),
        facets_by_name,
        kept_home,
        app_bytes: peers
            .iter()
            .map(|peer| peer.bytes_received + peer.bytes_sent)
            .sum(),
        peers: peers
            .into_iter()
            .map(|peer| peer_line(keeper, peer))
            .collect(),
        refused: refused(keeper),
        cut: keeper.network.cut.iter().copied().collect(),
        disk_bytes: keeper.store.disk_bytes().unwrap_or(0),
        disk: keeper.room.status(),
        resident_bytes: resident_bytes(),
        up_ms: now.instant.ms,
        latency_ms: keeper.latencies_ms.iter().copied().collect(),
    }
}

/// How many values do not count; `None` if the read model cannot be asked just now.
fn left_out(keeper: &Keeper) -> Option<u64> {
    let (model, _) = keeper.read_model_as_it_stands().ok()?;
    model.left_out_count().ok()
}

fn tier_name(tier: Option<Tier>) -> &'static str {
    match tier {
        Some(Tier::County) => "county",
        Some(Tier::Township) => "township",
        Some(Tier::Village) => "village",
        None => "none",
    }
}

fn peer_line(keeper: &Keeper, status: crdt_model::engine::PeerStatus) -> PeerLine {
    let member = keeper.engine.charter().roster().member(status.node);
    let mut status = status;
    for ((node, code), count) in &keeper.network.refused {
        if *node == Some(status.node) {
            *status.refused.entry((*code).to_owned()).or_default() += count;
        }
    }
    let waits = keeper.waits.with(status.node, status.have);
    status.to_send = match status.link {
        // Of a first exchange only the engine knows what has come from which side.
        LinkState::Syncing if waits.equal.is_none() => status.to_send,
        LinkState::InSync => status.to_send,
        _ => status.to_send.max(waits.facets),
    };
    PeerLine {
        last_equal: waits.equal,
        more_to_send: waits.more,
        name: member.map_or(String::new(), |member| member.name.clone()),
        last_failure: keeper.network.last_failure.get(&status.node).cloned(),
        status,
    }
}

/// Facets by name, and among them those that nobody but home may hold.
fn facets(keeper: &Keeper) -> (BTreeMap<Name, u64>, BTreeMap<Name, u64>) {
    let (mut all, mut kept) = (BTreeMap::new(), BTreeMap::new());
    let (index, node) = (keeper.engine.index(), keeper.node());
    for label in index.labels() {
        let count = index.total(label).count();
        *all.entry(label.facet).or_default() += count;
        if label.home == node && keeper.engine.rules().audience(label).len() <= 1 {
            *kept.entry(label.facet).or_default() += count;
        }
    }
    (all, kept)
}

/// Refusals of what no neighbour sent: the neighbours' own stand beside them.
fn refused(keeper: &Keeper) -> BTreeMap<String, u64> {
    let neighbour = |node| keeper.engine.peer_status(node).is_some();
    let mut refused = BTreeMap::new();
    for ((node, code), count) in &keeper.network.refused {
        if !node.is_some_and(neighbour) {
            *refused.entry((*code).to_owned()).or_default() += count;
        }
    }
    for (peer, code, count) in keeper.engine.quarantine().counts() {
        if !peer.is_some_and(neighbour) {
            *refused.entry(code.to_owned()).or_default() += count;
        }
    }
    refused
}

/// All refusals since the start, whoever sent what was refused.
pub(super) fn all_refused(keeper: &Keeper) -> BTreeMap<String, u64> {
    let of_network = keeper.network.refused.iter();
    let of_network = of_network.map(|((_, code), count)| ((*code).to_owned(), *count));
    let of_engine = keeper.engine.quarantine().counts();
    let of_engine = of_engine.map(|(_, code, count)| (code.to_owned(), count));
    let mut refused = BTreeMap::new();
    for (code, count) in of_network.chain(of_engine) {
        *refused.entry(code).or_default() += count;
    }
    refused
}

/// Resident memory of this process; 0 where the system does not say.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
