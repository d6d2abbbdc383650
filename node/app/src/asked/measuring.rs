//! The county's figures, as they are asked for and answered.

use crdt_model::ids::{CharterVersion, Name, NodeId};
use crdt_model::kind::Title;
use crdt_model::time::WallTime;
use serde::{Deserialize, Serialize};

use crdt_model::text;
use crdt_model::text::Text;
use node_machine::time::{shown, shown_length};
use node_readmodel::measure::Cell;

/// Silent nodes that are named.
const SILENT_NAMED: usize = 12;

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

impl Heard {
    /// How people read it.
    pub fn told(&self, as_of: WallTime) -> Text {
        let (of, expected) = (self.heard, self.expected);
        let age = |at: WallTime| shown_length(as_of.ms.saturating_sub(at.ms));
        let Text { zh, en } = match self.oldest.map(age) {
            Some(Text { zh, en }) => text!(
                "应汇集 {expected} 个节点，已汇集 {of} 个；联络间隔最长的一个在 {zh}前",
                "{of} of {expected} nodes heard; the longest silent one {en} ago"
            ),
            None => text!(
                "应汇集 {expected} 个节点，都还没有汇集",
                "none of {expected} nodes heard yet"
            ),
        };
        if self.silent.is_empty() {
            return Text { zh, en };
        }
        Text {
            zh: format!("{zh}；以下节点可能还有数据没传到：{}", self.named(true)),
            en: format!("{en}; more may come from {}", self.named(false)),
        }
    }

    fn named(&self, zh: bool) -> String {
        let one = |one: &Silent| match (one.last, zh) {
            (Some(last), true) => format!("{}（最后联络 {}）", one.name, shown(last)),
            (Some(last), false) => format!("{} (last heard {})", one.name, shown(last)),
            (None, true) => format!("{}（从未联络）", one.name),
            (None, false) => format!("{} (never heard)", one.name),
        };
        let all: Vec<String> = self.silent.iter().take(SILENT_NAMED).map(one).collect();
        let more = match (self.silent.len().saturating_sub(SILENT_NAMED), zh) {
            (0, _) => String::new(),
            (more, true) => format!("等，另有 {more} 个"),
            (more, false) => format!(" and {more} more"),
        };
        format!("{}{more}", all.join(if zh { "、" } else { ", " }))
    }
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
    /// Values that do not count, because two machines wrote as one node; `record left-out` lists them.
    #[serde(default)]
    pub not_counting: u64,
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
