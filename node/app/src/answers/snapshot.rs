//! Snapshots: the figures of a period as they stand, taken once, with what came in late for earlier
//! ones.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::{Name, NodeId};
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::time::WallTime;
use policy::reading::measures::Measure;

use super::Running;
use super::finding::{may_read, reader};
use super::heard::heard;
use super::records::role_of;
use super::unreadable;
use super::writing::refused_problem;
use crate::asked::protocol::Reply;
use crate::asked::snapshotting::{Named, Shown, SnapshotRequest};
use crate::door::Answer;
use crate::report::period::Period;
use crate::snapshot::{self, Changed, FIGURES, Known, RECORDS, Snapshot, Taken, facet};
use crdt_model::draft::Draft;
use crdt_model::text;
use crdt_model::text::Problem;
use node_machine::time::{beijing_date, shown};
use node_readmodel::access::MayRead;
use node_runtime::keeper::Keeper;
use node_runtime::mail::Work;
use node_runtime::view::{Unanswered, View};

/// Earlier periods whose figures are compared.
const EARLIER: usize = 12;

/// Takes a snapshot; the answer comes when it is durable or refused. It is counted on a thread of its
/// own if the node runs, and then written.
pub(super) fn take(
    keeper: &mut Keeper,
    running: Option<&Running<'_>>,
    request: SnapshotRequest,
    answer: Answer,
) -> Result<(), Problem> {
    keeper.prepare_read_model(running.is_none())?;
    let footing = keeper.footing();
    let count = move || {
        footing.ask(|view| {
            let snapshot = taken(view, &request)?;
            let drafts = snapshot::drafts(&snapshot).ok_or_else(not_declared)?;
            Ok((shown_with_titles(view, snapshot), drafts))
        })
    };
    let Some(running) = running else {
        return write(keeper, count(), answer);
    };
    let mailbox = running.mailbox.clone();
    let count_and_write = move || {
        let counted = count();
        mailbox.work_blocking(Work {
            needs_limits: false,
            run: Box::new(move |keeper, _| write(keeper, counted, answer)),
        });
    };
    let thread = std::thread::Builder::new().name("snapshot".to_owned());
    if let Err(error) = thread.spawn(count_and_write) {
        // Whoever asked is told that there was no answer.
        tracing::warn!(%error, "a snapshot could not be taken");
    }
    Ok(())
}

fn write(
    keeper: &mut Keeper,
    counted: Result<(Shown, Vec<Draft>), Problem>,
    answer: Answer,
) -> Result<(), Problem> {
    let (shown, drafts) = match counted {
        Ok(counted) => counted,
        Err(problem) => {
            answer(Reply::Problem(problem));
            return Ok(());
        }
    };
    let charter = keeper.adopted.charter().clone();
    keeper.write(drafts, move |outcome| {
        answer(match outcome {
            Ok(_) => {
                tracing::info!("a person took a snapshot");
                Reply::Snapshot(Box::new(shown))
            }
            Err(refused) => Reply::Problem(refused_problem(&charter, &refused)),
        });
    })
}

/// What a snapshot says that is held here.
pub(super) fn show(view: &View<'_>, request: &SnapshotRequest) -> Result<Reply, Problem> {
    let role = role_of(&view.adopted, request.role)?;
    let period = period(view, request)?;
    let node = request.node.unwrap_or(view.node);
    readable(view, node, period, role)?;
    match held(view, node, period, role)? {
        Some(snapshot) => Ok(Reply::Snapshot(Box::new(shown_with_titles(view, snapshot)))),
        None => Err(no_snapshot(node, period)),
    }
}

fn shown_with_titles(view: &View<'_>, snapshot: Snapshot) -> Shown {
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
fn period(view: &View<'_>, request: &SnapshotRequest) -> Result<Period, Problem> {
    let now = view.now;
    let running = Period::with(request.period, beijing_date(now));
    let period = match request.ending {
        Some(day) => Period::with(request.period, day),
        None => running.before(),
    };
    match period.is_over(now) {
        true => Ok(period),
        false => Err(not_over(period)),
    }
}

fn readable(view: &View<'_>, node: NodeId, period: Period, role: Name) -> Result<(), Problem> {
    let facet = facet(FIGURES, node, period, role).ok_or_else(not_declared)?;
    let declared = view.charter.kinds().facet(facet.facet);
    let grade = declared.and_then(|(_, declared)| declared.default_grade());
    let label = facet.label(grade.ok_or_else(not_declared)?);
    match may_read(view, &label, role) {
        true => Ok(()),
        false => Err(not_for_role(role)),
    }
}

fn held(
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
    let read = snapshot::read(node, &figures, records.as_ref());
    read.map(Some).map_err(|why| not_read(&why))
}

fn taken(view: &View<'_>, request: &SnapshotRequest) -> Result<Snapshot, Unanswered> {
    let role = role_of(&view.adopted, request.role)?;
    let period = period(view, request)?;
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

fn not_declared() -> Problem {
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

fn not_read(why: &snapshot::NotASnapshot) -> Problem {
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
