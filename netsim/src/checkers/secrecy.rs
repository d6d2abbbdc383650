//! No node learns what no rule allows: by what each message says it mentions, and by its bytes.

use std::collections::BTreeSet;

use crdt_model::commit::Commit;
use crdt_model::ids::{CommitHash, NodeId};
use crdt_model::label::{FacetId, Grade, Label};
use crdt_model::quarantine::Refused;

use super::{Broken, Checker, Scene};
use crate::secrecy::mentions;
use crate::secrecy::told::{self, Leak, Permitted};
use crate::truth::{Rules, Secret, Truth};

/// What may be told by these rules.
struct Under<'a> {
    truth: &'a Truth,
    rules: &'a Rules,
}

impl Permitted for Under<'_> {
    fn may_hold(&self, facet: &FacetId, grade: Grade, node: NodeId) -> bool {
        let table = self.truth.table(self.rules);
        table.is_some_and(|table| table.holds(&facet.label(grade), node))
    }

    fn grades_of(&self, facet: &FacetId) -> Vec<Grade> {
        let known = self.truth.facet(facet);
        known
            .map(|known| known.grades.iter().copied().collect())
            .unwrap_or_default()
    }

    fn facet_of_commit(&self, commit: &CommitHash) -> Option<FacetId> {
        self.truth.facet_of(commit)
    }
}

const TYPED: &str = "secrecy (typed)";

/// Every delivery, by what its type says it mentions.
#[derive(Default)]
pub(super) struct Typed {
    /// Labels that hostile nodes have named: an answer to a comparison gives the bounds back that
    /// it was asked for.
    named: BTreeSet<(NodeId, Label)>,
}

impl Checker for Typed {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for frame in scene.frames {
            let hostile = scene.hostile.contains(&frame.from);
            let listed = match frame.request {
                true => mentions::request(&frame.bytes),
                false => mentions::response(&frame.bytes),
            };
            let listed = match listed {
                _ if hostile => {
                    let labels = listed.iter().flatten().filter_map(label_of);
                    self.named.extend(labels.map(|label| (frame.from, label)));
                    continue;
                }
                Ok(listed) => listed,
                Err(why) => {
                    let what = format!("sent what is no message: {why}");
                    broken.push(scene.broken(TYPED, frame.from, what));
                    continue;
                }
            };
            let under = Under {
                truth: scene.truth,
                rules: &frame.rules,
            };
            let said = |leak: &Leak| {
                label_of(&leak.mention).is_some_and(|label| self.named.contains(&(frame.to, label)))
            };
            let leaks = told::judge(&listed, frame.to, &under);
            for leak in leaks.iter().filter(|leak| !said(leak)) {
                broken.push(scene.broken(TYPED, frame.from, leak.to_string()));
            }
        }
    }

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            let rules = state.rules();
            let under = Under {
                truth: scene.truth,
                rules: &rules,
            };
            let listed = mentions::disk(&state.store).unwrap_or_default();
            let theirs = |leak: &Leak| leak.facet.is_none_or(|facet| facet.home != node);
            let held = told::judge(&listed.held, node, &under).into_iter();
            let aside = told::judge(&listed.aside, node, &under).into_iter();
            let aside = aside.filter(|leak| !was_told_by_hostile(scene, node, leak));
            for leak in held.chain(aside).filter(theirs) {
                broken.push(scene.broken(TYPED, node, format!("on disk: {leak}")));
            }
            for refused in state.engine.quarantine().entries() {
                if let Some(facet) = kept_though_hidden(refused, node, &under) {
                    let what = format!(
                        "keeps a refused commit on {} of {}",
                        facet.facet, facet.home
                    );
                    broken.push(scene.broken(TYPED, node, what));
                }
            }
        }
    }
}

fn label_of(mention: &mentions::Mention) -> Option<Label> {
    match mention {
        mentions::Mention::Label(label) => Some(*label),
        _ => None,
    }
}

/// Whether it is a hostile node's own word that is kept as evidence, and nothing of anybody else's.
fn was_told_by_hostile(scene: &Scene<'_>, node: NodeId, leak: &Leak) -> bool {
    let handed = leak
        .facet
        .is_some_and(|facet| scene.was_handed(node, &facet));
    handed
        && match &leak.mention {
            mentions::Mention::CommitName(_) | mentions::Mention::Facet { .. } => true,
            mentions::Mention::Commit { author, .. } => scene.hostile.contains(author),
            _ => false,
        }
}

/// The facet of a refused commit whose content is kept by a node that may not hold it at the grade
/// that the commit gives.
fn kept_though_hidden(refused: &Refused, node: NodeId, under: &Under<'_>) -> Option<FacetId> {
    let commit = Commit::decode(refused.encoded.as_ref()?).ok()?;
    let body = commit.body();
    let may = body
        .grade
        .is_none_or(|grade| under.may_hold(&body.facet, grade, node));
    (!may).then_some(body.facet)
}

/// Every delivery and every disk, byte by byte.
pub(super) struct Bytes;

const NAME: &str = "secrecy (bytes)";

impl Checker for Bytes {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for frame in scene
            .frames
            .iter()
            .filter(|frame| !scene.hostile.contains(&frame.from))
        {
            for (secret, form) in hidden(scene, &frame.bytes, frame.to, &frame.rules) {
                let what = format!("sent {} {}, {form}", frame.to, named(secret));
                broken.push(scene.broken(NAME, frame.from, what));
            }
        }
    }

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            let rules = state.rules();
            for part in state.store.platter().image() {
                for (secret, form) in hidden(scene, part, node, &rules) {
                    // The quarantine keeps the names of what it refused, and what the hostile wrote.
                    if scene.was_told_by_hostile(node, secret) {
                        continue;
                    }
                    let what = format!("its disk has {}, {form}", named(secret));
                    broken.push(scene.broken(NAME, node, what));
                }
            }
        }
    }
}

/// What some bytes hold that a node may not know.
fn hidden(scene: &Scene<'_>, bytes: &[u8], node: NodeId, rules: &Rules) -> Vec<(Secret, String)> {
    let found = scene.truth.needles.find(bytes).into_iter();
    let hidden = found.filter_map(|found| {
        let secret = scene.truth.secret(found.owner)?;
        let hashed = if found.hashed { " hashed" } else { "" };
        let known = scene.truth.may_know(secret, node, rules);
        (!known).then(|| {
            (
                secret,
                format!("{:?}{hashed} at byte {}", found.form, found.at),
            )
        })
    });
    hidden.collect()
}

fn named(secret: Secret) -> String {
    match secret {
        Secret::Name(facet) => format!(
            "the name of a commit on {} of {} {}",
            facet.facet, facet.home, facet.record
        ),
        Secret::Facet(facet) => format!(
            "something of {} of {} {}",
            facet.facet, facet.home, facet.record
        ),
        Secret::Record(record) => format!("record {record}"),
    }
}
