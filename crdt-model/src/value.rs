//! Values and operations on fields.

use serde::{Deserialize, Serialize};

use crate::ids::{ActorId, Name};

/// The value of one field. A document is a flat map of these; there are no nested maps, lists or
/// text objects.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Boolean(bool),
    /// A whole number; for `time` fields, milliseconds since 1970-01-01T00:00:00Z.
    Integer(i64),
    /// UTF-8 text, a vocabulary's word, a node's code or a record's id.
    Text(String),
}

impl Value {
    /// A vocabulary's word, if it is a text that can be one.
    pub fn word(&self) -> Option<Name> {
        match self {
            Self::Text(word) => word.parse().ok(),
            Self::Boolean(_) | Self::Integer(_) => None,
        }
    }
}

/// One operation's name: its counter and the actor that made it. Overwriting an operation means
/// naming it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OperationId {
    /// Lamport counter within the facet.
    pub counter: u64,
    /// Who made it.
    pub actor: ActorId,
}

/// Put or delete one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// The field's key: its name, or `name/<id>` for a field that grows.
    pub key: String,
    /// The new value; `None` deletes.
    pub value: Option<Value>,
    /// The operations on the same key that this one has seen and replaces, sorted.
    pub overwrites: Vec<OperationId>,
}
