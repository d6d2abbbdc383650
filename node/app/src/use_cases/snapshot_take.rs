//! `snapshot take`: the figures of a period as they stand, taken once, with what came in late for
//! earlier ones.

use std::collections::BTreeSet;

use crdt_model::draft::Draft;
use crdt_model::ids::{Name, NodeId};
use crdt_model::text;
use crdt_model::text::Problem;
use crdt_model::time::WallTime;
use jiff::civil::Date;
use node_machine::time::shown;
use node_readmodel::access::MayRead;
use node_runtime::keeper::Keeper;
use node_runtime::mail::Work;
use node_runtime::view::{Unanswered, View};
use policy::reading::measures::Measure;
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::node::on_a_thread;
use crate::door::use_case::{Does, Respond, UseCase};
use crate::heard::heard;
use crate::readable::reader;
use crate::report::period::{Cadence, Period};
use crate::snapshot::held::{Shown, held, not_declared, period, readable, shown_with_titles};
use crate::snapshot::{self, Changed, Known, Snapshot, Taken};
use crate::written::refused_problem;

/// Earlier periods whose figures are compared.
const EARLIER: usize = 12;

/// Which snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakeSnapshotRequest {
    /// How long the period is.
    pub period: Cadence,
    /// A day in it, by the calendar of Beijing; of the latest period that is over if none is given.
    #[serde(default)]
    pub ending: Option<Date>,
    /// This node, which alone can take one here; what programs of versions before say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
}

impl UseCase for TakeSnapshotRequest {
    const NEEDS: Capability = Capability::Person;
    const DEADLINE_S: Option<u64> = None;
    type Answer = Shown;

    /// The answer comes when it is durable or refused. It is counted on a thread of its own if the node
    /// runs, and then written.
    fn begin(self) -> Does<Shown> {
        Does::work(move |mut node, respond| {
            let footing = node.footing()?;
            let mailbox = node.running.as_ref().map(|running| running.mailbox.clone());
            let (caller, task) = (node.caller, node.task);
            let count = move || {
                footing.ask(task.called_off(), |view| {
                    let snapshot = taken(view, &caller, &self)?;
                    let drafts = snapshot::drafts(&snapshot).ok_or_else(not_declared)?;
                    Ok((shown_with_titles(view, snapshot), drafts))
                })
            };
            let Some(mailbox) = mailbox else {
                return write(node.keeper, count(), respond);
            };
            on_a_thread("snapshot", move || {
                let counted = count();
                mailbox.work_blocking(Work {
                    needs_limits: false,
                    run: Box::new(move |keeper, _| write(keeper, counted, respond)),
                });
            });
            Ok(())
        })
    }

    fn about(&self) -> String {
        let ending = self.ending.map(|day| day.to_string());
        format!("{} {}", self.period.word(), ending.unwrap_or_default())
    }
}

fn write(
    keeper: &mut Keeper,
    counted: Result<(Shown, Vec<Draft>), Problem>,
    respond: Respond<Shown>,
) -> Result<(), Problem> {
    let (shown, drafts) = match counted {
        Ok(counted) => counted,
        Err(problem) => {
            respond(Err(problem));
            return Ok(());
        }
    };
    let charter = keeper.adopted.charter().clone();
    keeper.write(drafts, move |outcome| {
        respond(match outcome {
            Ok(_) => Ok(shown),
            Err(refused) => Err(refused_problem(&charter, &refused)),
        });
    })
}

fn taken(
    view: &View<'_>,
    caller: &Caller,
    request: &TakeSnapshotRequest,
) -> Result<Snapshot, Unanswered> {
    let role = caller.role_in(&view.adopted)?;
    let period = period(view, request.period, request.ending)?;
    let node = view.node;
    readable(view, node, period, role)?;
    if let Some(there) = held(view, node, period, role)? {
        return Err(taken_already(&there).into());
    }
    let (_, catching_up) = view.read_model()?;
    if catching_up.is_some() {
        return Err(catching_up_now().into());
    }
    let now = view.now;
    let until = WallTime::from_ms(u64::try_from(period.until_ms()).unwrap_or(0));
    let heard = heard(view, role, until, now)?;
    let numbers = heard.map_or((0, 0), |heard| (heard.expected, heard.heard));
    let mut snapshot = Snapshot {
        node,
        period,
        role,
        taken: now,
        charter: view.adopted.version(),
        expected: numbers.0 as u64,
        heard: numbers.1 as u64,
        figures: Vec::new(),
        corrected: Vec::new(),
        counted: Vec::new(),
        late: Vec::new(),
        gone: Vec::new(),
    };
    let charter = view.adopted.charter();
    let reads = reader(view, role);
    for measure in charter.measures() {
        let (taken, codes) = count(view, measure, period, &reads)?;
        snapshot.figures.push(taken);
        if !codes.is_empty() {
            snapshot.counted.push(snapshot::Listed {
                first: period.first,
                measure: measure.id,
                codes,
            });
        }
    }
    let Changed {
        corrected,
        late,
        gone,
    } = changed(view, period, role, &reads)?;
    Ok(Snapshot {
        corrected,
        late,
        gone,
        ..snapshot
    })
}

/// One figure of a period as it is now, with the codes of the records that it counts.
fn count(
    view: &View<'_>,
    measure: &Measure,
    period: Period,
    may_read: MayRead<'_>,
) -> Result<(Taken, BTreeSet<String>), Unanswered> {
    let (model, _) = view.read_model()?;
    let (from, until) = (period.from_ms(), period.until_ms());
    let measured = model.measure(measure, from, until, may_read)?;
    let codes = model.counted(measure, from, until, may_read)?;
    let taken = Taken {
        measure: measure.id,
        definition: hex::encode(measure.definition()),
        cells: measured.cells,
    };
    Ok((taken, codes))
}

/// How earlier periods differ from what their snapshots, and the later ones, say of them. Only what
/// says which records it counts is compared: the others tell how things are now.
fn changed(
    view: &View<'_>,
    period: Period,
    role: Name,
    reads: MayRead<'_>,
) -> Result<Changed, Unanswered> {
    let mut snapshots = Vec::new();
    let mut earlier = period;
    for _ in 0..EARLIER {
        earlier = earlier.before();
        snapshots.extend(held(view, view.node, earlier, role)?);
    }
    let periods: Vec<Period> = snapshots.iter().rev().map(|one| one.period).collect();
    let known = Known::of(snapshots);
    let mut changed = Changed::default();
    let charter = view.adopted.charter();
    for period in periods {
        for measure in charter
            .measures()
            .iter()
            .filter(|one| one.records.is_some())
        {
            let definition = hex::encode(measure.definition());
            if known.has(period.first, measure.id, &definition) {
                let (now, codes) = count(view, measure, period, reads)?;
                known.compare(period.first, &now, &codes, &mut changed);
            }
        }
    }
    Ok(changed)
}

fn taken_already(there: &Snapshot) -> Problem {
    let (title, taken) = (there.period.title(), shown(there.taken));
    let (zh, en) = (title.zh, title.en);
    Problem::new(
        "snapshot-taken",
        text!(
            "{zh}的数据已于 {taken} 定稿，不能再改",
            "the figures of {en} were settled at {taken} and do not change"
        ),
        text!(
            "迟到的数据会列入下一周期的定稿数据；用 mesh-node snapshot show 查看",
            "what came in late will be listed in the next one; mesh-node snapshot show shows it"
        ),
    )
}

fn catching_up_now() -> Problem {
    Problem::new(
        "snapshot-too-early",
        text!(
            "查询库还没有更新完，现在定稿会漏数",
            "the read model is still catching up: figures would be too small"
        ),
        text!(
            "稍候再试；用 mesh-node readmodel status 查看进度",
            "try again later; mesh-node readmodel status says how far it is"
        ),
    )
}
