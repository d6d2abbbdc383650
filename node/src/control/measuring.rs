//! The county's figures, as they are asked for and answered.

use crdt_model::ids::{CharterVersion, Name, NodeId};
use crdt_model::kind::Title;
use crdt_model::time::WallTime;
use serde::{Deserialize, Serialize};

use crate::readmodel::measure::Cell;

/// Which figures are asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureRequest {
    /// These; all if none is named.
    #[serde(default)]
    pub measures: Vec<Name>,
    /// The first moment of the window.
    pub from: WallTime,
    /// The first after it.
    pub until: WallTime,
    /// Of what a person in this role may read.
    #[serde(default)]
    pub role: Option<Name>,
}

/// What figures came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// When they were taken, by this node's clock.
    pub as_of: WallTime,
    /// The window.
    pub from: WallTime,
    /// The first moment after it.
    pub until: WallTime,
    /// The charter whose definitions they follow.
    pub charter: CharterVersion,
    /// Whether the read model has not caught up yet, so that something may be missing.
    pub catching_up: bool,
    /// How far nodes were heard; none if the charter has no beats.
    pub heard: Option<Heard>,
    /// In the charter's order.
    pub figures: Vec<Figure>,
}

/// How far the nodes were heard whose records are counted: whoever is not heard may have more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Heard {
    /// How many nodes there are.
    pub expected: usize,
    /// Of how many there is a beat from after the window's end or, if it has not ended, a late one.
    pub heard: usize,
    /// The earliest of the latest beats of those.
    pub oldest: Option<WallTime>,
    /// The others.
    pub silent: Vec<Silent>,
}

/// A node that was not heard of long enough.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Silent {
    /// The node.
    pub node: NodeId,
    /// What people call it.
    pub name: String,
    /// Its latest beat here, if there is any.
    pub last: Option<WallTime>,
}

/// One of them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// The measure.
    pub id: Name,
    /// What people call it.
    pub title: Title,
    /// What is counted.
    pub numerator: Title,
    /// Of what, if it is a share.
    pub denominator: Option<Title>,
    /// What the cells are.
    pub cells_are: Option<Title>,
    /// What the county publishes.
    pub published: Option<Title>,
    /// Stands for the definition: equal ones are comparable.
    pub definition: String,
    /// The numbers.
    pub cells: Vec<FigureCell>,
    /// Whether rows were left out that this role may not read.
    pub left_out: bool,
}

/// One number.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FigureCell {
    /// What people call it, if the charter has a word for it.
    pub title: Option<Title>,
    /// The number.
    #[serde(flatten)]
    pub cell: Cell,
}
