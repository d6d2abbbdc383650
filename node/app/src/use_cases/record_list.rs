//! `record list`: records in the order of their ids.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::document::Document;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::label::FacetId;
use crdt_model::replica::{self, FacetEntry};
use crdt_model::text::Problem;
use crdt_model::value::Value;
use node_runtime::view::View;
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::line::PAGE_ENTRIES_MAX;
use crate::door::use_case::{Does, Source, UseCase};
use crate::refusals::unreadable;

/// List records, in the order of their ids.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRequest {
    /// Only of this kind.
    #[serde(default)]
    pub kind: Option<Name>,
    /// Only after this record.
    #[serde(default)]
    pub after: Option<RecordId>,
    /// At most this many, and never more than [`PAGE_ENTRIES_MAX`].
    pub limit: usize,
}

/// A page of records.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Records {
    /// The records.
    pub records: Vec<RecordLine>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// One record in a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordLine {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Name,
    /// Its home.
    pub home: NodeId,
    /// The facets that are held here.
    pub facets: Vec<Name>,
    /// The settled fields of its first readable facet.
    pub fields: BTreeMap<String, Value>,
    /// The keys of that facet that are in conflict.
    pub conflicts: Vec<String>,
    /// The keys of that facet of which something does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

impl UseCase for ListRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = Records;

    fn begin(self) -> Does<Records> {
        Does::question(Source::Replica, move |view, caller| {
            Ok(list(view, caller, &self)?)
        })
    }
}

type Held = Vec<(FacetId, FacetEntry)>;

fn list(view: &View<'_>, caller: &Caller, wanted: &ListRequest) -> Result<Records, Problem> {
    let role = caller.role_in(&view.adopted)?;
    let limit = wanted.limit.clamp(1, PAGE_ENTRIES_MAX);
    let mut records = Vec::new();
    let mut after = wanted.after;
    loop {
        view.go_on()?;
        let next = replica::record_after(&view.store, after);
        let Some(record) = next.map_err(|error| unreadable(&error))? else {
            return Ok(Records {
                records,
                more: false,
            });
        };
        if records.len() == limit {
            return Ok(Records {
                records,
                more: true,
            });
        }
        after = Some(record);
        let held = replica::facets_of(&view.store, record).map_err(|error| unreadable(&error))?;
        let line = record_line(view, record, &held, role)?;
        records.extend(line.filter(|line| wanted.kind.is_none_or(|kind| kind == line.kind)));
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

fn left_out_keys(document: &Document) -> Vec<String> {
    let keys: BTreeSet<&str> = document
        .frozen()
        .iter()
        .map(|one| one.key.as_str())
        .collect();
    keys.into_iter().map(ToOwned::to_owned).collect()
}
