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
use node_transport::Stats;

/// Answers one request, now or when what it wants written is durable. `stats` are the transport's,
/// if the node runs.
///
/// # Errors
/// Only if the store has failed; everything else is a reply.
pub fn answer(
    keeper: &mut Keeper,
    stats: Option<&Stats>,
    request: Request,
    answer: Answer,
) -> Result<(), Problem> {
    let reply = match request {
        Request::Status => Ok(Reply::Status(Box::new(status::status(keeper, stats)))),
        Request::WhyPeer { peer } => Ok(Reply::Why(why::peer(keeper, peer))),
        Request::WhyRecord { record, node } => why::record(keeper, record, node),
        Request::Show {
            record,
            role,
            reason,
        } => records::show(keeper, record, role, reason),
        Request::List {
            kind,
            after,
            limit,
            role,
        } => records::list(keeper, kind, after, limit, role),
        Request::Due(due) => due::list(keeper, &due),
        Request::Receipts(wanted) => receipts::receipts(keeper, stats.is_some(), &wanted)?,
        Request::Duplicates(wanted) => duplicates::propose(keeper, stats.is_some(), &wanted)?,
        Request::Locate { code } => records::locate(keeper, &code),
        Request::Find(find) => finding::find(keeper, stats.is_some(), &find)?,
        Request::LeftOut(wanted) => left_out::list(keeper, stats.is_some(), &wanted)?,
        Request::Search(search) => finding::search(keeper, stats.is_some(), &search)?,
        Request::Measure(wanted) => measuring::measure(keeper, stats.is_some(), &wanted)?,
        Request::Report(report) => report::draw_up(keeper, stats.is_some(), &report)?,
        Request::Snapshot(wanted) => snapshot::show(keeper, &wanted),
        Request::TakeSnapshot(wanted) => {
            return snapshot::take(keeper, stats.is_some(), &wanted, answer);
        }
        Request::ReadModel { rebuild } => finding::read_model(keeper, stats.is_some(), rebuild)?,
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
        Request::Import(wanted) => return importing::import(keeper, &wanted, answer),
        Request::Offer { charter } => return offer(keeper, &charter.bytes, answer),
        Request::Emergency { declaration } => {
            return emergency::emergency(keeper, declaration.as_ref(), answer);
        }
        // Whoever drives the node stops it.
        Request::Stop => Ok(Reply::Done),
    };
    answer(reply.unwrap_or_else(Reply::Problem));
    Ok(())
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

/// The same whether the record does not exist or its facets may not be held here.
pub(crate) fn no_such_record(record: RecordId) -> Problem {
    Problem::new(
        "no-such-record",
        text!("本机没有记录 {record}", "this node has no record {record}"),
        text!(
            "核对编号；用 mesh-node record list 查看本机记录",
            "check the id; mesh-node record list shows what this node has"
        ),
    )
}

/// The replica could not be read.
pub(crate) fn unreadable(error: &crdt_model::replica::ReplicaError) -> Problem {
    Problem::new(
        "replica-damaged",
        text!(
            "本机副本无法读取：{error}",
            "this node's replica cannot be read: {error}"
        ),
        text!(
            "停止节点，执行 mesh-node store repair；并请检查磁盘",
            "stop the node and run mesh-node store repair; have the disk checked"
        ),
    )
}
