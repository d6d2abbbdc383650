//! The values that do not count because two machines wrote as one node.

use crdt_model::kind::{FieldType, Title};
use crdt_model::time::WallTime;
use crdt_model::value::Value;

use super::finding::{may_read, next};
use super::records::role_of;
use crate::asked::finding::{LeftOutItem, LeftOutList, LeftOutRequest};
use crate::asked::protocol::{LeftOutView, PAGE_ENTRIES_MAX, Reply};
use node_readmodel::left_out::LeftOut;
use node_runtime::view::{Unanswered, View};

pub(super) fn list(view: &View<'_>, request: &LeftOutRequest) -> Result<Reply, Unanswered> {
    let role = role_of(&view.adopted, request.role)?;
    let limit = request.limit.clamp(1, PAGE_ENTRIES_MAX);
    let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
    let (model, catching_up) = view.read_model()?;
    let (found, total) = model.left_out(offset, limit, &|label| may_read(view, label, role))?;
    let (values, reason) = (found.len(), request.reason.as_deref().unwrap_or_default());
    tracing::info!(%role, values, reason, "a person listed what does not count");
    Ok(Reply::LeftOut(Box::new(LeftOutList {
        next: next(request.offset, found.len(), total),
        values: found.into_iter().map(|one| item(view, one)).collect(),
        total,
        catching_up,
    })))
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
