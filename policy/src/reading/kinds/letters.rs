//! What nodes write by themselves. Of letters that clocks send: there is one form, it can be filled in
//! for every clock that sends one, and what answers a record is there. Of receipts: see `receipts`.

use std::collections::BTreeMap;

use crdt_model::calendar::Calendar;
use crdt_model::draft::Fields;
use crdt_model::ids::{Name, RecordId};
use crdt_model::kind::clocks::Clock;
use crdt_model::kind::letters::{Answered, Form, Occasion, Party};
use crdt_model::kind::{Facet, FieldType, Kind, Kinds, ValueProblem};
use crdt_model::text;
use crdt_model::text::Text;
use crdt_model::time::WallTime;

use super::receipts;
use crate::reading::finding::Finding;

const CODE: &str = "kinds::letters";

/// What is wrong with a facet, and what to do.
pub(super) type Wrong = (Text, Text);

/// Checks what nodes write by themselves, of all kinds.
pub(super) fn check_all(kinds: &Kinds, findings: &mut Vec<Finding>) {
    for kind in kinds.iter() {
        let file = format!("{}{}.toml", super::FOLDER, kind.kind);
        for facet in &kind.facets {
            let form = facet.letter.as_ref();
            let form = form.and_then(|form| form_problem(kinds, facet, form));
            let answered = facet.answered.as_ref();
            let answered = answered.and_then(|answered| answered_problem(kinds, answered));
            let receipts = facet.receipts.as_ref();
            let receipts = receipts.and_then(|one| receipts::problem(kinds, kind, facet, one));
            let mut clocks = facet.clocks.iter();
            let clock = clocks.find_map(|clock| clock_problem(kinds, kind, facet, clock));
            for (message, hint) in [form, answered, receipts, clock].into_iter().flatten() {
                findings.push(Finding::error(CODE, &file, message).hint(hint));
            }
        }
    }
}

pub(super) fn has(facet: &Facet, name: Name, holds: FieldType) -> bool {
    let mut fields = facet.fields.iter();
    fields.any(|field| field.name == name && field.holds == holds && !field.grows)
}

fn form_problem(kinds: &Kinds, facet: &Facet, form: &Form) -> Option<Wrong> {
    let first = kinds.letter_form();
    if first.is_some_and(|(first, _)| first.name != facet.name) {
        let message = text!(
            "带 `letter` 的分项不止 `{}` 一个",
            "`{}` is not the only facet with `letter`",
            facet.name
        );
        return Some((
            message,
            text!(
                "请让所有函都写在同一个分项中",
                "let all letters be written in one facet"
            ),
        ));
    }
    let fields = [
        (form.slot, FieldType::Vocabulary),
        (form.about, FieldType::Record),
        (form.issued, FieldType::Time),
        (form.due, FieldType::Time),
    ];
    written_problem(facet, &fields, &form.says)
}

/// What is wrong with what a node writes by itself in a facet: in these fields, and this.
pub(super) fn written_problem(
    facet: &Facet,
    fields: &[(Name, FieldType)],
    says: &BTreeMap<Name, String>,
) -> Option<Wrong> {
    let by_itself = text!(
        "`{}` 中自动填写的内容",
        "what a node writes by itself in `{}`",
        facet.name
    );
    if !facet.addressed {
        let message = text!(by_itself; "{by_itself}没有收件单位", "{by_itself} goes to nobody");
        return Some((
            message,
            text!("请把分项设为 `addressed`", "let the facet be `addressed`"),
        ));
    }
    let mut wrong = fields.iter();
    if let Some((name, _)) = wrong.find(|(name, holds)| !has(facet, *name, *holds)) {
        let message = text!(by_itself; "字段 `{name}` 不能存放{by_itself}", "`{name}` cannot hold {by_itself}");
        return Some((
            message,
            text!(
                "请写一个类型相符的单值字段",
                "name a field that has one value, of the right type"
            ),
        ));
    }
    let given = |name: Name| says.contains_key(&name) || fields.iter().any(|one| one.0 == name);
    let mut required = facet.fields.iter().filter(|field| field.required);
    let missing = required.find(|field| !given(field.name))?;
    let message =
        text!(by_itself; "{by_itself}缺少 `{}`", "{by_itself} does not say `{}`", missing.name);
    Some((message, text!("请写在 `says` 下", "give it under `says`")))
}

/// What is wrong with the values of what a node writes by itself.
pub(super) fn filled_problem(kind: &Kind, facet: &Facet, filled: &Fields) -> Option<Text> {
    filled.iter().find_map(|(key, value)| {
        let fault = match (facet.field(key), value) {
            (Some(field), Some(value)) => facet
                .check_value(kind, None, field, value)
                .err()
                .map(|problem| of_value(&problem))?,
            (None, _) | (_, None) => text!("不是字段", "is no field"),
        };
        Some(text!(fault; "`{}` 的 `{key}`：{fault}", "`{key}` of `{}`: {fault}", facet.name))
    })
}

/// What is wrong with a value.
fn of_value(problem: &ValueProblem) -> Text {
    let zh = match problem {
        ValueProblem::Type(_) => "类型不符".to_owned(),
        ValueProblem::TooLong { bytes, bytes_max } => {
            format!("文字 {bytes} 字节，最多 {bytes_max} 字节")
        }
        ValueProblem::Range {
            value,
            at_least,
            at_most,
        } => format!("{value} 不在 {at_least} 至 {at_most} 之间"),
        ValueProblem::Word { word, vocabulary } => format!("`{word}` 不在词表 `{vocabulary}` 中"),
        ValueProblem::Forbidden { word, reason } => format!("`{word}` 未收录：{}", reason.zh),
        ValueProblem::ControlCharacter => "含有控制字符".to_owned(),
        ValueProblem::Personal(_) => "含有像是个人号码的内容，不得填写".to_owned(),
        ValueProblem::WrittenOnce => "已经填写，只能填写一次".to_owned(),
    };
    Text {
        zh,
        en: problem.to_string(),
    }
}

fn answered_problem(kinds: &Kinds, answered: &Answered) -> Option<Wrong> {
    let by = kinds.facet(answered.by);
    let fits = by.is_some_and(|(kind, facet)| {
        let mut fields = facet.fields.iter();
        let field = fields.find(|field| field.name == answered.only.field);
        let known = |word: &Name| field.is_some_and(|field| field.word(kind, *word).is_some());
        has(facet, answered.refers, FieldType::Record)
            && !answered.only.is.is_empty()
            && answered.only.is.iter().all(known)
    });
    (!fits).then(|| {
        let message = text!(
            "`{}` 不能用作回复",
            "`{}` cannot say that it answers",
            answered.by
        );
        let hint = text!(
            "请写一个分项、它的 `record` 类型字段和词表中的选项",
            "name a facet, its field of type `record`, and words of a vocabulary"
        );
        (message, hint)
    })
}

fn clock_problem(kinds: &Kinds, kind: &Kind, facet: &Facet, clock: &Clock) -> Option<Wrong> {
    let sends = clock.sends.as_ref()?;
    let name = clock.name;
    let Some(slot) = clock.letter else {
        return Some((
            text!("`{name}` 不发函", "`{name}` sends no letter"),
            text!("请用 `letter` 写明", "name it with `letter`"),
        ));
    };
    let Some((letter, form)) = kinds.letter_form() else {
        return Some((
            text!(
                "没有分项能写 `{name}` 所发的函",
                "no facet can say what `{name}` sends"
            ),
            text!("请为一个分项设 `letter`", "give one a `letter`"),
        ));
    };
    if clock.then.is_some() {
        let message = text!(
            "`{name}` 到期即进入下一环节，其后不会发函",
            "`{name}` takes a step, after which no letter follows"
        );
        return Some((
            message,
            text!("请删去 `then` 或 `sends`", "leave out `then` or `sends`"),
        ));
    }
    let own = |party| party == Party::Addressee && !facet.addressed;
    if sends.from == sends.to || own(sends.from) || own(sends.to) {
        let message = text!(
            "`{name}` 的函没有发件方、没有收件方，或发给了自己",
            "`{name}` sends a letter from nobody, to nobody, or to its sender"
        );
        return Some((
            message,
            text!(
                "请写两个节点：`home`、`addressee` 或一个层级",
                "name two nodes: `home`, `addressee`, or a tier"
            ),
        ));
    }
    let title = kinds.letter(slot)?;
    let occasion = Occasion {
        clock,
        slot,
        title: &title,
        about: RecordId([0; 16]),
        now: WallTime::from_ms(0),
    };
    let filled = form.filled(letter, &Calendar::default(), &occasion);
    let owner = kinds.facet(letter.name).map_or(kind, |(owner, _)| owner);
    let message = filled_problem(owner, letter, &filled)?;
    Some((
        message,
        text!(
            "请查看写函的分项的 `letter.says`",
            "see `letter.says` of the facet that letters are written in"
        ),
    ))
}
