//! Answers to the requests of programs on this machine, one file for each kind of question.

mod choosing;
mod decisions;
mod due;
mod duplicates;
mod emergency;
mod finding;
mod heard;
mod importing;
mod inventory;
mod left_out;
mod measuring;
mod receipts;
mod records;
mod renumbered;
mod report;
mod snapshot;
mod status;
mod steps;
mod why;
mod writing;

use crdt_model::ids::{NodeId, RecordId};
use node_runtime::founding::charter_problem;
use policy::signing::bundle;

use crate::asked::protocol::{RefusedCommit, Reply, Request};
use crate::door::Answer;
use crdt_model::text;
use crdt_model::text::Problem;
use node_runtime::keeper::Keeper;
use node_runtime::mail::Mailbox;
use node_runtime::view::{Unanswered, View};
use node_transport::Stats;

/// What a node has only while it runs.
pub struct Running<'a> {
    /// What the transport counts.
    pub stats: &'a Stats,
    /// Where more work for the engine's thread is left.
    pub mailbox: &'a Mailbox,
}

/// Answers one request, now or when what it wants written is durable.
///
/// # Errors
/// Only if the store has failed; everything else is a reply.
pub fn answer(
    keeper: &mut Keeper,
    running: Option<&Running<'_>>,
    request: Request,
    answer: Answer,
) -> Result<(), Problem> {
    let runs = running.is_some();
    let reply = match request {
        Request::Status => Ok(Reply::Status(Box::new(status::status(
            keeper,
            running.map(|running| running.stats),
        )))),
        Request::WhyPeer { peer } => Ok(Reply::Why(why::peer(keeper, peer))),
        Request::WhyRecord { record, node } => why::record(keeper, record, node),
        Request::ReadModel { rebuild } => finding::read_model(keeper, runs, rebuild)?,
        Request::Inventory { after, own_only } => inventory::page(keeper, after, own_only),
        Request::Decisions { after } => Ok(decisions::page(keeper, after)),
        Request::Quarantine => Ok(quarantine(keeper)),
        Request::Checkpoint => Ok(checkpoint(keeper)),
        Request::Cut { lines_to } => Ok(cut(keeper, &lines_to)),
        Request::Add {
            record,
            home,
            facets,
        } => {
            return writing::add(keeper, record, home, facets, answer);
        }
        Request::Set {
            record,
            facets,
            role,
        } => return writing::set(keeper, record, facets, role, answer),
        Request::Import(wanted) => return importing::import(keeper, running, wanted, answer),
        Request::TakeSnapshot(wanted) => {
            return snapshot::take(keeper, running, wanted, answer);
        }
        Request::Offer { charter } => return offer(keeper, &charter.bytes, answer),
        Request::Emergency { declaration } => {
            return emergency::emergency(keeper, declaration.as_ref(), answer);
        }
        // Whoever drives the node stops it.
        Request::Stop => Ok(Reply::Done),
        question => return asks(keeper, runs, question, answer),
    };
    answer(reply.unwrap_or_else(Reply::Problem));
    Ok(())
}

/// Has a question answered from a view: on a thread of its own if the node runs, so that nobody waits
/// for it but who asked.
fn asks(keeper: &mut Keeper, runs: bool, question: Request, answer: Answer) -> Result<(), Problem> {
    if needs_limits(&question) {
        keeper.find_limits();
    }
    if needs_read_model(&question) {
        keeper.prepare_read_model(!runs)?;
    }
    let footing = keeper.footing();
    let ask = move || {
        let reply = footing.ask(|view| answered(view, &question));
        answer(reply.unwrap_or_else(Reply::Problem));
    };
    if !runs {
        ask();
    } else if let Err(error) = std::thread::Builder::new()
        .name("question".to_owned())
        .spawn(ask)
    {
        // Whoever asked is told that there was no answer.
        tracing::warn!(%error, "a question could not be answered");
    }
    Ok(())
}

/// Whether all time limits have to be known first.
pub(crate) fn needs_limits(request: &Request) -> bool {
    matches!(request, Request::Due(_) | Request::Report(_))
}

/// Whether the read model has to be brought up first.
fn needs_read_model(request: &Request) -> bool {
    matches!(
        request,
        Request::Receipts(_)
            | Request::Duplicates(_)
            | Request::Find(_)
            | Request::LeftOut(_)
            | Request::Search(_)
            | Request::Measure(_)
            | Request::Report(_)
    )
}

fn answered(view: &View<'_>, question: &Request) -> Result<Reply, Unanswered> {
    match question {
        Request::Show {
            record,
            role,
            reason,
        } => Ok(records::show(view, *record, *role, reason.as_deref())?),
        Request::List {
            kind,
            after,
            limit,
            role,
        } => Ok(records::list(view, *kind, *after, *limit, *role)?),
        Request::Locate { code } => Ok(records::locate(view, code)?),
        Request::Due(due) => due::list(view, due),
        Request::Receipts(wanted) => receipts::receipts(view, wanted),
        Request::Duplicates(wanted) => duplicates::propose(view, wanted),
        Request::Find(find) => finding::find(view, find),
        Request::LeftOut(wanted) => left_out::list(view, wanted),
        Request::Search(search) => finding::search(view, search),
        Request::Measure(wanted) => measuring::measure(view, wanted),
        Request::Report(report) => report::draw_up(view, report),
        Request::Snapshot(wanted) => Ok(snapshot::show(view, wanted)?),
        // [`answer`] answers these.
        Request::Status
        | Request::WhyPeer { .. }
        | Request::WhyRecord { .. }
        | Request::ReadModel { .. }
        | Request::Inventory { .. }
        | Request::Decisions { .. }
        | Request::Quarantine
        | Request::Checkpoint
        | Request::Cut { .. }
        | Request::Add { .. }
        | Request::Set { .. }
        | Request::Import(_)
        | Request::TakeSnapshot(_)
        | Request::Offer { .. }
        | Request::Emergency { .. }
        | Request::Stop => Err(not_a_question().into()),
    }
}

fn cut(keeper: &mut Keeper, lines_to: &[NodeId]) -> Reply {
    keeper.cut(lines_to);
    Reply::Done
}

fn offer(keeper: &mut Keeper, charter: &[u8], answer: Answer) -> Result<(), Problem> {
    match bundle::decode(charter) {
        Ok(files) => keeper.offer(&files, |adopted| {
            answer(match adopted {
                Ok(version) => Reply::Adopted { version },
                Err(problem) => Reply::Problem(problem),
            });
        }),
        Err(problem) => {
            answer(Reply::Problem(charter_problem(&problem)));
            Ok(())
        }
    }
}

fn checkpoint(keeper: &Keeper) -> Reply {
    Reply::Checkpoint {
        notes: keeper.engine.checkpoint_notes(),
        log: Box::new(keeper.engine.log_status()),
    }
}

fn quarantine(keeper: &Keeper) -> Reply {
    let refused = keeper.engine.quarantine().entries();
    let refused = refused.map(|entry| RefusedCommit {
        peer: entry.peer,
        commit: entry.hash,
        wall: entry.wall,
        code: entry.code.to_owned(),
        reason: entry.reason.clone(),
        kept: entry.encoded.is_some(),
    });
    Reply::Quarantine {
        refused: refused.collect(),
        counts: status::all_refused(keeper),
    }
}

/// Something was asked of a view that no view answers: a fault of this program.
fn not_a_question() -> Problem {
    Problem::new(
        "not-a-question",
        text!(
            "程序内部出错，没有作出回答",
            "there is a fault in this program, and no answer was made"
        ),
        text!(
            "请把日志交给技术员",
            "give the log to whoever looks after the node"
        ),
    )
}

/// The same whether the record does not exist or its facets may not be held here.
pub(crate) fn no_such_record(record: RecordId) -> Problem {
    Problem::new(
        "no-such-record",
        text!(
            "本节点没有记录 {record}",
            "this node has no record {record}"
        ),
        text!(
            "核对编号；用 mesh-node record list 查看本节点的记录",
            "check the id; mesh-node record list shows what this node has"
        ),
    )
}

/// The replica could not be read.
pub(crate) fn unreadable(error: &crdt_model::replica::ReplicaError) -> Problem {
    Problem::new(
        "replica-damaged",
        text!(
            "本节点的数据读不了（`{error}`）",
            "this node's data cannot be read: {error}"
        ),
        text!(
            "停止节点，执行 mesh-node store repair；并请检查磁盘",
            "stop the node and run mesh-node store repair; have the disk checked"
        ),
    )
}
