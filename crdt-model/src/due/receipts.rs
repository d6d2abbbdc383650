//! What a node acknowledges by itself, when it has arrived. Which record a receipt is follows from
//! what arrived and from the node, so it is given once.

use std::collections::BTreeMap;

use crate::charter::Charter;
use crate::draft::Draft;
use crate::ids::{NodeId, RecordId};
use crate::kind::Kinds;
use crate::label::FacetId;
use crate::replica::{self, Held, ReplicaError};
use crate::store::Store;
use crate::time::WallTime;

use super::{begun, grade_like};

const RECEIPT_DOMAIN: &[u8] = b"countymesh receipt 1";

/// The receipt that a node gives by itself, if what arrived is meant for it.
pub fn receipt_of(charter: &dyn Charter, arrived: &FacetId, node: NodeId) -> Option<FacetId> {
    let (_, declared) = charter.kinds().facet(arrived.facet)?;
    let receipts = declared.receipts.as_ref()?;
    let meant = node != arrived.home && charter.roster().is_within(node, arrived.addressee);
    let mut of = begun(RECEIPT_DOMAIN, arrived);
    of.node(node);
    meant.then(|| FacetId {
        record: RecordId::of_digest(&of.into_bytes()),
        facet: receipts.by,
        home: node,
        addressee: arrived.home,
    })
}

/// What is held and may have to be acknowledged, and until when.
#[derive(Clone, Default)]
pub(super) struct Arrived(BTreeMap<FacetId, WallTime>);

impl Arrived {
    /// Looks at a facet anew, if it is one that is acknowledged.
    pub(super) fn look(&mut self, held: &Held, kinds: &Kinds) {
        let facet = *held.history.facet();
        let declared = kinds.facet(facet.facet);
        if let Some(receipts) = declared.and_then(|(_, declared)| declared.receipts.as_ref()) {
            let until = receipts.wanted(&held.document);
            self.0.extend(until.map(|until| (facet, until)));
        }
    }

    /// A facet is not acknowledged any more.
    pub(super) fn forget(&mut self, facet: &FacetId) {
        self.0.remove(facet);
    }

    /// The receipts that a node has to give now, each with what it is for.
    pub(super) fn drafts(
        &mut self,
        node: NodeId,
        charter: &dyn Charter,
        now: WallTime,
        store: &dyn Store,
    ) -> Result<BTreeMap<FacetId, Draft>, ReplicaError> {
        let mut drafts = BTreeMap::new();
        for (arrived, _) in self.0.iter().filter(|(_, until)| now < **until) {
            let draft = draft(arrived, node, charter, now, store)?;
            drafts.extend(draft.map(|draft| (*arrived, draft)));
        }
        // What has been given, or is not for this node to give, is not looked at again.
        self.0.retain(|arrived, _| drafts.contains_key(arrived));
        Ok(drafts)
    }
}

fn draft(
    arrived: &FacetId,
    node: NodeId,
    charter: &dyn Charter,
    now: WallTime,
    store: &dyn Store,
) -> Result<Option<Draft>, ReplicaError> {
    let Some(receipt) = receipt_of(charter, arrived, node) else {
        return Ok(None);
    };
    let given = replica::facet_entry(store, &receipt)?.is_some();
    let held = replica::facet_entry(store, arrived)?.filter(|_| !given);
    Ok(held.and_then(|held| {
        let label = replica::label_of(arrived, &held);
        let declared = charter.kinds().facet(arrived.facet)?.1;
        Some(Draft {
            facet: receipt,
            grade: Some(grade_like(&label, &receipt, charter)?),
            fields: declared.receipts.as_ref()?.filled(arrived.record, now),
        })
    }))
}
