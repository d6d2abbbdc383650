//! `inventory`: every facet the node holds, without content; what reviewers and the demonstration county
//! count.

use std::collections::BTreeSet;

use crdt_model::history::History;
use crdt_model::ids::NodeId;
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica::{self, ReplicaError};
use crdt_model::store::Store;
use crdt_model::text::Problem;
use node_runtime::keeper::Keeper;
use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::line::PAGE_ENTRIES_MAX;
use crate::door::use_case::{Does, UseCase};
use crate::refusals::unreadable;

/// Which facets does the node hold?
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventoryRequest {
    /// Only after this facet.
    #[serde(default)]
    pub after: Option<FacetId>,
    /// Only records whose home is this node.
    pub own_only: bool,
}

/// A page of facets.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Inventory {
    /// The facets.
    pub facets: Vec<HeldFacet>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// One facet that a node holds, without content.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HeldFacet {
    /// Which.
    pub facet: FacetId,
    /// Its grade.
    pub grade: Grade,
    /// How many commits it has.
    pub commits: u32,
    /// Who wrote commits, with the grade that each saw; the first commit of a facet counts as
    /// having seen the grade it gave.
    pub authors: Vec<(NodeId, Grade)>,
}

impl UseCase for InventoryRequest {
    const NEEDS: Capability = Capability::Reviewer;
    type Answer = Inventory;

    fn begin(self) -> Does<Inventory> {
        Does::work(move |node, respond| {
            respond(page(node.keeper, &self));
            Ok(())
        })
    }
}

fn page(keeper: &Keeper, wanted: &InventoryRequest) -> Result<Inventory, Problem> {
    let limit = PAGE_ENTRIES_MAX;
    let own = keeper.node();
    let store: &dyn Store = &keeper.store;
    let mut facets = Vec::new();
    let mut after = wanted.after;
    loop {
        let entries = replica::facets_after(store, after.as_ref(), limit);
        let entries = entries.map_err(|error| unreadable(&error))?;
        let more = entries.len() == limit;
        after = entries.last().map(|(facet, _)| *facet);
        for (facet, entry) in entries {
            if wanted.own_only && facet.home != own {
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
            return Ok(Inventory { facets, more });
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
