//! Letters that clocks send: the form can be filled in for every clock that sends one, there is one
//! form, and what answers a record is there.

use crdt_model::calendar::Calendar;
use crdt_model::ids::{Name, RecordId};
use crdt_model::kind::clocks::Clock;
use crdt_model::kind::letters::{Answered, Form, Occasion, Party};
use crdt_model::kind::{Facet, FieldType, Kind, Kinds};
use crdt_model::time::WallTime;

use crate::reading::finding::Finding;

const CODE: &str = "kinds::letters";

/// What is wrong with a facet.
type Wrong = (String, &'static str);

/// Checks the letters of all kinds.
pub(super) fn check_all(kinds: &Kinds, findings: &mut Vec<Finding>) {
    for kind in kinds.iter() {
        let file = format!("{}{}.toml", super::FOLDER, kind.kind);
        for facet in &kind.facets {
            let form = facet.letter.as_ref();
            let form = form.and_then(|form| form_problem(kinds, facet, form));
            let answered = facet.answered.as_ref();
            let answered = answered.and_then(|answered| answered_problem(kinds, answered));
            let mut clocks = facet.clocks.iter();
            let clock = clocks.find_map(|clock| clock_problem(kinds, kind, facet, clock));
            for (message, hint) in [form, answered, clock].into_iter().flatten() {
                findings.push(Finding::error(CODE, &file, message).hint(hint));
            }
        }
    }
}

fn has(facet: &Facet, name: Name, holds: FieldType) -> bool {
    let mut fields = facet.fields.iter();
    fields.any(|field| field.name == name && field.holds == holds && !field.grows)
}

fn form_problem(kinds: &Kinds, facet: &Facet, form: &Form) -> Option<Wrong> {
    if kinds
        .letter_form()
        .is_some_and(|(first, _)| first.name != facet.name)
    {
        let message = format!("`{}` is not the only facet with `letter`", facet.name);
        return Some((message, "let all letters be written in one facet"));
    }
    if !facet.addressed {
        let message = format!("a letter in `{}` goes to nobody", facet.name);
        return Some((message, "let the facet be `addressed`"));
    }
    let fields = [
        (form.slot, FieldType::Vocabulary),
        (form.about, FieldType::Record),
        (form.issued, FieldType::Time),
        (form.due, FieldType::Time),
    ];
    let mut wrong = fields
        .iter()
        .filter(|(name, holds)| !has(facet, *name, *holds));
    if let Some((name, _)) = wrong.next() {
        let message = format!(
            "`{name}` is no field of `{}` that a letter has there",
            facet.name
        );
        let hint =
            "`slot` is of type `vocabulary`, `about` of type `record`, the others of type `time`";
        return Some((message, hint));
    }
    let given =
        |name: Name| form.says.contains_key(&name) || fields.iter().any(|one| one.0 == name);
    let mut required = facet.fields.iter().filter(|field| field.required);
    let missing = required.find(|field| !given(field.name))?;
    let message = format!(
        "a letter in `{}` does not say `{}`",
        facet.name, missing.name
    );
    Some((message, "give it under `says`"))
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
    filled.iter().find_map(|(key, value)| {
        let field = letter.field(key);
        let fault = match (field, value) {
            (Some(field), Some(value)) => {
                letter.check_value(owner, field, value).err()?.to_string()
            }
            (None, _) | (_, None) => "is no field".to_owned(),
        };
        let message = format!("`{key}` of the letter that `{name}` sends: {fault}");
        Some((
            message,
            "see `letter.says` of the facet that letters are written in",
        ))
    })
}
