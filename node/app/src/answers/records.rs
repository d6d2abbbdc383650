//! Showing records to a person, as far as the rules let that person read.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::code::{NoCode, RecordCode};
use crdt_model::document::{Document, Frozen, Written};
use crdt_model::ids::{Name, RecordId};
use crdt_model::kind::{Facet, Field, Kind, Title};
use crdt_model::label::FacetId;
use crdt_model::replica::{self, FacetEntry};
use crdt_model::value::Value;

use super::{no_such_record, steps, unreadable};
use crate::asked::protocol::{
    FacetView, FieldView, LeftOutView, PAGE_ENTRIES_MAX, RecordLine, RecordView, Reply, ValueView,
};
use crdt_model::text;
use crdt_model::text::Problem;
use node_runtime::view::View;
use policy::signing::adopt::AdoptedCharter;

type Held = Vec<(FacetId, FacetEntry)>;

pub(super) fn show(
    view: &View<'_>,
    record: RecordId,
    role: Option<Name>,
    reason: Option<&str>,
) -> Result<Reply, Problem> {
    let role = role_of(&view.adopted, role)?;
    let held = replica::facets_of(&view.store, record).map_err(|error| unreadable(&error))?;
    let first = held.first().map(|(facet, _)| facet);
    let found = first.and_then(|first| {
        let (kind, _) = view.charter.kinds().facet(first.facet)?;
        Some((first, kind))
    });
    let Some((first, kind)) = found else {
        return Err(no_such_record(record));
    };
    let reason = reason.unwrap_or_default();
    let mut facets = Vec::new();
    for facet in &kind.facets {
        for (id, entry) in held.iter().filter(|(id, _)| id.facet == facet.name) {
            let view = facet_view(view, kind, facet, id, entry, role)?;
            let facet = facet.name;
            let readable = view.readable;
            tracing::info!(%record, %facet, %role, readable, reason, "a person looked at a facet");
            facets.push(view);
        }
    }
    Ok(Reply::Record(Box::new(RecordView {
        record,
        code: RecordCode::of(first.home, record).to_string(),
        kind: kind.kind,
        facets,
    })))
}

/// The records that have a code.
pub(super) fn locate(view: &View<'_>, code: &str) -> Result<Reply, Problem> {
    let code: RecordCode = code.parse().map_err(|error| bad_code(&error))?;
    let found = replica::facets_beginning(&view.store, code.id_prefix());
    let found = found.map_err(|error| unreadable(&error))?;
    let fits = |facet: &&FacetId| code.is_of(facet.home, facet.record);
    let mut records: Vec<RecordId> = found.iter().filter(fits).map(|one| one.record).collect();
    records.dedup();
    match records.is_empty() {
        true => Err(no_record_with(&code)),
        false => Ok(Reply::Located { records }),
    }
}

pub(super) fn list(
    view: &View<'_>,
    kind: Option<Name>,
    after: Option<RecordId>,
    limit: usize,
    role: Option<Name>,
) -> Result<Reply, Problem> {
    let role = role_of(&view.adopted, role)?;
    let limit = limit.clamp(1, PAGE_ENTRIES_MAX);
    let mut records = Vec::new();
    let mut after = after;
    loop {
        let next = replica::record_after(&view.store, after);
        let Some(record) = next.map_err(|error| unreadable(&error))? else {
            return Ok(Reply::Records {
                records,
                more: false,
            });
        };
        if records.len() == limit {
            return Ok(Reply::Records {
                records,
                more: true,
            });
        }
        after = Some(record);
        let held = replica::facets_of(&view.store, record).map_err(|error| unreadable(&error))?;
        let line = record_line(view, record, &held, role)?;
        records.extend(line.filter(|line| kind.is_none_or(|kind| kind == line.kind)));
    }
}

fn record_line(
    view: &View<'_>,
    record: RecordId,
    held: &Held,
    role: Name,
) -> Result<Option<RecordLine>, Problem> {
    let charter = &view.charter;
    let found = held
        .first()
        .and_then(|(id, _)| Some((id, charter.kinds().facet(id.facet)?.0)));
    let Some((first, kind)) = found else {
        return Ok(None);
    };
    let readable = held.iter().find(|(id, entry)| {
        let rules = &view.rules;
        rules.read(&id.label(entry.grade), view.node, role).allowed
    });
    let document = match readable {
        Some((id, _)) => replica::document(&view.store, id).map_err(|error| unreadable(&error))?,
        None => Document::default(),
    };
    let settled = document.fields().filter_map(|(key, values)| match values {
        [only] => Some((key.to_owned(), only.value.clone())),
        _ => None,
    });
    Ok(Some(RecordLine {
        record,
        kind: kind.kind,
        home: first.home,
        facets: held.iter().map(|(id, _)| id.facet).collect(),
        fields: settled.collect::<BTreeMap<_, _>>(),
        conflicts: document.conflicts().map(ToOwned::to_owned).collect(),
        left_out: left_out_keys(&document),
    }))
}

fn facet_view(
    view: &View<'_>,
    kind: &Kind,
    facet: &Facet,
    id: &FacetId,
    entry: &FacetEntry,
    role: Name,
) -> Result<FacetView, Problem> {
    let label = id.label(entry.grade);
    let decision = view.rules.read(&label, view.node, role);
    let (fields, left_out, next) = if decision.allowed {
        let document = replica::document(&view.store, id).map_err(|error| unreadable(&error))?;
        let next = steps::next(view, kind, facet, &document);
        let left_out = left_out_views(kind, facet, &document);
        (field_views(kind, facet, &document), left_out, next)
    } else {
        (Vec::new(), Vec::new(), Vec::new())
    };
    Ok(FacetView {
        facet: facet.name,
        title: facet.title.clone(),
        label,
        fields,
        readable: decision.allowed,
        rules: decision.rules.iter().map(ToString::to_string).collect(),
        commits: entry.commits,
        heads: match decision.allowed {
            true => hex::encode(entry.digest),
            false => String::new(),
        },
        left_out,
        next,
    })
}

fn field_views(kind: &Kind, facet: &Facet, document: &Document) -> Vec<FieldView> {
    let mut views = Vec::new();
    for field in &facet.fields {
        for (key, values) in document.fields().filter(|(key, _)| field.has_key(key)) {
            let values = values
                .iter()
                .map(|written| value_view(kind, field, written));
            let (key, title) = (key.to_owned(), field.title.clone());
            views.push(FieldView {
                key,
                title,
                values: values.collect(),
            });
        }
    }
    views
}

/// What does not count, by field in the order of the kind; what the charter does not declare last.
fn left_out_views(kind: &Kind, facet: &Facet, document: &Document) -> Vec<LeftOutView> {
    let place = |key: &str| facet.fields.iter().position(|field| field.has_key(key));
    let mut left_out: Vec<_> = document.frozen().iter().collect();
    left_out.sort_by_key(|one| (place(&one.key).unwrap_or(usize::MAX), &one.key, one.wall));
    let view = |one: &Frozen| {
        let field = facet.field(&one.key);
        let word = one.value.as_ref().and_then(Value::word);
        LeftOutView {
            key: one.key.clone(),
            title: field.map_or_else(Title::default, |field| field.title.clone()),
            value: one.value.clone(),
            word: word.and_then(|word| field?.word(kind, word)),
            author: one.author,
            wall: one.wall,
        }
    };
    left_out.into_iter().map(view).collect()
}

fn left_out_keys(document: &Document) -> Vec<String> {
    let keys: BTreeSet<&str> = document
        .frozen()
        .iter()
        .map(|one| one.key.as_str())
        .collect();
    keys.into_iter().map(ToOwned::to_owned).collect()
}

fn value_view(kind: &Kind, field: &Field, written: &Written) -> ValueView {
    let word = written.value.word().and_then(|word| field.word(kind, word));
    ValueView {
        value: written.value.clone(),
        word,
        author: written.author,
        wall: written.wall,
    }
}

/// The role that a person looks in: the one they name, or the first that the charter lists.
pub(super) fn role_of(adopted: &AdoptedCharter, role: Option<Name>) -> Result<Name, Problem> {
    let roles = &adopted.charter().head().roles;
    match role {
        None => roles
            .first()
            .map(|role| role.id)
            .ok_or_else(|| no_such_role("")),
        Some(role) if roles.iter().any(|known| known.id == role) => Ok(role),
        Some(role) => Err(no_such_role(role.as_str())),
    }
}

fn bad_code(error: &NoCode) -> Problem {
    Problem::new(
        "bad-code",
        match error {
            NoCode::Form => text!("编号应写作 101201-7K3M-Q2F9-C", "{error}"),
            NoCode::Check => text!("编号的校验位不符：有字符写错或颠倒", "{error}"),
        },
        text!(
            "请对照登记表或通知上的编号重新输入",
            "compare it with the paper it stands on and type it again"
        ),
    )
}

fn no_record_with(code: &RecordCode) -> Problem {
    Problem::new(
        "no-such-record",
        text!(
            "本节点没有编号为 {code} 的记录",
            "no record here has the code {code}"
        ),
        text!(
            "用 mesh-node record list 查看本节点的记录",
            "mesh-node record list shows the records here"
        ),
    )
}

fn no_such_role(role: &str) -> Problem {
    Problem::new(
        "no-such-role",
        text!("章程里没有岗位“{role}”", "the charter has no role `{role}`"),
        text!("可用岗位见 charter.toml", "charter.toml lists the roles"),
    )
}
