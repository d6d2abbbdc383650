//! What a run of the county came to: one object for programs.

use std::collections::BTreeMap;

use crdt_model::charter::Tier;
use serde::Serialize;

use super::convergence::Converged;
use super::lines::{Statuses, count};
use super::members::{Members, TIERS, tier_name};
use super::options::Verify;
use super::running::County;

/// A number for each tier.
pub type ByTier<T> = BTreeMap<&'static str, T>;

/// What a run came to.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// Nodes that answer.
    pub nodes: usize,
    /// Lines that are up.
    pub links: usize,
    /// Lines that the charter gives reason for.
    pub links_expected: usize,
    /// Records that homes reported; with `verify: sample`, those looked at.
    pub records: u64,
    /// Facets that nodes hold; with `verify: sample`, those looked at.
    pub facets_held: ByTier<u64>,
    /// Facets that nodes are to hold by plain Cedar; none where verifying is off.
    pub expected_facets_held: Option<ByTier<u64>>,
    /// Whether every node holds exactly what it is to hold.
    pub equal: bool,
    /// Facets held that plain Cedar denies, and commits whose author it denies.
    pub violations: Option<u64>,
    /// The comparison's other counts: what is missing, stale, or without a home.
    pub differences: BTreeMap<&'static str, u64>,
    /// Some of the differences in words.
    pub examples: Vec<String>,
    /// How much was verified.
    pub verify: Verify,
    /// Questions that plain Cedar was asked.
    pub decisions: u64,
    /// The scale of the sample.
    pub scale: f64,
    /// Seconds that making and starting the county took.
    pub setup_s: f64,
    /// Seconds that loading took.
    pub load_s: f64,
    /// Seconds from the end of loading until everything had arrived; none if it did not in time.
    pub converged_s: Option<f64>,
    /// Seconds from the start until everything had arrived, without verifying.
    pub total_s: Option<f64>,
    /// Seconds that asking plain Cedar and comparing took.
    pub verify_s: f64,
    /// Bytes of frames that nodes sent to each other, each counted once.
    pub app_bytes: u64,
    /// Resident memory in MiB, by tier.
    pub rss_mb: ByTier<Memory>,
    /// Bytes on disk of all stores together.
    pub disk_bytes: u64,
    /// Milliseconds from an author's commit until it is durable at the county, of the latest that
    /// came there.
    pub latency_ms: Latency,
    /// How often a process was started again.
    pub restarts: u64,
    /// Commits and frames that were refused anywhere, by reason.
    pub refused: BTreeMap<String, u64>,
}

/// Memory of a tier's nodes.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct Memory {
    /// Of the node that takes most.
    pub max: f64,
    /// On average.
    pub mean: f64,
}

/// How long commits take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Latency {
    /// Half of them take at most this long.
    pub p50: Option<u64>,
    /// All but one in a hundred take at most this long.
    pub p99: Option<u64>,
}

/// How long the stages of a run took, in seconds.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Times {
    /// Making and starting the county.
    pub setup_s: f64,
    /// Loading.
    pub load_s: f64,
}

impl Report {
    /// Puts the report together. Asks every node how it stands.
    pub fn of(county: &County, converged: &Converged, times: Times) -> Self {
        let statuses = county.statuses();
        let lines = count(&statuses);
        let members = county.members();
        let verdict = converged.verdict.clone().unwrap_or_default();
        let checked = converged.verdict.is_some();
        let by_tier = |of: &dyn Fn(&node_app::use_cases::status::NodeStatus) -> u64| {
            sum_by_tier(members, |node| {
                statuses.get(&node).and_then(Option::as_ref).map_or(0, of)
            })
        };
        let held = if checked {
            sum_by_tier(members, |node| {
                verdict.held.get(&node).copied().unwrap_or(0)
            })
        } else {
            by_tier(&|status| status.facets)
        };
        let expected = sum_by_tier(members, |node| {
            verdict.expected.get(&node).copied().unwrap_or(0)
        });
        Self {
            nodes: statuses.values().flatten().count(),
            links: lines.up,
            links_expected: lines.all,
            records: converged.records,
            facets_held: held,
            expected_facets_held: checked.then_some(expected),
            equal: converged.equal(),
            violations: checked.then_some(verdict.violations),
            differences: BTreeMap::from([
                ("missing", verdict.missing),
                ("stale", verdict.stale),
                ("orphans", verdict.orphans),
            ]),
            examples: verdict.examples,
            verify: converged.verified,
            decisions: verdict.decisions,
            scale: county.options().scale.factor(),
            setup_s: rounded(times.setup_s),
            load_s: rounded(times.load_s),
            converged_s: converged.converged_s.map(rounded),
            total_s: converged
                .converged_s
                .map(|last| rounded(times.setup_s + times.load_s + last)),
            verify_s: rounded(converged.verify_s),
            app_bytes: app_bytes(&statuses),
            rss_mb: memory(members, &statuses),
            disk_bytes: statuses
                .values()
                .flatten()
                .map(|status| status.disk_bytes)
                .sum(),
            latency_ms: county_latency(members, &statuses),
            restarts: county.restarts(),
            refused: refused(&statuses),
        }
    }
}

/// Seconds to the millisecond.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}

/// A sum over the nodes of each tier.
pub fn sum_by_tier(members: &Members, of: impl Fn(crdt_model::ids::NodeId) -> u64) -> ByTier<u64> {
    let sum = |tier: &Tier| {
        (
            tier_name(*tier),
            members.of_tier(*tier).into_iter().map(&of).sum(),
        )
    };
    TIERS.iter().map(sum).collect()
}

/// Bytes of frames that nodes sent to each other since their start.
pub fn app_bytes(statuses: &Statuses) -> u64 {
    let peers = statuses.values().flatten().flat_map(|status| &status.peers);
    peers.map(|peer| peer.status.bytes_sent).sum()
}

/// Resident memory of the nodes of each tier.
#[expect(clippy::cast_precision_loss, reason = "mebibytes of a process")]
pub fn memory(members: &Members, statuses: &Statuses) -> ByTier<Memory> {
    let mib = |bytes: u64| (bytes as f64 / 104_857.6).round() / 10.0;
    let of_tier = |tier: &Tier| {
        let nodes = members.of_tier(*tier);
        let nodes = nodes.iter().filter_map(|node| statuses.get(node)?.as_ref());
        let bytes: Vec<u64> = nodes.map(|status| status.resident_bytes).collect();
        let mean = bytes.iter().sum::<u64>() / (bytes.len() as u64).max(1);
        let max = bytes.iter().copied().max().unwrap_or(0);
        (
            tier_name(*tier),
            Memory {
                max: mib(max),
                mean: mib(mean),
            },
        )
    };
    TIERS.iter().map(of_tier).collect()
}

/// How long commits take to the county.
pub fn county_latency(members: &Members, statuses: &Statuses) -> Latency {
    let counties = members.of_tier(Tier::County);
    let mut latencies: Vec<u64> = counties
        .iter()
        .filter_map(|node| statuses.get(node)?.as_ref())
        .flat_map(|status| status.latency_ms.iter().copied())
        .collect();
    latencies.sort_unstable();
    let at = |percent: usize| {
        let place = (latencies.len() * percent).div_ceil(100).checked_sub(1)?;
        latencies.get(place).copied()
    };
    Latency {
        p50: at(50),
        p99: at(99),
    }
}

fn refused(statuses: &Statuses) -> BTreeMap<String, u64> {
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    for status in statuses.values().flatten() {
        let of_peers = status.peers.iter().flat_map(|peer| &peer.status.refused);
        for (code, count) in status.refused.iter().chain(of_peers) {
            *all.entry(code.clone()).or_default() += count;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use crdt_model::engine::LinkState;

    use super::*;
    use crate::lines::tests::status;

    fn one_county() -> (Members, Statuses) {
        let roster = "[[node]]\ncode = \"620723000000\"\nname = \"临泽县\"\ntier = \"county\"\n";
        let members =
            Members::parse(std::path::Path::new("roster.toml"), roster).expect("a roster");
        let link = [("620723101000", LinkState::InSync)];
        let status = status("620723000000", "county", &link);
        (members, Statuses::from([(status.node, Some(status))]))
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let (members, statuses) = one_county();
        assert_eq!(
            county_latency(&members, &statuses),
            Latency {
                p50: Some(2),
                p99: Some(3)
            }
        );
        assert_eq!(
            county_latency(&members, &Statuses::new()),
            Latency::default()
        );
    }

    #[test]
    fn memory_is_in_mebibytes_and_bytes_are_counted_where_they_are_sent() {
        let (members, statuses) = one_county();
        assert_eq!(
            memory(&members, &statuses)["county"],
            Memory {
                max: 10.0,
                mean: 10.0
            }
        );
        assert_eq!(app_bytes(&statuses), 70);
    }
}
