//! Rules for emergencies count at a node only while reviewers say so: under its charter, by a
//! declaration that was brought to a node, and within its time by the node's own clock. A declaration
//! that has counted at a node is durable there.

use std::collections::BTreeMap;

use crdt_model::ids::{CharterDigest, NodeId};

use super::steady::Steady;
use super::{Broken, Checker, Scene};
use crate::world::Happening;
use crate::world::node::Node;

const NAME: &str = "emergencies";
/// Milliseconds that the disk may take to make a declaration durable, and an engine to look again.
const PROMPT_MS: u64 = 15_000;

/// See the module.
#[derive(Default)]
pub(super) struct Emergencies {
    clocks: Steady,
    /// The highest number that has counted at each node, and under which charter.
    counted: BTreeMap<NodeId, (CharterDigest, u32)>,
}

impl Checker for Emergencies {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        let now_ms = scene.world.now_ms();
        for (node, happening) in scene.happenings {
            if matches!(happening, Happening::DiskLost | Happening::NotesDamaged) {
                self.counted.remove(node);
            }
        }
        for (node, state) in scene.honest() {
            let (_, steady_from_ms) = self.clocks.look(scene.world, node, state);
            let asleep = state.asleep_until_ms.is_some();
            let steady = now_ms >= steady_from_ms;
            if let Some(what) = wrong(scene, state, steady && !asleep) {
                broken.push(scene.broken(NAME, node, what));
            }
            if let Some(number) = self.forgotten(node, state) {
                let what = format!("knows nothing of emergency {number}, which counted there");
                broken.push(scene.broken(NAME, node, what));
            }
        }
    }
}

impl Emergencies {
    /// The number of a declaration that has counted at a node under its charter, and is gone.
    fn forgotten(&mut self, node: NodeId, state: &Node) -> Option<u32> {
        let digest = state.engine.charter().digest();
        let status = state.engine.emergency_status();
        let held = status.declared.filter(|held| held.charter == digest);
        let held = held.map_or(0, |held| held.number);
        let counted = self.counted.get(&node).filter(|(of, _)| *of == digest);
        let counted = counted.map_or(0, |(_, number)| *number);
        if status.counts {
            self.counted.insert(node, (digest, held.max(counted)));
        }
        (held < counted).then_some(counted)
    }
}

/// What is wrong with the emergency that counts at a node, if one does; its time only where its clock
/// has been `steady`.
fn wrong(scene: &Scene<'_>, state: &Node, steady: bool) -> Option<String> {
    if !state.engine.in_emergency() {
        return None;
    }
    let Some(declared) = state.engine.emergency_status().declared else {
        return Some("goes by an emergency that it knows no declaration of".to_owned());
    };
    let known = scene.truth.declared.iter();
    let mut known = known.filter(|one| one.digest == declared.digest);
    if known.next() != Some(&declared) {
        let number = declared.number;
        return Some(format!("goes by emergency {number}, which nobody declared"));
    }
    if declared.charter != state.engine.charter().digest() {
        return Some("goes by an emergency under another charter".to_owned());
    }
    let wall = state.engine.floored(state.wall(scene.world));
    let late_ms = wall.ms.saturating_sub(declared.holds.until.ms);
    let early = wall.ms + PROMPT_MS < declared.holds.from.ms;
    (steady && (late_ms > PROMPT_MS || early)).then(|| {
        let number = declared.number;
        format!("goes by emergency {number} at {wall}, {late_ms} ms after its end")
    })
}
