//! Who has what was meant for many, as a node answers it.

use crdt_model::ids::{Name, NodeId, RecordId};
use serde::{Deserialize, Serialize};

/// Of which record, and who asks.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptsRequest {
    /// The record.
    pub record: RecordId,
    /// As a person in this role may read receipts.
    #[serde(default)]
    pub role: Option<Name>,
}

/// Who has it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Receipts {
    /// The record's code.
    pub code: String,
    /// The nodes that it is meant for, as far as this node hears of them, by their codes.
    pub nodes: Vec<ReceiptLine>,
    /// Whether the read model is still catching up.
    pub catching_up: bool,
}

/// How it stands at one node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// The node.
    pub node: NodeId,
    /// What people call it.
    pub name: String,
    /// How far it has got there.
    pub has: Has,
    /// How many of its devices showed it, of how many; none where it did not say.
    pub shown: Option<(i64, i64)>,
}

/// How far something has got at a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Has {
    /// Nothing has been heard.
    Nothing,
    /// The node has it.
    Received,
    /// A person there has confirmed it.
    Confirmed,
}
