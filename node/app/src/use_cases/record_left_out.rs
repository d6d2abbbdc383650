//! `record left-out`: the values that do not count because two machines wrote as one node.

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::{FieldType, Title};
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use node_readmodel::Progress;
use node_readmodel::left_out::LeftOut;
use node_runtime::view::{Unanswered, View};
use serde::{Deserialize, Serialize};

use super::record_show::LeftOutView;
use crate::door::caller::{Caller, Capability};
use crate::door::line::PAGE_ENTRIES_MAX;
use crate::door::use_case::{Does, Source, UseCase};
use crate::readable::{may_read, next};

/// What does not count, because two machines wrote as one node.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOutRequest {
    /// How many to leave out of the page.
    #[serde(default)]
    pub offset: u64,
    /// At most this many, and never more than [`PAGE_ENTRIES_MAX`].
    pub limit: usize,
}

/// A page of values that do not count, the latest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LeftOutList {
    /// The values.
    pub values: Vec<LeftOutItem>,
    /// How many there are on all pages.
    pub total: u64,
    /// The offset to go on with, if there are more.
    pub next: Option<u64>,
    /// How far the read model has come, if it has not caught up: values may be missing then.
    pub catching_up: Option<Progress>,
}

/// One value that does not count, and where it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LeftOutItem {
    /// The record.
    pub record: RecordId,
    /// The node it belongs to.
    pub home: NodeId,
    /// The facet.
    pub facet: Name,
    /// What people call it.
    pub title: Title,
    /// What was written.
    pub written: LeftOutView,
}

impl UseCase for LeftOutRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = LeftOutList;

    fn begin(self) -> Does<LeftOutList> {
        Does::question(Source::ReadModel, move |view, caller| {
            list(view, caller, &self)
        })
    }
}

fn list(
    view: &View<'_>,
    caller: &Caller,
    request: &LeftOutRequest,
) -> Result<LeftOutList, Unanswered> {
    let role = caller.role_in(&view.adopted)?;
    let limit = request.limit.clamp(1, PAGE_ENTRIES_MAX);
    let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
    let (model, catching_up) = view.read_model()?;
    let (found, total) = model.left_out(offset, limit, &|label| may_read(view, label, role))?;
    Ok(LeftOutList {
        next: next(request.offset, found.len(), total),
        values: found.into_iter().map(|one| item(view, one)).collect(),
        total,
        catching_up,
    })
}

fn item(view: &View<'_>, one: LeftOut) -> LeftOutItem {
    let declared = view.charter.kinds().facet(one.facet.facet);
    let field = declared.and_then(|(kind, facet)| Some((kind, facet.field(&one.key)?)));
    let value = one.value.map(|value| match (value, field) {
        (Value::Integer(number), Some((_, field))) if field.holds == FieldType::Boolean => {
            Value::Boolean(number != 0)
        }
        (value, _) => value,
    });
    let word = value.as_ref().and_then(|value| {
        let (kind, field) = field?;
        field.word(kind, value.word()?)
    });
    LeftOutItem {
        record: one.facet.record,
        home: one.facet.home,
        facet: one.facet.facet,
        title: declared.map_or_else(Title::default, |(_, facet)| facet.title.clone()),
        written: LeftOutView {
            key: one.key,
            title: field.map_or_else(Title::default, |(_, field)| field.title.clone()),
            value,
            word,
            author: one.author,
            wall: WallTime::from_ms(one.wall_ms),
        },
    }
}
