//! What a person asks to be written, as drafts for the engine.

use std::collections::BTreeMap;

use crdt_model::draft::Draft;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::steps::Step;
use crdt_model::kind::{Kinds, Title};
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica;
use crdt_model::store::Store;
use crdt_model::value::Value;
use serde::{Deserialize, Serialize};

use crate::refusals::{no_such_record, unreadable};
use crate::written::nothing_to_write;
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// A facet to be created.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFacet {
    /// Its full name.
    pub facet: Name,
    /// For whom it is meant; home if for nobody else.
    #[serde(default)]
    pub addressee: Option<NodeId>,
    /// Its grade; the facet's first sensitivity and level where none is given.
    #[serde(default)]
    pub sensitivity: Option<Name>,
    /// See `sensitivity`.
    #[serde(default)]
    pub level: Option<Name>,
    /// Its fields.
    pub fields: BTreeMap<String, Value>,
}

/// Changes to a facet.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedFacet {
    /// Its full name.
    pub facet: Name,
    /// A new sensitivity.
    #[serde(default)]
    pub sensitivity: Option<Name>,
    /// A new level.
    #[serde(default)]
    pub level: Option<Name>,
    /// New values; `null` clears a field.
    #[serde(default)]
    pub fields: BTreeMap<String, Option<Value>>,
    /// The facet's `heads`, as `record show` answers it, as the person saw it. If it is another by now, nothing is
    /// written: a value that nobody has seen is never replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

/// Drafts of a new record's facets, or of new facets of a record.
///
/// # Errors
/// Nothing is asked for.
pub fn added(
    kinds: &Kinds,
    record: RecordId,
    home: NodeId,
    facets: Vec<NewFacet>,
) -> Result<Vec<Draft>, Problem> {
    let draft = |facet: NewFacet| {
        let id = FacetId {
            record,
            facet: facet.facet,
            home,
            addressee: facet.addressee.unwrap_or(home),
        };
        let default = kinds.facet(facet.facet);
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
    if facets.is_empty() {
        return Err(nothing_to_write());
    }
    Ok(facets.into_iter().map(draft).collect())
}

/// Drafts of changes to facets that a node holds.
///
/// # Errors
/// It does not hold them; they are not what was seen; nothing is asked for.
pub fn changed(
    store: &dyn Store,
    record: RecordId,
    facets: Vec<ChangedFacet>,
) -> Result<Vec<Draft>, Problem> {
    let held = replica::facets_of(store, record).map_err(|error| unreadable(&error))?;
    if held.is_empty() {
        return Err(no_such_record(record));
    }
    let mut drafts = Vec::new();
    for change in facets {
        let found = held.iter().find(|(facet, _)| facet.facet == change.facet);
        let (facet, entry) = found.ok_or_else(|| not_held(record, &change))?;
        let heads = hex::encode(entry.digest);
        if change.seen.as_ref().is_some_and(|seen| *seen != heads) {
            return Err(changed_meanwhile());
        }
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

/// The same drafts, if a person in this role takes the steps that are in them. Whether there are such
/// steps at all is judged with the commit.
///
/// # Errors
/// A step is for other roles.
pub fn for_role(
    kinds: &Kinds,
    store: &dyn Store,
    drafts: Vec<Draft>,
    role: Name,
) -> Result<Vec<Draft>, Problem> {
    for draft in &drafts {
        let Some((kind, facet)) = kinds.facet(draft.facet.facet) else {
            continue;
        };
        let taken = facet.steps.as_ref().and_then(|steps| {
            let value = draft.fields.get(steps.field.as_str())?.as_ref()?;
            Some((steps, value.word()?))
        });
        let Some((steps, to)) = taken else {
            continue;
        };
        let document = replica::document(store, &draft.facet);
        let here = steps.here(&document.map_err(|error| unreadable(&error))?);
        let mut ways = here.iter().flat_map(|from| steps.between(*from, to));
        let for_role = |step: &Step| step.roles.is_empty() || step.roles.contains(&role);
        if let Some(first) = ways.next()
            && !for_role(first)
            && !ways.any(for_role)
            && !here.contains(&to)
        {
            let title = facet
                .field(steps.field.as_str())
                .and_then(|field| field.word(kind, to));
            return Err(not_for_role(to, title, &first.roles));
        }
    }
    Ok(drafts)
}

fn grade(base: Option<Grade>, sensitivity: Option<Name>, level: Option<Name>) -> Option<Grade> {
    let sensitivity = sensitivity.or(base.map(|base| base.sensitivity))?;
    Some(Grade {
        sensitivity,
        level: level.or(base.map(|base| base.level))?,
    })
}

fn not_for_role(to: Name, title: Option<Title>, roles: &[Name]) -> Problem {
    let roles: Vec<_> = roles.iter().map(ToString::to_string).collect();
    let (zh, en) = title.map_or_else(
        || (to.to_string(), to.to_string()),
        |title| (title.zh, title.en),
    );
    let roles = roles.join(", ");
    Problem::new(
        "not-for-role",
        Text {
            zh: format!("“{zh}”由以下岗位办理：{roles}"),
            en: format!("`{en}` is for {roles}"),
        },
        text!(
            "请交由该岗位人员办理；命令行用 --role 注明岗位",
            "let a person in that role do it; on the command line give --role"
        ),
    )
}

fn changed_meanwhile() -> Problem {
    Problem::new(
        "changed-meanwhile",
        text!(
            "没有保存：查看之后，这项内容又有新的填写",
            "nothing was saved: this was changed after it was looked at"
        ),
        text!(
            "请重新查看后再填写",
            "look at it again, then write what you want"
        ),
    )
}

fn not_held(record: RecordId, change: &ChangedFacet) -> Problem {
    let facet = change.facet;
    Problem::new(
        "no-such-facet",
        text!(
            "本节点没有记录 {record} 的 {facet}",
            "this node has no {facet} of record {record}"
        ),
        text!(
            "用 mesh-node record show 查看本节点留存的分项；新分项用 `record add --record`",
            "mesh-node record show lists the facets here; a new one is made with record add --record"
        ),
    )
}
