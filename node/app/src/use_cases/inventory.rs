//! Every facet the node holds, without content: what reviewers and the demonstration county count.

use std::collections::BTreeSet;

use crdt_model::history::History;
use crdt_model::ids::NodeId;
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica::{self, ReplicaError};
use crdt_model::store::Store;

use super::unreadable;
use crate::asked::protocol::{HeldFacet, PAGE_ENTRIES_MAX, Reply};
use crdt_model::text::Problem;
use node_runtime::keeper::Keeper;

pub(super) fn page(
    keeper: &Keeper,
    after: Option<FacetId>,
    own_only: bool,
) -> Result<Reply, Problem> {
    let limit = PAGE_ENTRIES_MAX;
    let own = keeper.node();
    let store: &dyn Store = &keeper.store;
    let mut facets = Vec::new();
    let mut after = after;
    loop {
        let entries = replica::facets_after(store, after.as_ref(), limit);
        let entries = entries.map_err(|error| unreadable(&error))?;
        let more = entries.len() == limit;
        after = entries.last().map(|(facet, _)| *facet);
        for (facet, entry) in entries {
            if own_only && facet.home != own {
                continue;
            }
            let authors = authors(keeper, store, &facet).map_err(|error| unreadable(&error))?;
            facets.push(HeldFacet {
                facet,
                grade: entry.grade,
                commits: entry.commits,
                authors,
            });
        }
        if !more || facets.len() >= limit {
            return Ok(Reply::Inventory { facets, more });
        }
    }
}

/// Who wrote commits of a facet, with the grade that each saw.
fn authors(
    keeper: &Keeper,
    store: &dyn Store,
    facet: &FacetId,
) -> Result<Vec<(NodeId, Grade)>, ReplicaError> {
    let history: History = replica::history(store, facet)?;
    let join = |grades: &[Grade]| keeper.engine.charters().join(grades);
    let seen = history.commits().filter_map(|(commit, _)| {
        let before = join(&history.grades_before(commit)).or(commit.body().grade)?;
        Some((commit.body().author, before))
    });
    Ok(seen.collect::<BTreeSet<_>>().into_iter().collect())
}
