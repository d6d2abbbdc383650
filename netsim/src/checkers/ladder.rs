//! A node whose charter too few townships have confirmed of late sends what the rungs of its charter
//! allow and nothing else.
//!
//! When the charter was confirmed is worked out here from the signatures that the node holds now,
//! which is later than what it held when it sent something: nobody is accused wrongly.

use std::collections::BTreeMap;

use crdt_model::charter::{Charter, Freshness};
use crdt_model::checkpoint::Roots;
use crdt_model::commit::Commit;
use crdt_model::ids::NodeId;
use crdt_model::wire::{Request, Response};

use super::steady::{SLACK_MS, Steady};
use super::{Broken, Checker, Scene};
use crate::world::Frame;
use crate::world::node::Node;

const NAME: &str = "ladder";

/// See the module.
#[derive(Default)]
pub(super) struct Ladder {
    clocks: Steady,
    /// The latest time that enough townships had confirmed, in milliseconds since 1970.
    confirmed_ms: BTreeMap<NodeId, u64>,
}

impl Checker for Ladder {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            let charter = state.engine.charter();
            let (ahead_ms, steady_from_ms) = self.clocks.look(scene.world, node, state);
            let Some(freshness) = charter.freshness() else {
                continue;
            };
            let confirmed_ms = self.confirmed_ms.entry(node).or_default();
            *confirmed_ms = confirmed_at(&**charter, &freshness, state).max(*confirmed_ms);
            let sent = scene.frames.iter().filter(|frame| frame.from == node);
            for frame in sent.filter(|frame| frame.at_ms >= steady_from_ms) {
                let wall_ms = frame.at_ms.wrapping_add(ahead_ms);
                let age_ms = wall_ms.saturating_sub(*confirmed_ms + SLACK_MS);
                if let Some(what) = wrong(frame, age_ms, &freshness) {
                    broken.push(scene.broken(NAME, node, what));
                }
            }
        }
    }
}

/// When enough townships had confirmed a node's log, at the latest; the charter's first moment if
/// that is later.
fn confirmed_at(charter: &dyn Charter, freshness: &Freshness, state: &Node) -> u64 {
    let roots = Roots::of(&charter.log());
    let mut newest: BTreeMap<NodeId, u64> = BTreeMap::new();
    for one in state.engine.cosignatures() {
        if roots.at(one.size) == Some(one.root) {
            let time_ms = newest.entry(one.cosigner).or_default();
            *time_ms = one.time().ms.max(*time_ms);
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
