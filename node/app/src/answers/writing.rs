//! Writing records.

use crdt_model::code::RecordCode;
use crdt_model::draft::Draft;
use crdt_model::engine::WriteRefused;
use crdt_model::ids::{CommitHash, Name, NodeId, RecordId};
use crdt_model::label::FacetId;

use super::records::role_of;
use crate::asked::protocol::{ChangedFacet, NewFacet, Reply};
use crate::door::Answer;
use crate::reason::refusal_text;
use crate::{addressing, drafts};
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::room::disk_full;
use node_runtime::keeper::Keeper;

pub(super) fn add(
    keeper: &mut Keeper,
    record: Option<RecordId>,
    home: Option<NodeId>,
    facets: Vec<NewFacet>,
    answer: Answer,
) -> Result<(), Problem> {
    let drafts = match new_drafts(keeper, record, home, facets) {
        Ok(drafts) => drafts,
        Err(problem) => {
            answer(Reply::Problem(problem));
            return Ok(());
        }
    };
    write(keeper, drafts, answer)
}

fn new_drafts(
    keeper: &Keeper,
    record: Option<RecordId>,
    home: Option<NodeId>,
    mut facets: Vec<NewFacet>,
) -> Result<Vec<Draft>, Problem> {
    let record = record.map_or_else(random_record, Ok)?;
    let (charter, home) = (keeper.engine.charter(), home.unwrap_or(keeper.node()));
    for facet in &mut facets {
        addressing::address(&**charter, &keeper.store, home, facet)?;
    }
    drafts::added(charter.kinds(), record, home, facets)
}

pub(super) fn set(
    keeper: &mut Keeper,
    record: RecordId,
    facets: Vec<ChangedFacet>,
    role: Option<Name>,
    answer: Answer,
) -> Result<(), Problem> {
    let drafts = changed_drafts(keeper, record, facets, role);
    let drafts = match drafts {
        Ok(drafts) => drafts,
        Err(problem) => {
            answer(Reply::Problem(problem));
            return Ok(());
        }
    };
    write(keeper, drafts, answer)
}

fn changed_drafts(
    keeper: &Keeper,
    record: RecordId,
    facets: Vec<ChangedFacet>,
    role: Option<Name>,
) -> Result<Vec<Draft>, Problem> {
    let changed = drafts::changed(&keeper.store, record, facets)?;
    let (kinds, role) = (
        keeper.engine.charter().kinds(),
        role_of(&keeper.adopted, role)?,
    );
    drafts::for_role(kinds, &keeper.store, changed, role)
}

fn write(keeper: &mut Keeper, drafts: Vec<Draft>, answer: Answer) -> Result<(), Problem> {
    let facet = drafts.first().map(|draft| draft.facet);
    let charter = keeper.adopted.charter().clone();
    keeper.write(drafts, move |outcome| {
        let reply = match (outcome, facet) {
            (Ok(commits), Some(facet)) => written(&facet, commits),
            (Ok(_), None) => Reply::Done,
            (Err(refused), _) => Reply::Problem(refused_problem(&charter, &refused)),
        };
        answer(reply);
    })
}

fn written(facet: &FacetId, commits: Vec<CommitHash>) -> Reply {
    Reply::Written {
        record: facet.record,
        code: RecordCode::of(facet.home, facet.record).to_string(),
        commits,
    }
}

fn random_record() -> Result<RecordId, Problem> {
    let mut id = [0; 16];
    match getrandom::fill(&mut id) {
        Ok(()) => Ok(RecordId(id)),
        Err(problem) => Err(Problem::new(
            "no-entropy",
            text!(
                "本机系统暂时不能生成随机数（`{problem}`）",
                "this machine cannot give random numbers now: {problem}"
            ),
            text!(
                "检查操作系统，然后重试",
                "check the operating system, then try again"
            ),
        )),
    }
}

/// A refused write, as people read it.
pub(super) fn refused_problem(charter: &policy::CedarCharter, refused: &WriteRefused) -> Problem {
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
