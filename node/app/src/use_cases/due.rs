//! `due`: which time limits run, and which are up?

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use crdt_model::kind::clocks::Standing;
use crdt_model::time::WallTime;
use node_runtime::view::{Unanswered, View};
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::line::PAGE_ENTRIES_MAX;
use crate::door::use_case::{Does, Source, UseCase};
use crate::due::{DueItem, running};
use crate::readable::reader;

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

impl UseCase for DueRequest {
    const NEEDS: Capability = Capability::Person;
    const NEEDS_LIMITS: bool = true;
    type Answer = DueList;

    fn begin(self) -> Does<DueList> {
        Does::question(Source::Replica, move |view, caller| {
            list(view, caller, &self)
        })
    }
}

fn list(view: &View<'_>, caller: &Caller, wanted: &DueRequest) -> Result<DueList, Unanswered> {
    let role = caller.role_in(&view.adopted)?;
    let now = view.now;
    let reads = reader(view, role);
    let (mut items, _) = running(view, wanted.home, now, &reads)?;
    let mut counts: BTreeMap<Standing, u64> = BTreeMap::new();
    for item in &items {
        *counts.entry(item.standing).or_default() += 1;
    }
    items.retain(|item| wanted.all || item.standing != Standing::Running);
    items.sort_by_key(|item| (item.standing, item.due, item.record));
    let limit = wanted.limit.clamp(1, PAGE_ENTRIES_MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    Ok(DueList {
        now,
        counts,
        items,
        more,
    })
}
