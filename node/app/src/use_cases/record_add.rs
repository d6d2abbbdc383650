//! `record add`: a new record, or new facets of one; all of it or nothing.

use crdt_model::draft::Draft;
use crdt_model::ids::{NodeId, RecordId};
use crdt_model::text::Problem;
use node_machine::entropy::random_bytes;
use node_runtime::keeper::Keeper;
use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::use_case::{Does, UseCase};
use crate::drafts::NewFacet;
use crate::written::{Written, write};
use crate::{addressing, drafts};

/// Write a new record, or new facets of one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddRequest {
    /// The record; drawn at random if none is given.
    #[serde(default)]
    pub record: Option<RecordId>,
    /// The record's home; this node if none is given.
    #[serde(default)]
    pub home: Option<NodeId>,
    /// Its facets.
    pub facets: Vec<NewFacet>,
}

impl UseCase for AddRequest {
    const NEEDS: Capability = Capability::Person;
    const DEADLINE_S: Option<u64> = None;
    type Answer = Written;

    fn begin(self) -> Does<Written> {
        Does::work(move |node, respond| {
            let drafts = new_drafts(node.keeper, self);
            write(node.keeper, drafts, respond)
        })
    }

    fn about(&self) -> String {
        self.record
            .map(|record| record.to_string())
            .unwrap_or_default()
    }
}

fn new_drafts(keeper: &Keeper, asked: AddRequest) -> Result<Vec<Draft>, Problem> {
    let AddRequest {
        record,
        home,
        mut facets,
    } = asked;
    let record = record.map_or_else(|| random_bytes().map(RecordId), Ok)?;
    let (charter, home) = (keeper.engine.charter(), home.unwrap_or(keeper.node()));
    for facet in &mut facets {
        addressing::address(&**charter, &keeper.store, home, facet)?;
    }
    drafts::added(charter.kinds(), record, home, facets)
}
