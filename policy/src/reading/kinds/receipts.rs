//! Receipts: a node can write one for whatever arrives, and what counts is there.

use crdt_model::ids::{Name, RecordId};
use crdt_model::kind::receipts::Receipts;
use crdt_model::kind::{Facet, FieldType, Kind, Kinds};
use crdt_model::text;
use crdt_model::time::WallTime;

use super::letters::{Wrong, filled_problem, has, written_problem};

/// What is wrong with how the arrival of a facet is acknowledged.
pub(super) fn problem(
    kinds: &Kinds,
    kind: &Kind,
    facet: &Facet,
    receipts: &Receipts,
) -> Option<Wrong> {
    let Some((owner, by)) = kinds.facet(receipts.by) else {
        let message = text!(
            "没有可以写签收的分项 `{}`",
            "there is no facet `{}` to write receipts in",
            receipts.by
        );
        return Some((message, text!("请写明一个", "name one")));
    };
    let only = &receipts.only;
    let mut fields = facet.fields.iter();
    let field = fields.find(|field| field.name == only.field);
    let known = |word: &Name| field.is_some_and(|field| field.word(kind, *word).is_some());
    let mut until = receipts.until.iter();
    if !only.is.iter().all(known) || until.any(|until| !has(facet, *until, FieldType::Time)) {
        let message = text!(
            "`{}` 不能这样写 `only` 或 `until`",
            "`only` or `until` is nothing that `{}` can say",
            facet.name
        );
        return Some((
            message,
            text!(
                "请写词表中的选项和一个 `time` 类型的字段",
                "name words of a vocabulary, and a field of type `time`"
            ),
        ));
    }
    let shown = receipts
        .shown
        .iter()
        .flat_map(|shown| [shown.value, shown.of]);
    let mut written = vec![
        (receipts.refers, FieldType::Record),
        (receipts.time, FieldType::Time),
    ];
    written.extend(shown.map(|name| (name, FieldType::Integer)));
    let problem = written_problem(by, &written, &receipts.says);
    problem.or_else(|| {
        let filled = receipts.filled(RecordId([0; 16]), WallTime::from_ms(0));
        let message = filled_problem(owner, by, &filled)?;
        Some((message, text!("请查看 `says`", "see `says`")))
    })
}
