//! An author never signs two commits with one number, whatever its disk loses. Only a machine that
//! was copied does, and that is what the mesh has forks for. Who knows that its life is forked does
//! not write in it.

use std::collections::BTreeSet;

use crdt_model::engine::Alarm;
use crdt_model::ids::NodeId;
use crdt_model::replica;

use super::{Broken, Checker, Scene};
use crate::world::Happening;

const NAME: &str = "lives";

/// See the module.
#[derive(Default)]
pub(super) struct Lives {
    copied: BTreeSet<NodeId>,
}

impl Checker for Lives {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, happening) in scene.happenings {
            match happening {
                Happening::CopyTakesOver => {
                    self.copied.insert(*node);
                }
                Happening::Alarm(Alarm::Equivocated { author, seq, .. })
                    if !self.copied.contains(author) && !scene.hostile.contains(author) =>
                {
                    let what = format!("{author} signed two commits with number {}", seq.0);
                    broken.push(scene.broken(NAME, *node, what));
                }
                _ => {}
            }
        }
    }

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            let mut forked = false;
            // A damaged entry is told of by others.
            let _ = replica::for_each_facet(&state.store, |facet, _| {
                let history = replica::history(&state.store, &facet);
                let present = state.engine.life_on(&facet, &state.store);
                forked |= history.is_ok_and(|history| {
                    present.is_ok_and(|epoch| history.forks().contains_key(&(node, epoch)))
                });
            });
            if forked {
                broken.push(scene.broken(
                    NAME,
                    node,
                    "knows that its life is forked, and goes on in it",
                ));
            }
        }
    }
}
