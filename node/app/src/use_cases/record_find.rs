//! `record list` with conditions: the records that have a facet, filtered and sorted. Persons find what
//! the rules let them read, and numbers count nothing else.

use crdt_model::ids::Name;
use crdt_model::kind::{Facet, FieldType, Kind, Title, Word};
use node_readmodel::Progress;
use node_readmodel::find::{Find, FoundRow};
use node_runtime::view::{Unanswered, View};
use serde::{Deserialize, Serialize};

use crate::choosing::{Chosen, SortBy, Wanted, choose};
use crate::door::caller::{Caller, Capability};
use crate::door::line::PAGE_ENTRIES_MAX;
use crate::door::use_case::{Does, Source, UseCase};
use crate::readable::{may_read, next};

/// The records that have a facet, filtered and sorted.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindRequest {
    /// The kind, or the full name of the facet. If none is given, the one facet that has all fields
    /// which are named.
    #[serde(default)]
    pub of: Option<Name>,
    /// What must hold, all of it.
    #[serde(default, rename = "where")]
    pub conditions: Vec<Wanted>,
    /// By what it is sorted; by record if by nothing.
    #[serde(default)]
    pub sort: Option<SortBy>,
    /// How many to leave out.
    #[serde(default)]
    pub offset: u64,
    /// At most this many, and never more than [`PAGE_ENTRIES_MAX`].
    pub limit: usize,
}

/// A page of rows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Found {
    /// The facet that the rows are of.
    pub facet: Name,
    /// What people call it.
    pub title: Title,
    /// Its fields that rows can have, in the order people read them.
    pub columns: Vec<FoundColumn>,
    /// The rows.
    pub rows: Vec<FoundRow>,
    /// How many there are on all pages.
    pub total: u64,
    /// The offset to go on with, if there are more.
    pub next: Option<u64>,
    /// How far the read model has come, if it has not caught up: rows may be missing then.
    pub catching_up: Option<Progress>,
}

/// A field that rows can have.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FoundColumn {
    /// Its name.
    pub field: Name,
    /// What people call it.
    pub title: Title,
    /// What it holds.
    pub holds: FieldType,
    /// The words of its vocabulary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
}

impl UseCase for FindRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = Found;

    fn begin(self) -> Does<Found> {
        Does::question(Source::ReadModel, move |view, caller| {
            find(view, caller, &self)
        })
    }

    fn about(&self) -> String {
        self.of.map(|of| of.to_string()).unwrap_or_default()
    }
}

fn find(view: &View<'_>, caller: &Caller, request: &FindRequest) -> Result<Found, Unanswered> {
    let role = caller.role_in(&view.adopted)?;
    let charter = &view.charter;
    let limit = request.limit.clamp(1, PAGE_ENTRIES_MAX);
    let sort = request.sort.as_ref();
    let (chosen, find) = choose(charter.kinds(), request.of, &request.conditions, sort)?;
    let Chosen { kind, facet } = chosen;
    let find = Find {
        offset: request.offset,
        limit,
        ..find
    };
    let (model, catching_up) = view.read_model()?;
    let page = model.find(&find, &|label| may_read(view, label, role))?;
    let (name, rows) = (facet.name, page.rows.len());
    Ok(Found {
        facet: name,
        title: facet.title.clone(),
        columns: columns(kind, facet),
        next: next(request.offset, rows, page.total),
        rows: page.rows,
        total: page.total,
        catching_up,
    })
}

fn columns(kind: &Kind, facet: &Facet) -> Vec<FoundColumn> {
    let plain = facet.fields.iter().filter(|field| !field.grows);
    plain
        .map(|field| FoundColumn {
            field: field.name,
            title: field.title.clone(),
            holds: field.holds,
            words: field.words(kind).to_vec(),
        })
        .collect()
}
