//! Snapshots that are held here, as a person may read them.

use std::collections::BTreeMap;

use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Title;
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::text;
use crdt_model::text::Problem;
use jiff::civil::Date;
use node_machine::time::beijing_date;
use node_runtime::view::View;
use serde::{Deserialize, Serialize};

use super::fields::{NotASnapshot, read};
use super::{FIGURES, RECORDS, Snapshot, facet};
use crate::readable::may_read;
use crate::refusals::unreadable;
use crate::report::period::{Cadence, Period};

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

pub(crate) fn shown_with_titles(view: &View<'_>, snapshot: Snapshot) -> Shown {
    let (charter, kinds) = (view.adopted.charter(), view.charter.kinds());
    let taken = snapshot.figures.iter();
    let cells = taken.flat_map(|taken| taken.cells.iter().map(|cell| (taken.measure, &cell.cell)));
    let corrected = snapshot.corrected.iter();
    let cells = cells.chain(corrected.map(|one| (one.measure, &one.cell.cell)));
    let mut measures: BTreeMap<Name, Named> = BTreeMap::new();
    for (id, cell) in cells {
        let measure = charter.measures().iter().find(|one| one.id == id);
        let Some(measure) = measure else {
            continue;
        };
        let named = measures.entry(id).or_insert_with(|| Named {
            title: measure.title.clone(),
            cells: BTreeMap::new(),
        });
        let title = measure.word_for(kinds, cell);
        named.cells.extend(title.map(|title| (cell.clone(), title)));
    }
    Shown { snapshot, measures }
}

/// The period that is asked for: it must be over, or more would come into it.
pub(crate) fn period(
    view: &View<'_>,
    cadence: Cadence,
    ending: Option<Date>,
) -> Result<Period, Problem> {
    let now = view.now;
    let running = Period::with(cadence, beijing_date(now));
    let period = match ending {
        Some(day) => Period::with(cadence, day),
        None => running.before(),
    };
    match period.is_over(now) {
        true => Ok(period),
        false => Err(not_over(period)),
    }
}

pub(crate) fn readable(
    view: &View<'_>,
    node: NodeId,
    period: Period,
    role: Name,
) -> Result<(), Problem> {
    let facet = facet(FIGURES, node, period, role).ok_or_else(not_declared)?;
    let declared = view.charter.kinds().facet(facet.facet);
    let grade = declared.and_then(|(_, declared)| declared.default_grade());
    let label = facet.label(grade.ok_or_else(not_declared)?);
    match may_read(view, &label, role) {
        true => Ok(()),
        false => Err(not_for_role(role)),
    }
}

pub(crate) fn held(
    view: &View<'_>,
    node: NodeId,
    period: Period,
    role: Name,
) -> Result<Option<Snapshot>, Problem> {
    let document = |facet: Option<FacetId>| {
        let facet = facet.ok_or_else(not_declared)?;
        let document = replica::document(&view.store, &facet);
        let document = document.map_err(|error| unreadable(&error))?;
        Ok(Some(document).filter(|document| document.fields().next().is_some()))
    };
    let Some(figures) = document(facet(FIGURES, node, period, role))? else {
        return Ok(None);
    };
    let records = document(facet(RECORDS, node, period, role))?;
    let read = read(node, &figures, records.as_ref());
    read.map(Some).map_err(|why| not_read(&why))
}

fn not_over(period: Period) -> Problem {
    let title = period.title();
    let (zh, en) = (title.zh, title.en);
    Problem::new(
        "period-not-over",
        text!("{zh}尚未结束", "{en} is not over yet"),
        text!(
            "周期结束后才能定稿；还没结束的周期请看报表：mesh-node report",
            "settle it once it is over; mesh-node report shows a period that is still running"
        ),
    )
}

fn not_for_role(role: Name) -> Problem {
    Problem::new(
        "snapshot-not-for-role",
        text!(
            "岗位 `{role}` 无权查看定稿数据",
            "role `{role}` may not see settled figures"
        ),
        text!(
            "用 `--role` 指定可以查看的岗位，如 `leader`",
            "give --role with one that may, such as leader"
        ),
    )
}

pub(crate) fn not_declared() -> Problem {
    Problem::new(
        "snapshot-not-declared",
        text!(
            "现行章程没有规定定稿数据（`snapshot.figures`）",
            "the charter in force has no settled figures (snapshot.figures)"
        ),
        text!(
            "请审核人在章程中加入 kinds/snapshot.toml",
            "have reviewers add kinds/snapshot.toml to the charter"
        ),
    )
}

fn not_read(why: &NotASnapshot) -> Problem {
    Problem::new(
        "snapshot-unreadable",
        text!(
            "定稿数据读不了（`{why}`）",
            "the settled figures cannot be read: {why}"
        ),
        text!(
            "用 mesh-node record show 查看原始内容",
            "mesh-node record show shows what is there"
        ),
    )
}
