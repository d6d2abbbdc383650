//! No node learns what no rule allows: by what each message says it mentions, and by its bytes.

use crdt_model::charter::Charter;
use crdt_model::ids::{CharterDigest, CommitHash, NodeId};
use crdt_model::label::{FacetId, Grade};
use crdt_model::store::Store;

use super::{Broken, Checker, Scene};
use crate::secrecy::mentions::{self, Mention};
use crate::secrecy::told::{self, Permitted};
use crate::truth::Truth;

/// What may be told under one edition.
struct Under<'a> {
    truth: &'a Truth,
    edition: &'a CharterDigest,
}

impl Permitted for Under<'_> {
    fn may_hold(&self, facet: &FacetId, grade: Grade, node: NodeId) -> bool {
        let table = self.truth.table(self.edition);
        table.is_some_and(|table| table.holds(&facet.label(grade), node))
    }

    fn grades_of(&self, facet: &FacetId) -> Vec<Grade> {
        let known = self.truth.facet(facet);
        known.map(|known| known.grades.iter().copied().collect()).unwrap_or_default()
    }

    fn facet_of_commit(&self, commit: &CommitHash) -> Option<FacetId> {
        self.truth.facet_of(commit)
    }
}

/// Every delivery, by what its type says it mentions.
pub(super) struct Typed;

impl Checker for Typed {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for frame in scene.frames.iter().filter(|frame| !scene.hostile.contains(&frame.from)) {
            let listed = match frame.request {
                true => mentions::request(&frame.bytes),
                false => mentions::response(&frame.bytes),
            };
            let listed = match listed {
                Ok(listed) => listed,
                Err(why) => {
                    let what = format!("sent what is no message: {why}");
                    broken.push(scene.broken("secrecy (typed)", frame.from, what));
                    continue;
                }
            };
            let under = Under { truth: scene.truth, edition: &frame.edition };
            for leak in told::judge(&listed, frame.to, &under) {
                broken.push(scene.broken("secrecy (typed)", frame.from, leak.to_string()));
            }
        }
    }

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            let edition = state.engine.charter().digest();
            let under = Under { truth: scene.truth, edition: &edition };
            let listed = mentions::disk(&state.store).unwrap_or_default();
            let own = |mention: &Mention| mentions::facet_of(mention).is_some_and(|of| of.home == node);
            let listed: Vec<_> = listed.into_iter().filter(|one| !own(one)).collect();
            for leak in told::judge(&listed, node, &under) {
                broken.push(scene.broken("secrecy (typed)", node, format!("on disk: {leak}")));
            }
        }
    }
}

/// Every delivery and every disk, byte by byte.
pub(super) struct Bytes;

const NAME: &str = "secrecy (bytes)";

impl Checker for Bytes {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for frame in scene.frames.iter().filter(|frame| !scene.hostile.contains(&frame.from)) {
            for found in scene.truth.needles.find(&frame.bytes) {
                let Some(facet) = scene.truth.numbered(found.owner) else {
                    continue;
                };
                if !scene.truth.may_hold(facet, frame.to, &frame.edition) {
                    let (name, home, to) = (facet.facet, facet.home, frame.to);
                    let what = format!("sent {to} something of {name} of {home}, {:?}", found.form);
                    broken.push(scene.broken(NAME, frame.from, what));
                }
            }
        }
    }

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            let edition = state.engine.charter().digest();
            let platter = state.store.platter();
            for part in platter.image() {
                for found in scene.truth.needles.find(part) {
                    let Some(facet) = scene.truth.numbered(found.owner) else {
                        continue;
                    };
                    let own = facet.home == node;
                    if !own && !scene.truth.may_hold(facet, node, &edition) {
                        let (name, home) = (facet.facet, facet.home);
                        let what = format!("its disk has {name} of {home}, {:?}", found.form);
                        broken.push(scene.broken(NAME, node, what));
                    }
                }
            }
            let _ = state.store.disk_bytes();
        }
    }
}
