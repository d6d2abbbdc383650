//! Grid reports that may be one, as a node answers it.

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::Title;
use serde::{Deserialize, Serialize};

/// Which reports are held against each other.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicatesRequest {
    /// Those sent within so many days.
    pub days: u16,
    /// As far as a person in this role may read them.
    #[serde(default)]
    pub role: Option<Name>,
}

/// Reports that may be one. Only proposed: nothing is merged by itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Duplicates {
    /// How many reports were looked at.
    pub looked_at: u64,
    /// Whether there are older ones that were not.
    pub more: bool,
    /// Pairs, the likest first.
    pub pairs: Vec<Pair>,
    /// Whether the read model is still catching up.
    pub catching_up: bool,
}

/// Two reports of one home and category whose words are alike.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Pair {
    /// The node that they belong to.
    pub home: NodeId,
    /// What people call their category.
    pub category: Title,
    /// The earlier one.
    pub first: Sent,
    /// The later one.
    pub second: Sent,
    /// How alike their words are, in percent.
    pub alike_percent: u8,
}

/// One report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// The record.
    pub record: RecordId,
    /// Its code.
    pub code: String,
    /// When it was sent, in milliseconds since 1970-01-01T00:00:00Z.
    pub sent_ms: i64,
}
