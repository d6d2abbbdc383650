//! Writing what somebody asked for, and what is answered then.

use crdt_model::code::RecordCode;
use crdt_model::draft::Draft;
use crdt_model::engine::WriteRefused;
use crdt_model::ids::{CommitHash, RecordId};
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::room::disk_full;
use node_runtime::keeper::Keeper;
use serde::{Deserialize, Serialize};

use crate::door::use_case::Respond;
use crate::reason::refusal_text;

/// What was written, once it is durable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Written {
    /// The record.
    pub record: RecordId,
    /// Its code.
    pub code: String,
    /// The commits; none where nothing changed.
    pub commits: Vec<CommitHash>,
}

/// Writes drafts of one record, all or none of them, and answers when they are durable or refused.
///
/// # Errors
/// The store has failed.
pub(crate) fn write(
    keeper: &mut Keeper,
    drafts: Result<Vec<Draft>, Problem>,
    respond: Respond<Written>,
) -> Result<(), Problem> {
    let drafts = match drafts {
        Ok(drafts) => drafts,
        Err(problem) => {
            respond(Err(problem));
            return Ok(());
        }
    };
    let Some(facet) = drafts.first().map(|draft| draft.facet) else {
        respond(Err(nothing_to_write()));
        return Ok(());
    };
    let charter = keeper.adopted.charter().clone();
    keeper.write(drafts, move |outcome| {
        respond(match outcome {
            Ok(commits) => Ok(Written {
                record: facet.record,
                code: RecordCode::of(facet.home, facet.record).to_string(),
                commits,
            }),
            Err(refused) => Err(refused_problem(&charter, &refused)),
        });
    })
}

/// Somebody asked for nothing to be written.
pub(crate) fn nothing_to_write() -> Problem {
    Problem::new(
        "nothing-to-write",
        text!("没有给出任何内容", "nothing was given to write"),
        text!("至少给出一个字段", "give at least one field"),
    )
}

/// A refused write, as people read it.
pub(crate) fn refused_problem(charter: &policy::CedarCharter, refused: &WriteRefused) -> Problem {
    if *refused == WriteRefused::Full {
        return disk_full();
    }
    let Text { zh, en } = refusal_text(charter, refused);
    let (code, next) = match refused {
        WriteRefused::Busy | WriteRefused::Full => {
            ("busy", text!("稍后重试", "try again in a moment"))
        }
        WriteRefused::Narrows { .. } => (
            "narrows",
            text!(
                "保持原级别。如级别填错，请重新登记一条并在办理经过中写明，原记录请联系技术员处理",
                "keep the grade; if it was set by mistake, register a new record, say so in it, and ask your technician about the old one"
            ),
        ),
        WriteRefused::Draft { .. } => (
            "refused",
            text!(
                "请按上面的提示改正后再保存；仍不行请联系技术员",
                "correct it as said above and save again; if that fails, ask your technician"
            ),
        ),
    };
    Problem::new(code, Text { zh, en }, next)
}
