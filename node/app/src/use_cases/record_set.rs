//! `record set`: changes of fields of facets that the node holds; all of it or nothing.

use crdt_model::draft::Draft;
use crdt_model::ids::RecordId;
use crdt_model::text::Problem;
use node_runtime::keeper::Keeper;
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::use_case::{Does, UseCase};
use crate::drafts::{self, ChangedFacet};
use crate::written::{Written, write};

/// Change fields of facets that the node holds. Some steps are for certain roles.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRequest {
    /// The record.
    pub record: RecordId,
    /// The changes, by facet.
    pub facets: Vec<ChangedFacet>,
}

impl UseCase for SetRequest {
    const NEEDS: Capability = Capability::Person;
    const DEADLINE_S: Option<u64> = None;
    type Answer = Written;

    fn begin(self) -> Does<Written> {
        Does::work(move |node, respond| {
            let drafts = changed_drafts(node.keeper, &node.caller, self);
            write(node.keeper, drafts, respond)
        })
    }

    fn about(&self) -> String {
        self.record.to_string()
    }
}

fn changed_drafts(
    keeper: &Keeper,
    caller: &Caller,
    asked: SetRequest,
) -> Result<Vec<Draft>, Problem> {
    let changed = drafts::changed(&keeper.store, asked.record, asked.facets)?;
    let kinds = keeper.engine.charter().kinds();
    drafts::for_role(
        kinds,
        &keeper.store,
        changed,
        caller.role_in(&keeper.adopted)?,
    )
}
