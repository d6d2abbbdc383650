//! A node whose charter too few townships have confirmed of late sends what the rungs of its charter
//! allow and nothing else.
//!
//! When the charter was confirmed is worked out here from every signature that the node held or was
//! given, up to a moment later than when it sent something: nobody is accused wrongly.

use std::collections::BTreeMap;

use crdt_model::charter::{Charter, Freshness};
use crdt_model::checkpoint::{Cosignature, Roots};
use crdt_model::commit::Commit;
use crdt_model::ids::{NodeId, RootHash};
use crdt_model::wire::{Request, Response};

use super::steady::{SLACK_MS, Steady};
use super::{Broken, Checker, Scene};
use crate::world::Frame;

const NAME: &str = "ladder";

/// When a township last signed a log, by its size and root.
type Signed = BTreeMap<(NodeId, u64, RootHash), u64>;

/// See the module.
#[derive(Default)]
pub(super) struct Ladder {
    clocks: Steady,
    /// The newest signature of each township that each node ever held or was given, by root: a node
    /// keeps one of each township, which may be replaced by one on another log.
    signed_ms: BTreeMap<NodeId, Signed>,
}

impl Checker for Ladder {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            let charter = state.engine.charter();
            let (ahead_ms, steady_from_ms) = self.clocks.look(scene.world, node, state);
            let Some(freshness) = charter.freshness() else {
                continue;
            };
            let signed_ms = self.signed_ms.entry(node).or_default();
            let given = scene.frames.iter().filter(|frame| frame.to == node);
            let given = given.flat_map(signatures);
            for one in state.engine.cosignatures().copied().chain(given) {
                let time_ms = signed_ms
                    .entry((one.cosigner, one.size, one.root))
                    .or_default();
                *time_ms = one.time().ms.max(*time_ms);
            }
            let confirmed_ms = confirmed_at(&**charter, &freshness, signed_ms);
            let sent = scene.frames.iter().filter(|frame| frame.from == node);
            for frame in sent.filter(|frame| frame.at_ms >= steady_from_ms) {
                let wall_ms = frame.at_ms.wrapping_add(ahead_ms);
                let age_ms = wall_ms.saturating_sub(confirmed_ms + SLACK_MS);
                if let Some(what) = wrong(frame, age_ms, &freshness) {
                    broken.push(scene.broken(NAME, node, what));
                }
            }
        }
    }
}

/// When enough townships had confirmed a node's log, at the latest; the charter's first moment if
/// that is later.
fn confirmed_at(charter: &dyn Charter, freshness: &Freshness, signed_ms: &Signed) -> u64 {
    let roots = Roots::of(&charter.log());
    let mut newest: BTreeMap<NodeId, u64> = BTreeMap::new();
    for ((cosigner, size, root), signed_ms) in signed_ms {
        if roots.at(*size) == Some(*root) {
            let time_ms = newest.entry(*cosigner).or_default();
            *time_ms = (*signed_ms).max(*time_ms);
        }
    }
    let mut times: Vec<_> = newest.into_values().collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    let quorum = freshness.cosigners.checked_sub(1);
    let quorum_ms = quorum.and_then(|at| times.get(at)).copied();
    quorum_ms.unwrap_or(0).max(charter.validity().from.ms)
}

/// What a frame should not have carried at this age of the confirmation.
fn wrong(frame: &Frame, age_ms: u64, freshness: &Freshness) -> Option<String> {
    if age_ms <= freshness.fresh_ms {
        return None;
    }
    let facets = commits(frame);
    let facets = facets
        .iter()
        .filter_map(|commit| Commit::decode(commit).ok());
    let mut facets = facets.map(|commit| commit.body().facet);
    let above = frame.to.parent().is_none() || Some(frame.to) == frame.from.parent();
    let held = age_ms > freshness.narrow_ms;
    let facet = facets.find(|facet| held || facet.home != frame.from || !above)?;
    let (to, hours) = (frame.to, age_ms / 3_600_000);
    let (name, home) = (facet.facet, facet.home);
    Some(format!(
        "sent {name} of {home} to {to}, {hours} hours after its charter was confirmed"
    ))
}

fn signatures(frame: &Frame) -> Vec<Cosignature> {
    let gossip = match frame.request {
        true => match Request::decode(&frame.bytes) {
            Ok(Request::Gossip(gossip)) => gossip,
            _ => return Vec::new(),
        },
        false => match Response::decode(&frame.bytes) {
            Ok(Response::Gossip(gossip)) => gossip,
            _ => return Vec::new(),
        },
    };
    gossip.newest
}

fn commits(frame: &Frame) -> Vec<Vec<u8>> {
    match frame.request {
        true => match Request::decode(&frame.bytes) {
            Ok(Request::Push { commits, .. }) => commits,
            _ => Vec::new(),
        },
        false => match Response::decode(&frame.bytes) {
            Ok(Response::Fetched(found)) => {
                found.into_iter().flat_map(|found| found.commits).collect()
            }
            _ => Vec::new(),
        },
    }
}
