//! Snapshots: the figures of a period as they stood when a leader took them. A snapshot is a record that
//! the node signs and nobody changes; what comes in later is listed in the next one, and corrects
//! there what the earlier one says.
//!
//! * [`Snapshot`]: what one says. `known`: what several say of one period together.
//! * `fields`: how it stands in the facets `snapshot.figures` and `snapshot.records`.

mod fields;
pub mod held;
mod known;

use std::collections::BTreeSet;

use crdt_model::ids::{CharterVersion, Name, NodeId, RecordId};
use crdt_model::label::FacetId;
use crdt_model::time::WallTime;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::report::period::Period;
use node_readmodel::measure::Cell;

pub use fields::{NotASnapshot, drafts, read};
pub use known::{Changed, Known};

/// The facet with the figures.
pub const FIGURES: &str = "snapshot.figures";
/// The facet that says which records were counted.
pub const RECORDS: &str = "snapshot.records";

/// What a snapshot says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// The node that took it.
    pub node: NodeId,
    /// The period.
    pub period: Period,
    /// As a person in this role could read.
    pub role: Name,
    /// When it was taken, by that node's clock.
    pub taken: WallTime,
    /// The charter in force.
    pub charter: CharterVersion,
    /// How many nodes were to be heard.
    pub expected: u64,
    /// How many were.
    pub heard: u64,
    /// The figures, in the charter's order.
    pub figures: Vec<Taken>,
    /// Figures of earlier periods that are others now.
    pub corrected: Vec<Corrected>,
    /// Which records were counted. Only the node itself has it, as the next two.
    pub counted: Vec<Listed>,
    /// Records of earlier periods that came in late.
    pub late: Vec<Listed>,
    /// Records that earlier periods counted and that are counted there no more.
    pub gone: Vec<Listed>,
}

/// One figure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Taken {
    /// The measure.
    pub measure: Name,
    /// Stands for its definition.
    pub definition: String,
    /// Its numbers.
    pub cells: Vec<Cell>,
}

/// One number of an earlier period.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Corrected {
    /// The first day of that period.
    pub first: Date,
    /// The measure.
    pub measure: Name,
    /// The number now.
    pub cell: Cell,
}

/// Records of one period that one measure counts, by their codes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Listed {
    /// The first day of the period.
    pub first: Date,
    /// The measure.
    pub measure: Name,
    /// The codes.
    pub codes: BTreeSet<String>,
}

/// A facet of the snapshot of a period at a node for a role: where it stands follows from those, so
/// that nobody takes two.
pub fn facet(name: &str, node: NodeId, period: Period, role: Name) -> Option<FacetId> {
    let (cadence, first) = (period.cadence.word(), period.first);
    let of = format!("countymesh snapshot 1\n{node}\n{cadence}\n{first}\n{role}\n");
    Some(FacetId {
        record: RecordId::of_digest(of.as_bytes()),
        facet: name.parse().ok()?,
        home: node,
        addressee: node,
    })
}

#[cfg(test)]
mod tests;
