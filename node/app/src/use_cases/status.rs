//! `status`: how the node stands.

use std::collections::BTreeMap;

use crdt_model::charter::Tier;
use crdt_model::engine::{EmergencyStatus, LinkState, LogStatus, PeerStatus};
use crdt_model::ids::{CharterVersion, Name, NodeId};
use crdt_model::store::Store;
use crdt_model::text::{Problem, Text};
use crdt_model::time::WallTime;
use node_machine::room::DiskRoom;
use node_runtime::keeper::Keeper;
use node_runtime::warnings;
use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::line;
use crate::door::use_case::{Does, UseCase};

/// How does the node stand?
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRequest {}

/// How a node stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NodeStatus {
    /// The node.
    pub node: NodeId,
    /// What people call it.
    pub name: String,
    /// `county`, `township` or `village`.
    pub tier: String,
    /// Whether the process runs; a command that opens the store by itself says no.
    pub running: bool,
    /// The charter in force.
    pub charter: CharterVersion,
    /// When it runs out.
    pub charter_until: WallTime,
    /// Whether it has run out: the node then keeps its own work and sends nothing.
    pub charter_expired: bool,
    /// What a person should see to, the worst first.
    #[serde(default)]
    pub warnings: Vec<Problem>,
    /// How it stands with emergencies.
    pub emergency: EmergencyStatus,
    /// How it stands with the log of charters.
    pub log: LogStatus,
    /// Values that were written and do not count; none if the read model cannot say.
    #[serde(default)]
    pub left_out: Option<u64>,
    /// Facets held, in all.
    pub facets: u64,
    /// Facets held, by name.
    pub facets_by_name: BTreeMap<Name, u64>,
    /// Records whose home is here and that may not leave it, counted by facet.
    pub kept_home: BTreeMap<Name, u64>,
    /// How it stands with each neighbour.
    pub peers: Vec<PeerLine>,
    /// Refusals since the start that no neighbour is to blame for, by reason: strangers, revoked
    /// nodes, oversized frames.
    pub refused: BTreeMap<String, u64>,
    /// Lines that are cut on purpose.
    pub cut: Vec<NodeId>,
    /// Bytes of frames sent and received since the start.
    pub app_bytes: u64,
    /// Bytes the store takes on disk.
    pub disk_bytes: u64,
    /// How much room there is.
    #[serde(default)]
    pub disk: DiskRoom,
    /// Resident memory of the process, in bytes.
    pub resident_bytes: u64,
    /// Milliseconds since the process started.
    pub up_ms: u64,
    /// How many milliseconds ago all this was so, where the node was too busy to look again.
    #[serde(default, skip_serializing_if = "line::is_zero")]
    pub age_ms: u64,
    /// Milliseconds from a commit's wall time at its author to its being durable here, for the
    /// latest commits that came from elsewhere, oldest first; at most 256.
    pub latency_ms: Vec<u64>,
}

/// How a node stands with one neighbour.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PeerLine {
    /// What people call it.
    pub name: String,
    /// What the engine knows.
    #[serde(flatten)]
    pub status: PeerStatus,
    /// Why the last attempt to reach it failed.
    pub last_failure: Option<Text>,
    /// When the two were last known to be equal, before this start too; none if they never were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_equal: Option<WallTime>,
    /// Whether more facets are to be sent than `to_send` counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_to_send: bool,
}

impl UseCase for StatusRequest {
    const NEEDS: Capability = Capability::Person;
    const POLLED: bool = true;
    const PATIENCE_MS: Option<u64> = Some(20);
    type Answer = NodeStatus;

    fn begin(self) -> Does<NodeStatus> {
        Does::work(move |node, respond| {
            let status = status(node.keeper, node.running.is_some());
            respond(Ok(status));
            Ok(())
        })
    }

    fn grow_old(answer: &mut NodeStatus, age_ms: u64) {
        answer.age_ms = age_ms;
    }
}

fn status(keeper: &Keeper, runs: bool) -> NodeStatus {
    let charter = keeper.engine.charter();
    let now = keeper.clock.now();
    let member = charter.roster().member(keeper.node());
    let (facets_by_name, kept_home) = facets(keeper);
    let peers = keeper.engine.peers();
    NodeStatus {
        node: keeper.node(),
        name: member.map_or(String::new(), |member| member.name.clone()),
        tier: tier_name(member.map(|member| member.tier)).to_owned(),
        running: runs,
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
        age_ms: 0,
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

fn peer_line(keeper: &Keeper, status: PeerStatus) -> PeerLine {
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

/// Resident memory of this process; 0 where the system does not say.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
