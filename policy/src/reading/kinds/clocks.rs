//! Time limits of a facet: every word and field that they name is there, and what is to follow by
//! itself may follow from everywhere that the clock runs.

use std::collections::BTreeSet;

use crdt_model::ids::Name;
use crdt_model::kind::clocks::{Clock, Then};
use crdt_model::kind::{Facet, Field, FieldType, Kind, LETTERS};

use super::Check;
use crate::reading::calendar;
use crate::reading::document::Step as Key;
use crate::reading::finding::Finding;
use crate::reading::head::check_title;

const CODE: &str = "kinds::clocks";
const DAYS_MAX: u16 = 3_660;

impl Check<'_, '_> {
    pub(super) fn clocks(&mut self, kind: &Kind, facet: &Facet, path: [Key<'_>; 2]) {
        let mut seen = BTreeSet::new();
        for (index, clock) in facet.clocks.iter().enumerate() {
            let at = [path[0], path[1], Key::Key("clock"), Key::Index(index)];
            let title = [at[0], at[1], at[2], at[3], Key::Key("title")];
            check_title(self.document, &clock.title, &title, self.findings);
            if !seen.insert(clock.name) {
                self.clock(
                    at,
                    "name",
                    format!("`{}` is declared twice", clock.name),
                    "",
                );
            }
            self.runs_of(kind, facet, clock, at);
            self.length_of(facet, clock, at);
            if let Some(then) = &clock.then {
                self.then_of(facet, clock, then, at);
            }
        }
    }

    fn clock(&mut self, at: [Key<'_>; 4], key: &str, message: String, hint: &str) {
        let path = [at[0], at[1], at[2], at[3], Key::Key(key)];
        self.refuse(CODE, &path, message, hint);
    }

    fn runs_of(&mut self, kind: &Kind, facet: &Facet, clock: &Clock, at: [Key<'_>; 4]) {
        let Some(steps) = &facet.steps else {
            let message = format!("`{}` has no steps for a clock to run on", facet.name);
            self.clock(at, "runs", message, "declare `[facet.steps]`");
            return;
        };
        let field = facet.fields.iter().find(|field| field.name == steps.field);
        let unknown = |word: &&Name| !has_word(kind, field, **word);
        if clock.runs.is_empty() {
            self.clock(at, "runs", format!("`{}` never runs", clock.name), "");
        }
        if let Some(word) = clock.runs.iter().find(unknown) {
            let message = format!("`{word}` is not in the vocabulary of `{}`", steps.field);
            self.clock(at, "runs", message, "");
        }
        if let Some(only) = &clock.only {
            let field = facet.fields.iter().find(|field| field.name == only.field);
            let unknown = |word: &Name| !has_word(kind, field, *word);
            if only.is.is_empty() || only.is.iter().any(unknown) {
                let message = format!("`{}` of `{}` cannot say that", only.field, facet.name);
                let hint = "name a field of type `vocabulary` and words of it";
                self.clock(at, "only", message, hint);
            }
        }
    }

    fn length_of(&mut self, facet: &Facet, clock: &Clock, at: [Key<'_>; 4]) {
        let extra = clock.extended.as_ref().map_or(0, |extended| extended.days);
        if clock.days.max(extra) > DAYS_MAX {
            let message = format!("more than {DAYS_MAX} days");
            self.clock(at, "days", message, "");
        }
        let has = |name: Name, holds| {
            let fits = |field: &&Field| field.holds == holds && !field.grows;
            facet
                .fields
                .iter()
                .filter(fits)
                .any(|field| field.name == name)
        };
        if let Some(until) = clock.until.filter(|until| !has(*until, FieldType::Time)) {
            let message = format!("`{until}` is no field of type `time`");
            self.clock(at, "until", message, "");
        }
        if let Some(extended) = &clock.extended
            && !has(extended.field, FieldType::Boolean)
        {
            let message = format!("`{}` is no field of type `boolean`", extended.field);
            self.clock(at, "extended", message, "");
        }
    }

    fn then_of(&mut self, facet: &Facet, clock: &Clock, then: &Then, at: [Key<'_>; 4]) {
        let Some(steps) = &facet.steps else {
            return;
        };
        let free = |word: &Name| {
            let mut ways = steps.between(*word, then.step);
            ways.any(|step| step.at(then.tier) && step.needs.is_empty())
        };
        if let Some(word) = clock.runs.iter().find(|word| !free(word)) {
            let message = format!(
                "a node of this tier cannot go from `{word}` to `{}` by itself",
                then.step
            );
            let hint = "let there be such a step, which needs nothing, or leave `then` out";
            self.clock(at, "then", message, hint);
        }
    }
}

fn has_word(kind: &Kind, field: Option<&Field>, word: Name) -> bool {
    field.is_some_and(|field| field.word(kind, word).is_some())
}

/// What clocks need beside their own file: a calendar, and the letters that they propose.
pub(super) fn check_all(kinds: &[Kind], has_calendar: bool, findings: &mut Vec<Finding>) {
    let letters: BTreeSet<Name> = kinds
        .iter()
        .flat_map(|kind| &kind.vocabularies)
        .filter(|(name, _)| name.as_str() == LETTERS)
        .flat_map(|(_, words)| words.iter().map(|word| word.id))
        .collect();
    for kind in kinds {
        let file = format!("{}{}.toml", super::FOLDER, kind.kind);
        let clocks = || kind.facets.iter().flat_map(|facet| &facet.clocks);
        if clocks().next().is_some() && !has_calendar {
            let message = format!("time limits need `{}`", calendar::FILE);
            findings.push(Finding::error("calendar::missing", &file, message));
        }
        let unknown = |letter: &Name| !letters.contains(letter);
        if let Some(letter) = clocks().filter_map(|clock| clock.letter).find(unknown) {
            let message = format!("no vocabulary `{LETTERS}` has a word `{letter}`");
            findings.push(Finding::error(CODE, &file, message));
        }
    }
}
