//! Every commit that a node took was signed by its author's key and allowed to its author, under
//! the charter it names, by the table of permissions.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::commit::Commit;
use crdt_model::history::History;
use crdt_model::ids::{CommitHash, NodeId};
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica;

use super::{Broken, Checker, Scene};
use crate::world::Happening;
use crate::world::node::Node;

/// What was found to be allowed already.
#[derive(Default)]
pub(super) struct Authority {
    allowed: BTreeSet<CommitHash>,
    seen: BTreeMap<(NodeId, FacetId), usize>,
}

impl Checker for Authority {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, happening) in scene.happenings {
            let Happening::Changed { facet, .. } = happening else {
                continue;
            };
            if let Some(state) = scene
                .world
                .node(*node)
                .filter(|_| !scene.hostile.contains(node))
            {
                self.check(scene, *node, state, facet, broken);
            }
        }
    }
}

impl Authority {
    fn check(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        state: &Node,
        facet: &FacetId,
        broken: &mut Vec<Broken>,
    ) {
        let Ok(Some(entry)) = replica::facet_entry(&state.store, facet) else {
            return;
        };
        let commits = entry.commits as usize;
        if self.seen.insert((node, *facet), commits) == Some(commits) {
            return;
        }
        let Ok(history) = replica::history(&state.store, facet) else {
            return;
        };
        for (commit, _) in history.commits() {
            if self.allowed.contains(&commit.hash()) {
                continue;
            }
            match allowed(scene, state, commit, &history) {
                Ok(()) => {
                    self.allowed.insert(commit.hash());
                }
                Err(why) => broken.push(scene.broken("authority", node, why)),
            }
        }
    }
}

fn allowed(
    scene: &Scene<'_>,
    state: &Node,
    commit: &Commit,
    history: &History,
) -> Result<(), String> {
    let body = commit.body();
    let author = body.author;
    // A node may have lost an older charter with a part of its disk; keys and lattices are the same.
    let charters = state.engine.charters();
    let charter = charters.get(body.charter).unwrap_or(charters.current());
    let signed = charter
        .roster()
        .member(author)
        .is_some_and(|member| commit.signed_by(&member.key));
    if !signed {
        return Err(format!(
            "took {}, which {author} never signed",
            commit.hash()
        ));
    }
    let before = history.grades_before(commit).into_iter();
    let before = before.reduce(|one, other| charter.join(one, other));
    let after = body
        .grade
        .or(before)
        .ok_or("took a first commit without a grade")?;
    let mut tables = scene.truth.tables_of(body.charter);
    let may = |table: &crate::charters::Permissions| {
        let stands = body.facet.label(before.unwrap_or(after));
        let regrades = |grade: Grade| table.regrades(&body.facet.label(grade), author);
        let regraded = before.is_some_and(|before| before != after);
        table.authors(&stands, author)
            && (!regraded || regrades(after) && before.is_none_or(regrades))
    };
    if tables.any(may) {
        return Ok(());
    }
    let facet = body.facet.facet;
    Err(format!(
        "took {author}'s commit on {facet} of {}, which no rule allowed",
        body.facet.home
    ))
}
