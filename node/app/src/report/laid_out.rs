//! What a report is: sections of tables and charts.

use crdt_model::ids::{CharterVersion, Name, NodeId};
use crdt_model::text;
use crdt_model::text::{Language, Text};
use crdt_model::time::WallTime;
use node_machine::time::{shown, shown_length};
use node_readmodel::Progress;
use serde::{Deserialize, Serialize};

use super::period::Period;
use crate::heard::Heard;

/// The review of one period at one node, as one role may read it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The node.
    pub node: NodeId,
    /// What people call it.
    pub name: String,
    /// The period.
    pub period: Period,
    /// The moment that it describes.
    pub as_of: WallTime,
    /// Whether the period was over by then.
    pub over: bool,
    /// The charter in force.
    pub charter: CharterVersion,
    /// The role.
    pub role: Name,
    /// What people call it.
    pub role_title: Text,
    /// How far the read model has caught up, if it has not: numbers are too small then.
    pub catching_up: Option<Progress>,
    /// How far nodes were heard; none if the charter has no beats.
    pub heard: Option<Heard>,
    /// Whether the node has facets that this role may not read.
    pub withheld: bool,
    /// The sections; one that the role may read nothing of is not there.
    pub sections: Vec<Section>,
}

/// A part of a report.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Section {
    /// A stable word for it.
    pub id: String,
    /// What people call it.
    pub title: Text,
    /// Whether there is more of it that this role may not read.
    pub withheld: bool,
    /// How its numbers are to be read.
    pub notes: Vec<Text>,
    /// Its charts.
    pub charts: Vec<Chart>,
    /// Its tables.
    pub tables: Vec<Table>,
}

/// Bars over the parts of the period.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chart {
    /// What it shows.
    pub title: Text,
    /// The first day of each part, such as `11-03`, and its number.
    pub bars: Vec<(String, u64)>,
}

/// A table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: Text,
    /// What its columns are called.
    pub columns: Vec<Text>,
    /// Its rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// Whether the last row is the sum.
    pub total: bool,
}

impl Table {
    /// For rows that make no common number.
    pub(super) fn without_total(mut self) -> Self {
        if self.total {
            self.rows.pop();
            self.total = false;
        }
        self
    }
}

/// What stands in one place of a table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// Nothing.
    None,
    /// A number so small that somebody might be recognised: it is not told.
    Hidden,
    /// Words in both languages.
    Words(Text),
    /// The code of a node or record, or a proper name: the same in both languages.
    Code(String),
    /// A number.
    Number(u64),
    /// A moment.
    Time(WallTime),
    /// A length of time, in milliseconds.
    Length(u64),
}

impl Report {
    /// What the report does not know.
    pub fn unknown(&self) -> Vec<Text> {
        let mut notes = vec![text!(
            "只统计本节点已收到的记录，其他节点尚未传到的不计在内",
            "only what has arrived at this node is counted; what others have not sent yet is not"
        )];
        notes.extend(self.heard.iter().map(|heard| heard.told(self.as_of)));
        if self.withheld {
            notes.push(text!(
                "部分记录本岗位无权查看，没有列出，也没有计入",
                "some records are not for this role; they are neither shown nor counted"
            ));
        }
        if let Some(Progress { done, all }) = self.catching_up {
            notes.push(text!(
                "查询库正在更新（{done}/{all}），数字可能偏小",
                "the read model is catching up ({done} of {all}); numbers may be too small"
            ));
        }
        notes
    }
}

impl Section {
    /// Says so where numbers are not told.
    pub(super) fn say_what_is_hidden(&mut self) {
        let cells = self
            .tables
            .iter()
            .flat_map(|table| table.rows.iter().flatten());
        if cells.into_iter().any(|cell| *cell == Cell::Hidden) {
            self.notes.push(text!(
                "数量过少、可能认出具体的人的，不显示",
                "numbers so small that a person might be recognised are not shown"
            ));
        }
    }
}

impl Cell {
    /// Whether it stands where numbers stand.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Hidden)
    }

    /// How people read it.
    pub(super) fn shown(&self, language: Language) -> String {
        match self {
            Self::None => String::new(),
            Self::Hidden => "—".to_owned(),
            Self::Words(text) => text.in_language(language).to_owned(),
            Self::Code(code) => code.clone(),
            Self::Number(number) => number.to_string(),
            Self::Time(moment) => shown(*moment),
            Self::Length(ms) => shown_length(*ms).in_language(language).to_owned(),
        }
    }
}
