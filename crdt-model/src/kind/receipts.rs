//! Receipts: what a node writes down by itself when something meant for it has arrived, and by what
//! whoever wrote that counts who has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::draft::Fields;
use crate::ids::{Name, RecordId};
use crate::kind::clocks::Condition;
use crate::time::WallTime;
use crate::value::Value;

/// How the arrival of a facet is acknowledged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipts {
    /// The facet that a receipt is.
    pub by: Name,
    /// Its field, of type `record`, that says what has arrived.
    pub refers: Name,
    /// Its field, of type `time`, that says when.
    pub time: Name,
    /// What else a receipt says that no person has looked at.
    pub says: BTreeMap<Name, String>,
    /// What must be said in what arrives.
    pub only: Condition,
    /// The field, of type `time`, of what arrives: after that nobody acknowledges it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Name>,
    /// The receipt's fields, of type `integer`, for how many of a node's devices showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// Of how many devices how many showed something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// How many did.
    pub value: Name,
    /// How many there are.
    pub of: Name,
}

impl Receipts {
    /// The fields of a receipt.
    pub fn filled(&self, arrived: RecordId, now: WallTime) -> Fields {
        let key = |field: Name| field.as_str().to_owned();
        let time = Value::Integer(i64::try_from(now.ms).unwrap_or(i64::MAX));
        let said = self.says.iter();
        let said = said.map(|(field, text)| (key(*field), Value::Text(text.clone())));
        let filled = [
            (key(self.refers), Value::Text(arrived.to_string())),
            (key(self.time), time),
        ];
        let all = said.chain(filled).map(|(key, value)| (key, Some(value)));
        all.collect()
    }

    /// Until when this is acknowledged, if it is at all.
    pub fn wanted(&self, document: &Document) -> Option<WallTime> {
        let until = self
            .until
            .and_then(|until| document.settled(until.as_str()));
        let until = match until {
            Some(Value::Integer(ms)) => u64::try_from(*ms).unwrap_or(0),
            _ => u64::MAX,
        };
        self.only.holds(document).then(|| WallTime::from_ms(until))
    }
}
