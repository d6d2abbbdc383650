//! The review of a period at one node: what came in, where it stands, what is due. Everything in it
//! is a number or a code that the role may read; no person and no text that somebody wrote.
//!
//! `gather` asks the read model and gives a [`Report`]; [`html`] and [`xlsx`] lay the same tables out
//! as a page and as a workbook, in either language.
//!
//! * [`period`]: days, weeks, months and quarters.
//! * `counting`: one table from a facet, its axis and its columns.
//! * `came_in`, `disputes`, `limits`, `notices`, `devices`, `cooperation`, `measures`: the sections.
//! * `chart`: bars as SVG.

mod came_in;
mod chart;
mod cooperation;
mod counting;
mod devices;
mod disputes;
pub mod html;
mod limits;
mod measures;
mod notices;
pub mod period;
pub mod xlsx;

use crdt_model::charter::{Roster, Tier};
use crdt_model::ids::{CharterVersion, Name, NodeId};
use crdt_model::kind::{Kinds, Title};
use crdt_model::time::WallTime;
use policy::reading::measures::Measure;
use serde::{Deserialize, Serialize};

use crate::asked::due::DueItem;
use crate::asked::measuring::Heard;
pub(crate) use counting::named;
use crdt_model::text;
use crdt_model::text::Text;
use node_readmodel::access::MayRead;
use node_readmodel::{Progress, ReadModelError, Tables};
use period::Period;

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
    fn without_total(mut self) -> Self {
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

/// What a report is made from.
pub struct Ground<'a> {
    /// The tables.
    pub model: &'a Tables,
    /// How far they have caught up.
    pub catching_up: Option<Progress>,
    /// What the role may read.
    pub may_read: MayRead<'a>,
    /// The kinds of the charter in force.
    pub kinds: &'a Kinds,
    /// Its handling levels, from the lowest.
    pub levels: &'a [(Name, Title)],
    /// Its measures.
    pub measures: &'a [Measure],
    /// Its members.
    pub roster: &'a Roster,
    /// Its version.
    pub charter: CharterVersion,
    /// The node.
    pub node: NodeId,
    /// The role, and what people call it.
    pub role: (Name, Text),
    /// The time limits that run and that the role may read.
    pub limits: &'a [DueItem],
    /// Whether there are more of them.
    pub limits_withheld: bool,
    /// How far nodes were heard.
    pub heard: Option<Heard>,
    /// The period.
    pub period: Period,
    /// The present moment.
    pub now: WallTime,
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
    fn say_what_is_hidden(&mut self) {
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

impl Ground<'_> {
    /// Below which number what is counted by a field is not told: as the charter's measures have it.
    fn small(&self, facet: Name, field: Name) -> i64 {
        let same = self.measures.iter();
        let same = same.filter(|measure| measure.counts_by(facet, field));
        same.map(|measure| i64::from(measure.small))
            .max()
            .unwrap_or(0)
    }

    fn tier(&self) -> Tier {
        let member = self.roster.member(self.node);
        member.map_or(Tier::Village, |member| member.tier)
    }

    fn name(&self, node: NodeId) -> String {
        let member = self.roster.member(node);
        member.map_or_else(String::new, |member| member.name.clone())
    }
}

/// Draws up the report.
pub fn gather(ground: &Ground<'_>) -> Result<Report, ReadModelError> {
    let made = [
        came_in::section(ground)?,
        disputes::section(ground)?,
        limits::section(ground)?,
        notices::section(ground)?,
        devices::section(ground)?,
        cooperation::section(ground)?,
        measures::section(ground)?,
    ];
    let mut withheld = ground.limits_withheld;
    for kind in ground.kinds.iter() {
        for facet in &kind.facets {
            withheld |= ground.model.sight(facet.name, ground.may_read)?.withheld;
        }
    }
    let mut sections: Vec<Section> = made.into_iter().flatten().collect();
    sections.iter_mut().for_each(Section::say_what_is_hidden);
    Ok(Report {
        node: ground.node,
        name: ground.name(ground.node),
        period: ground.period,
        as_of: ground.now,
        over: ground.period.is_over(ground.now),
        charter: ground.charter,
        role: ground.role.0,
        role_title: ground.role.1.clone(),
        catching_up: ground.catching_up,
        heard: ground.heard.clone(),
        withheld,
        sections,
    })
}
