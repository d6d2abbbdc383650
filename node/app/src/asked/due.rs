//! What is due, as a node answers it.

use std::collections::BTreeMap;

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::Title;
use crdt_model::kind::clocks::{Basis, Standing};
use crdt_model::time::WallTime;
use serde::{Deserialize, Serialize};

/// Which time limits are asked for.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DueRequest {
    /// Only on records of this node.
    #[serde(default)]
    pub home: Option<NodeId>,
    /// Also those with time left.
    #[serde(default)]
    pub all: bool,
    /// At most this many, and never more than a page has.
    pub limit: usize,
    /// As a person in this role may read what they run on.
    #[serde(default)]
    pub role: Option<Name>,
}

/// The time limits that run at a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DueList {
    /// The time that they are held against: this node's, not behind what townships have confirmed.
    pub now: WallTime,
    /// How many stand how, of all that were asked for.
    pub counts: BTreeMap<Standing, u64>,
    /// The most pressing first.
    pub items: Vec<DueItem>,
    /// Whether there are more.
    pub more: bool,
}

/// One time limit that runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DueItem {
    /// The record.
    pub record: RecordId,
    /// Its code.
    pub code: String,
    /// The facet that says the step.
    pub facet: Name,
    /// The record's home.
    pub home: NodeId,
    /// The clock.
    pub clock: Name,
    /// What people call it.
    pub title: Title,
    /// The word that the record is at.
    pub at: Title,
    /// How it stands.
    pub standing: Standing,
    /// Since when it runs; none where no clock that it began by had been set.
    pub since: Option<WallTime>,
    /// Until when.
    pub due: Option<WallTime>,
    /// Whose clock that is.
    pub basis: Basis,
    /// Who took the step that it began with.
    pub author: NodeId,
    /// Whether the calendar knows the holidays up to the end.
    pub calendar_known: bool,
    /// Whether the record is at one word only.
    pub settled: bool,
    /// The step that follows by itself.
    pub then: Option<Title>,
    /// The node that takes it.
    pub taker: Option<NodeId>,
    /// The letter that follows when it is up.
    pub letter: Option<DueLetter>,
}

/// A letter that follows when time is up.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DueLetter {
    /// Which.
    pub title: Title,
    /// Who sends it by itself and to whom; none where it is proposed, for a person to send.
    pub sending: Option<Sending>,
    /// The code of the letter, if it was sent and may be read here.
    pub sent: Option<String>,
}

/// Between whom a letter goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sending {
    /// Who sends it.
    pub from: NodeId,
    /// Whom it is meant for.
    pub to: NodeId,
}
