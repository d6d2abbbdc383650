//! Snapshots of periods, as they are asked for and answered.

use std::collections::BTreeMap;

use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Title;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::report::Cadence;
use crate::snapshot::Snapshot;

/// Which snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotRequest {
    /// How long the period is.
    pub period: Cadence,
    /// A day in it, by the calendar of Beijing; of the latest period that is over if none is given.
    #[serde(default)]
    pub ending: Option<Date>,
    /// As a person in this role may read; the first that the charter lists if none is given.
    #[serde(default)]
    pub role: Option<Name>,
    /// The node that took it; this one if none is given.
    #[serde(default)]
    pub node: Option<NodeId>,
}

/// A snapshot, with what people call what is in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shown {
    /// What it says.
    pub snapshot: Snapshot,
    /// What people call its measures, by the charter in force.
    pub measures: BTreeMap<Name, Named>,
}

/// What people call a measure and its cells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Named {
    /// The measure.
    pub title: Title,
    /// Its cells, as far as the charter has words for them.
    pub cells: BTreeMap<String, Title>,
}
