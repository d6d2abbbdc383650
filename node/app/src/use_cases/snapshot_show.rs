//! `snapshot show`: what did a snapshot say?

use crdt_model::ids::NodeId;
use crdt_model::text;
use crdt_model::text::Problem;
use jiff::civil::Date;
use node_runtime::view::View;
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::use_case::{Does, Source, UseCase};
use crate::report::period::{Cadence, Period};
use crate::snapshot::held::{Shown, held, period, readable, shown_with_titles};

/// Which snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShowSnapshotRequest {
    /// How long the period is.
    pub period: Cadence,
    /// A day in it, by the calendar of Beijing; of the latest period that is over if none is given.
    #[serde(default)]
    pub ending: Option<Date>,
    /// The node that took it; this one if none is given.
    #[serde(default)]
    pub node: Option<NodeId>,
}

impl UseCase for ShowSnapshotRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = Shown;

    fn begin(self) -> Does<Shown> {
        Does::question(Source::Replica, move |view, caller| {
            Ok(show(view, caller, &self)?)
        })
    }

    fn about(&self) -> String {
        let ending = self.ending.map(|day| day.to_string());
        format!("{} {}", self.period.word(), ending.unwrap_or_default())
    }
}

/// What a snapshot says that is held here.
fn show(view: &View<'_>, caller: &Caller, request: &ShowSnapshotRequest) -> Result<Shown, Problem> {
    let role = caller.role_in(&view.adopted)?;
    let period = period(view, request.period, request.ending)?;
    let node = request.node.unwrap_or(view.node);
    readable(view, node, period, role)?;
    match held(view, node, period, role)? {
        Some(snapshot) => Ok(shown_with_titles(view, snapshot)),
        None => Err(no_snapshot(node, period)),
    }
}

fn no_snapshot(node: NodeId, period: Period) -> Problem {
    let title = period.title();
    let (zh, en) = (title.zh, title.en);
    Problem::new(
        "no-such-snapshot",
        text!(
            "本节点没有 {node} {zh}的定稿数据",
            "this node has no settled figures of {en} by {node}"
        ),
        text!(
            "定稿用 mesh-node snapshot take",
            "mesh-node snapshot take settles them"
        ),
    )
}
