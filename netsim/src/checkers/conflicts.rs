//! No value disappears unseen: what a document shows is what its commits say, reckoned here without
//! Automerge. A value that no later one of its readers replaced is shown, or listed as frozen.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::document::Document;
use crdt_model::history::History;
use crdt_model::replica;
use crdt_model::value::{OperationId, Value};

use super::{Broken, Checker, Scene};

/// See the module.
pub(super) struct Conflicts;

impl Checker for Conflicts {
    fn look(&mut self, _scene: &Scene<'_>, _broken: &mut Vec<Broken>) {}

    fn at_end(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>) {
        for (node, state) in scene.honest() {
            let mut wrong = Vec::new();
            let listed = replica::for_each_facet(&state.store, |facet, _| {
                if let Ok(history) = replica::history(&state.store, &facet) {
                    wrong.extend(differs(&history).map(|why| format!("{}: {why}", facet.facet)));
                }
            });
            if let Err(why) = listed {
                wrong.push(why.to_string());
            }
            broken.extend(
                wrong
                    .into_iter()
                    .map(|why| scene.broken("conflicts", node, why)),
            );
        }
    }
}

type Shown = BTreeMap<String, BTreeSet<(OperationId, Value)>>;

fn differs(history: &History) -> Option<String> {
    let document = match Document::build(history) {
        Ok(document) => document,
        Err(why) => return Some(why.to_string()),
    };
    let frozen: BTreeSet<_> = document.frozen().iter().map(|one| one.commit).collect();
    let mut written = Vec::new();
    let mut replaced: BTreeSet<OperationId> = BTreeSet::new();
    for (commit, actor) in history
        .commits()
        .filter(|(commit, _)| !frozen.contains(&commit.hash()))
    {
        for (counter, operation) in commit.counted_operations() {
            written.push((OperationId { counter, actor }, operation));
            replaced.extend(operation.overwrites.iter().copied());
        }
    }
    let mut expected = Shown::new();
    for (id, operation) in written {
        if let Some(value) = operation.value.clone().filter(|_| !replaced.contains(&id)) {
            expected
                .entry(operation.key.clone())
                .or_default()
                .insert((id, value));
        }
    }
    let mut shown = Shown::new();
    for (key, values) in document.fields() {
        let values = values.iter().map(|one| (one.operation, one.value.clone()));
        shown.insert(key.to_owned(), values.collect());
    }
    shown.retain(|_, values| !values.is_empty());
    (shown != expected).then(|| {
        let keys = expected
            .iter()
            .filter(|(key, values)| shown.get(*key) != Some(values));
        let keys: Vec<_> = keys.map(|(key, _)| key.as_str()).collect();
        format!(
            "the document does not show what its commits say, at {}",
            keys.join(", ")
        )
    })
}
