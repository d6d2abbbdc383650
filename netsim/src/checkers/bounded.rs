//! Queues, quarantine and memory stay within their limits.

use super::{Broken, Checker, Scene};

/// See the module.
pub(super) struct Bounded;

impl Checker for Bounded {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            for over in state.engine.load().over() {
                broken.push(scene.broken("bounded", node, over));
            }
        }
    }
}
