//! `record show`: a record as a person may read it.

use crdt_model::code::RecordCode;
use crdt_model::document::{Document, Frozen, Written};
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::{Facet, Field, Kind, Title};
use crdt_model::label::{FacetId, Label};
use crdt_model::replica::{self, FacetEntry};
use crdt_model::text::Problem;
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use node_runtime::view::View;
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::use_case::{Does, Source, UseCase};
use crate::next_steps::{self, NextStep};
use crate::refusals::{no_such_record, unreadable};

/// Show a record.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShowRequest {
    /// The record.
    pub record: RecordId,
}

/// One record as a person may read it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordView {
    /// The record.
    pub record: RecordId,
    /// Its code.
    pub code: String,
    /// Its kind.
    pub kind: Name,
    /// Its facets that are held here.
    pub facets: Vec<FacetView>,
}

/// One facet as a person may read it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FacetView {
    /// Its name.
    pub facet: Name,
    /// What people call it.
    pub title: Title,
    /// Its label.
    pub label: Label,
    /// Its fields; empty where this person may not read it.
    pub fields: Vec<FieldView>,
    /// Whether it is shown; if not, by which rules.
    pub readable: bool,
    /// The rules that decided.
    pub rules: Vec<String>,
    /// How many commits it has.
    pub commits: u32,
    /// Stands for exactly this content, in hexadecimal digits: see [`crate::drafts::ChangedFacet::seen`]. Empty where
    /// this person may not read it.
    #[serde(default)]
    pub heads: String,
    /// What was written and does not count, because two machines wrote as one node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutView>,
    /// The steps that may be taken from here at this node; empty where this person may not read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<NextStep>,
}

/// A value that does not count.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LeftOutView {
    /// The field, with the part that tells entries of a growing field apart.
    pub key: String,
    /// What people call the field.
    pub title: Title,
    /// The value; none where the field was cleared.
    pub value: Option<Value>,
    /// What people call it, if it is a word of a vocabulary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Title>,
    /// The node that wrote it.
    pub author: NodeId,
    /// What its clock showed.
    pub wall: WallTime,
}

/// One field with everything that is in force.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FieldView {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub title: Title,
    /// Its values: more than one where they were written concurrently and nobody has settled it.
    pub values: Vec<ValueView>,
}

/// One value, with who wrote it and when.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ValueView {
    /// The value.
    pub value: Value,
    /// The word it stands for, for vocabularies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Title>,
    /// The node that wrote it.
    pub author: NodeId,
    /// What that node's clock showed.
    pub wall: WallTime,
}

impl UseCase for ShowRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = RecordView;

    fn begin(self) -> Does<RecordView> {
        Does::question(Source::Replica, move |view, caller| {
            Ok(show(view, caller, self.record)?)
        })
    }

    fn about(&self) -> String {
        self.record.to_string()
    }
}

fn show(view: &View<'_>, caller: &Caller, record: RecordId) -> Result<RecordView, Problem> {
    let role = caller.role_in(&view.adopted)?;
    let held = replica::facets_of(&view.store, record).map_err(|error| unreadable(&error))?;
    let first = held.first().map(|(facet, _)| facet);
    let found = first.and_then(|first| {
        let (kind, _) = view.charter.kinds().facet(first.facet)?;
        Some((first, kind))
    });
    let Some((first, kind)) = found else {
        return Err(no_such_record(record));
    };
    let reason = caller.reason.as_deref().unwrap_or_default();
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
    Ok(RecordView {
        record,
        code: RecordCode::of(first.home, record).to_string(),
        kind: kind.kind,
        facets,
    })
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
        let next = next_steps::next(view, kind, facet, &document);
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

fn value_view(kind: &Kind, field: &Field, written: &Written) -> ValueView {
    let word = written.value.word().and_then(|word| field.word(kind, word));
    ValueView {
        value: written.value.clone(),
        word,
        author: written.author,
        wall: written.wall,
    }
}
