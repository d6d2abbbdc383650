//! Every commit that a node took was signed by its author's key and allowed to its author, under
//! the charter it names, by the table of permissions; its author was trusted when it was taken; and
//! it follows on those that its author wrote before.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::commit::Commit;
use crdt_model::history::{History, Life};
use crdt_model::ids::{CharterVersion, CommitHash, NodeId};
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica;

use super::{Broken, Checker, Scene};
use crate::world::Happening;
use crate::world::node::Node;

const NAME: &str = "authority";

/// Virtual milliseconds that what was taken may wait for the slowest disk.
const UNDURABLE_MS: u64 = 10_000;

/// What was found to be allowed already.
#[derive(Default)]
pub(super) struct Authority {
    allowed: BTreeSet<CommitHash>,
    seen: BTreeMap<(NodeId, FacetId), usize>,
    /// By which version each node goes, and since when, in virtual milliseconds.
    goes_by: BTreeMap<NodeId, (CharterVersion, u64)>,
}

/// The one version by which a node went whenever a facet changed since the last look, if it had gone
/// by it long enough for all that it took before to be durable.
type Settled = Option<CharterVersion>;

impl Checker for Authority {
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for ((node, facet), settled) in self.changed(scene) {
            if let Some(state) = scene
                .world
                .node(node)
                .filter(|_| !scene.hostile.contains(&node))
            {
                self.check(scene, node, state, &facet, settled, broken);
            }
        }
    }
}

impl Authority {
    /// What changed since the last look, by happenings in their order.
    fn changed(&mut self, scene: &Scene<'_>) -> BTreeMap<(NodeId, FacetId), Settled> {
        let mut changed: BTreeMap<(NodeId, FacetId), Settled> = BTreeMap::new();
        for (node, happening) in scene.happenings {
            match happening {
                Happening::GoesBy { version, at_ms } => {
                    self.goes_by.insert(*node, (*version, *at_ms));
                }
                Happening::Changed { facet, at_ms, .. } => {
                    let goes_by = self.goes_by.get(node);
                    let settled = goes_by.filter(|(_, since)| *at_ms > since + UNDURABLE_MS);
                    let settled = settled.map(|(version, _)| *version);
                    let known = changed.entry((*node, *facet)).or_insert(settled);
                    *known = known.filter(|version| Some(*version) == settled);
                }
                _ => {}
            }
        }
        changed
    }

    fn check(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        state: &Node,
        facet: &FacetId,
        settled: Settled,
        broken: &mut Vec<Broken>,
    ) {
        let Ok(Some(entry)) = replica::facet_entry(&state.store, facet) else {
            return;
        };
        let commits = entry.commits as usize;
        let before = self.seen.insert((node, *facet), commits);
        if before == Some(commits) {
            return;
        }
        let Ok(history) = replica::history(&state.store, facet) else {
            return;
        };
        broken.extend(gap(&history).map(|why| scene.broken(NAME, node, why)));
        let charters = state.engine.charters();
        if let Some(charter) = settled.and_then(|version| charters.get(version)) {
            let new = history.commits().skip(before.unwrap_or(0));
            let revoked = |author| charter.roster().active(author).is_none();
            for (commit, _) in new.filter(|(commit, _)| revoked(commit.body().author)) {
                let what = format!("took {}, whose author is revoked", commit.hash());
                broken.push(scene.broken(NAME, node, what));
            }
        }
        for (commit, _) in history.commits() {
            if self.allowed.contains(&commit.hash()) {
                continue;
            }
            match allowed(scene, state, commit, &history) {
                Ok(()) => {
                    self.allowed.insert(commit.hash());
                }
                Err(why) => broken.push(scene.broken(NAME, node, why)),
            }
        }
    }
}

/// A number that is missing in a life.
fn gap(history: &History) -> Option<String> {
    let mut numbers: BTreeMap<Life, BTreeSet<u64>> = BTreeMap::new();
    for (commit, _) in history.commits() {
        let body = commit.body();
        let life = (body.author, body.epoch);
        numbers.entry(life).or_default().insert(body.seq.0);
    }
    let gap = numbers.iter().find(|(_, numbers)| {
        let mut expected = 1..;
        !numbers
            .iter()
            .all(|number| expected.next() == Some(*number))
    });
    gap.map(|((author, _), numbers)| format!("took commits of {author} with numbers {numbers:?}"))
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
