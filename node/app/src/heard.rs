//! How far the nodes were heard whose records are here.

use crdt_model::ids::{Name, NodeId};
use crdt_model::label::Label;
use crdt_model::text;
use crdt_model::text::Text;
use crdt_model::time::WallTime;
use node_machine::time::{shown, shown_length};
use node_runtime::view::{Unanswered, View};
use serde::{Deserialize, Serialize};

use crate::readable::reader;

/// Silent nodes that are named.
const SILENT_NAMED: usize = 12;
const HOUR_MS: u64 = 3_600_000;
/// Beats that may be missing before a node counts as silent.
const MISSED_MAX: u64 = 2;

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

/// Of a window that ended before `now`, whoever wrote a beat after it; of one that has not, whoever
/// wrote one of the latest. `None` if the charter has no beats.
pub(crate) fn heard(
    view: &View<'_>,
    role: Name,
    until: WallTime,
    now: WallTime,
) -> Result<Option<Heard>, Unanswered> {
    let charter = &view.charter;
    let mut facets = charter.kinds().iter().flat_map(|kind| &kind.facets);
    let Some((facet, hours)) = facets.find_map(|facet| Some((facet, facet.beat_hours?))) else {
        return Ok(None);
    };
    let missed_ms = u64::from(hours) * HOUR_MS * MISSED_MAX;
    let late = WallTime::from_ms(now.ms.saturating_sub(missed_ms));
    let from = if until <= now { until } else { late };
    let reads = reader(view, role);
    let (model, _) = view.read_model()?;
    let latest = model.heard(facet.name, now, &reads)?;
    let mut told = Heard {
        expected: 0,
        heard: 0,
        oldest: None,
        silent: Vec::new(),
    };
    for member in charter.roster().members() {
        let label = facet.default_grade().map(|grade| Label {
            facet: facet.name,
            home: member.node,
            addressee: member.node,
            grade,
        });
        if charter.roster().active(member.node).is_none() || !label.is_some_and(|one| reads(&one)) {
            continue;
        }
        told.expected += 1;
        match latest.get(&member.node) {
            Some(at) if *at >= from => {
                told.heard += 1;
                told.oldest = Some(told.oldest.map_or(*at, |oldest| oldest.min(*at)));
            }
            last => told.silent.push(Silent {
                node: member.node,
                name: member.name.clone(),
                last: last.copied(),
            }),
        }
    }
    Ok(Some(told))
}
