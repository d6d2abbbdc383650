//! What nodes write by themselves. Of letters that clocks send: there is one form, it can be filled in
//! for every clock that sends one, and what answers a record is there. Of receipts: see `receipts`.

use std::collections::BTreeMap;

use crdt_model::calendar::Calendar;
use crdt_model::draft::Fields;
use crdt_model::ids::{Name, RecordId};
use crdt_model::kind::clocks::Clock;
use crdt_model::kind::letters::{Answered, Form, Occasion, Party};
use crdt_model::kind::{Facet, FieldType, Kind, Kinds};
use crdt_model::time::WallTime;

use super::receipts;
use crate::reading::finding::Finding;

const CODE: &str = "kinds::letters";

/// What is wrong with a facet, and what to do.
pub(super) type Wrong = (String, &'static str);

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
        let message = format!("`{}` is not the only facet with `letter`", facet.name);
        return Some((message, "let all letters be written in one facet"));
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
    let by_itself = format!("what a node writes by itself in `{}`", facet.name);
    if !facet.addressed {
        let message = format!("{by_itself} goes to nobody");
        return Some((message, "let the facet be `addressed`"));
    }
    let mut wrong = fields.iter();
    if let Some((name, _)) = wrong.find(|(name, holds)| !has(facet, *name, *holds)) {
        let message = format!("`{name}` cannot hold {by_itself}");
        return Some((
            message,
            "name a field that has one value, of the right type",
        ));
    }
    let given = |name: Name| says.contains_key(&name) || fields.iter().any(|one| one.0 == name);
    let mut required = facet.fields.iter().filter(|field| field.required);
    let missing = required.find(|field| !given(field.name))?;
    let message = format!("{by_itself} does not say `{}`", missing.name);
    Some((message, "give it under `says`"))
}

/// What is wrong with the values of what a node writes by itself.
pub(super) fn filled_problem(kind: &Kind, facet: &Facet, filled: &Fields) -> Option<String> {
    filled.iter().find_map(|(key, value)| {
        let fault = match (facet.field(key), value) {
            (Some(field), Some(value)) => facet
                .check_value(kind, None, field, value)
                .err()?
                .to_string(),
            (None, _) | (_, None) => "is no field".to_owned(),
        };
        Some(format!("`{key}` of `{}`: {fault}", facet.name))
    })
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
        let message = format!("`{}` cannot say that it answers", answered.by);
        let hint = "name a facet, its field of type `record`, and words of a vocabulary";
        (message, hint)
    })
}

fn clock_problem(kinds: &Kinds, kind: &Kind, facet: &Facet, clock: &Clock) -> Option<Wrong> {
    let sends = clock.sends.as_ref()?;
    let name = clock.name;
    let Some(slot) = clock.letter else {
        return Some((format!("`{name}` sends no letter"), "name it with `letter`"));
    };
    let Some((letter, form)) = kinds.letter_form() else {
        return Some((
            format!("no facet can say what `{name}` sends"),
            "give one a `letter`",
        ));
    };
    if clock.then.is_some() {
        let message = format!("`{name}` takes a step, after which no letter follows");
        return Some((message, "leave out `then` or `sends`"));
    }
    let own = |party| party == Party::Addressee && !facet.addressed;
    if sends.from == sends.to || own(sends.from) || own(sends.to) {
        let message = format!("`{name}` sends a letter from nobody, to nobody, or to its sender");
        return Some((message, "name two nodes: `home`, `addressee`, or a tier"));
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
        "see `letter.says` of the facet that letters are written in",
    ))
}
