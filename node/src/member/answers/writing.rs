//! Writing records.

use crdt_model::code::RecordCode;
use crdt_model::draft::Draft;
use crdt_model::engine::WriteRefused;
use crdt_model::ids::{CommitHash, Name, NodeId, RecordId};
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica;

use super::{no_such_record, steps, unreadable};
use crate::control::protocol::{ChangedFacet, NewFacet, Reply};
use crate::member::keeper::{Answer, Keeper};
use crate::reason::refusal_text;
use crate::text;
use crate::text::{Problem, Text};

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
    facets: Vec<NewFacet>,
) -> Result<Vec<Draft>, Problem> {
    let record = record.map_or_else(random_record, Ok)?;
    let home = home.unwrap_or(keeper.node());
    let draft = |facet: NewFacet| {
        let id = FacetId {
            record,
            facet: facet.facet,
            home,
            addressee: facet.addressee.unwrap_or(home),
        };
        let default = keeper.engine.charter().kinds().facet(facet.facet);
        let default = default.and_then(|(_, declared)| declared.default_grade());
        let grade = grade(default, facet.sensitivity, facet.level);
        let fields = facet
            .fields
            .into_iter()
            .map(|(key, value)| (key, Some(value)));
        Draft {
            facet: id,
            grade,
            fields: fields.collect(),
        }
    };
    let drafts: Vec<Draft> = facets.into_iter().map(draft).collect();
    if drafts.is_empty() {
        return Err(nothing_to_write());
    }
    Ok(drafts)
}

pub(super) fn set(
    keeper: &mut Keeper,
    record: RecordId,
    facets: Vec<ChangedFacet>,
    role: Option<Name>,
    answer: Answer,
) -> Result<(), Problem> {
    let drafts = changed_drafts(keeper, record, facets);
    let drafts = drafts.and_then(|drafts| steps::for_role(keeper, drafts, role));
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
) -> Result<Vec<Draft>, Problem> {
    let held = replica::facets_of(&keeper.store, record).map_err(|error| unreadable(&error))?;
    if held.is_empty() {
        return Err(no_such_record(record));
    }
    let mut drafts = Vec::new();
    for change in facets {
        let found = held.iter().find(|(facet, _)| facet.facet == change.facet);
        let (facet, entry) = found.ok_or_else(|| not_held(record, &change))?;
        let regraded = change.sensitivity.is_some() || change.level.is_some();
        let to = grade(Some(entry.grade), change.sensitivity, change.level);
        drafts.push(Draft {
            facet: *facet,
            grade: to.filter(|_| regraded),
            fields: change.fields,
        });
    }
    if drafts.is_empty() {
        return Err(nothing_to_write());
    }
    Ok(drafts)
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
        Some((answer, reply))
    })
}

fn written(facet: &FacetId, commits: Vec<CommitHash>) -> Reply {
    Reply::Written {
        record: facet.record,
        code: RecordCode::of(facet.home, facet.record).to_string(),
        commits,
    }
}

fn grade(base: Option<Grade>, sensitivity: Option<Name>, level: Option<Name>) -> Option<Grade> {
    let sensitivity = sensitivity.or(base.map(|base| base.sensitivity))?;
    Some(Grade {
        sensitivity,
        level: level.or(base.map(|base| base.level))?,
    })
}

fn random_record() -> Result<RecordId, Problem> {
    let mut id = [0; 16];
    match getrandom::fill(&mut id) {
        Ok(()) => Ok(RecordId(id)),
        Err(problem) => Err(Problem::new(
            "no-entropy",
            text!(
                "系统没有给出随机数：{problem}",
                "the system gave no random bytes: {problem}"
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
    let Text { zh, en } = refusal_text(charter, refused);
    let (code, next) = match refused {
        WriteRefused::Busy => ("busy", text!("稍后重试", "try again in a moment")),
        WriteRefused::Narrows { .. } => (
            "narrows",
            text!(
                "保持原密级；如属误录，请新建记录并说明",
                "leave the grade; if it was a mistake, make a new record and say so"
            ),
        ),
        WriteRefused::Draft { .. } => (
            "refused",
            text!(
                "按原因更正后重试；规则见 mesh-policy show",
                "correct it and try again; mesh-policy show lists the rules"
            ),
        ),
    };
    Problem::new(code, Text { zh, en }, next)
}

fn nothing_to_write() -> Problem {
    Problem::new(
        "nothing-to-write",
        text!("没有给出任何内容", "nothing was given to write"),
        text!("至少给出一个字段", "give at least one field"),
    )
}

fn not_held(record: RecordId, change: &ChangedFacet) -> Problem {
    let facet = change.facet;
    Problem::new(
        "no-such-facet",
        text!(
            "本机没有记录 {record} 的 {facet}",
            "this node has no {facet} of record {record}"
        ),
        text!(
            "用 mesh-node record show 查看本机持有的分面；新分面用 record add --record",
            "mesh-node record show lists the facets here; a new one is made with record add --record"
        ),
    )
}
