//! Beats: every so often a node writes down that it is there, in a record of its own. Whoever has the
//! latest one of a node has heard of it so far, however quiet it is otherwise. A beat says nothing but
//! when; it comes by the clock and not by what the node has to tell, so that no silence tells anything.

use crate::draft::Draft;
use crate::ids::{Name, NodeId, RecordId};
use crate::kind::{Facet, Kinds};
use crate::label::FacetId;
use crate::time::WallTime;
use crate::value::Value;

/// Beats that stand in one record.
const IN_ONE_RECORD: u64 = 32;
const HOUR_MS: u64 = 3_600_000;

/// A beat that a node has to write, unless it is there already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beat {
    /// Where it stands.
    pub facet: FacetId,
    /// The key that it has there.
    pub key: String,
}

impl Beat {
    /// What is to be written.
    pub fn draft(&self, now: WallTime) -> Draft {
        let value = Value::Integer(i64::try_from(now.ms).unwrap_or(i64::MAX));
        Draft {
            facet: self.facet,
            grade: None,
            fields: [(self.key.clone(), Some(value))].into(),
        }
    }
}

/// The beats that a node has to have written by now, one for each facet that asks for them.
pub fn due(node: NodeId, kinds: &Kinds, now: WallTime) -> Vec<Beat> {
    let facets = kinds.iter().flat_map(|kind| &kind.facets);
    let beat = |facet: &Facet| {
        let hours = u64::from(facet.beat_hours?).max(1);
        let field = facet.fields.iter().find(|field| field.grows)?;
        let slot = now.ms / (hours * HOUR_MS);
        Some(Beat {
            facet: FacetId {
                record: record(facet.name, node, slot / IN_ONE_RECORD),
                facet: facet.name,
                home: node,
                addressee: node,
            },
            key: format!("{}/{slot}", field.name),
        })
    };
    facets.filter_map(beat).collect()
}

/// The same at every start of a node, so that it goes on where it was.
fn record(facet: Name, node: NodeId, number: u64) -> RecordId {
    RecordId::of_digest(format!("countymesh beat 1\n{facet}\n{node}\n{number}\n").as_bytes())
}
