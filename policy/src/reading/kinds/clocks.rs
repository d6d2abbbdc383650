//! Time limits of a facet: every word and field that they name is there, and what is to follow by
//! itself may follow from everywhere that the clock runs.

use std::collections::BTreeSet;

use crdt_model::ids::Name;
use crdt_model::kind::clocks::{Clock, Then};
use crdt_model::kind::{Facet, Field, FieldType, Kind, LETTERS};
use crdt_model::text;
use crdt_model::text::Text;

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
                    text!("`{}` 重复定义", "`{}` is declared twice", clock.name),
                    Text::default(),
                );
            }
            self.runs_of(kind, facet, clock, at);
            self.length_of(facet, clock, at);
            if let Some(then) = &clock.then {
                self.then_of(facet, clock, then, at);
            }
        }
    }

    fn clock(&mut self, at: [Key<'_>; 4], key: &str, message: Text, hint: Text) {
        let path = [at[0], at[1], at[2], at[3], Key::Key(key)];
        self.refuse(CODE, &path, message, hint);
    }

    fn runs_of(&mut self, kind: &Kind, facet: &Facet, clock: &Clock, at: [Key<'_>; 4]) {
        let Some(steps) = &facet.steps else {
            let message = text!(
                "`{}` 没有环节，时限无从计算",
                "`{}` has no steps for a clock to run on",
                facet.name
            );
            self.clock(
                at,
                "runs",
                message,
                text!("请定义 `[facet.steps]`", "declare `[facet.steps]`"),
            );
            return;
        };
        let field = facet.fields.iter().find(|field| field.name == steps.field);
        let unknown = |word: &&Name| !has_word(kind, field, **word);
        if clock.runs.is_empty() {
            self.clock(
                at,
                "runs",
                text!("时限 `{}` 从不计算", "`{}` never runs", clock.name),
                Text::default(),
            );
        }
        if let Some(word) = clock.runs.iter().find(unknown) {
            let message = text!(
                "`{word}` 不在 `{}` 的词表中",
                "`{word}` is not in the vocabulary of `{}`",
                steps.field
            );
            self.clock(at, "runs", message, Text::default());
        }
        if let Some(only) = &clock.only {
            let field = facet.fields.iter().find(|field| field.name == only.field);
            let unknown = |word: &Name| !has_word(kind, field, *word);
            if only.is.is_empty() || only.is.iter().any(unknown) {
                let message = text!(
                    "`{1}` 的 `{0}` 不能这样写",
                    "`{}` of `{}` cannot say that",
                    only.field,
                    facet.name
                );
                let hint = text!(
                    "请写一个 `vocabulary` 类型的字段和它的选项",
                    "name a field of type `vocabulary` and words of it"
                );
                self.clock(at, "only", message, hint);
            }
        }
    }

    fn length_of(&mut self, facet: &Facet, clock: &Clock, at: [Key<'_>; 4]) {
        let extra = clock.extended.as_ref().map_or(0, |extended| extended.days);
        if clock.days.max(extra) > DAYS_MAX {
            let message = text!("超过 {DAYS_MAX} 天", "more than {DAYS_MAX} days");
            self.clock(at, "days", message, Text::default());
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
            let message = text!(
                "`{until}` 不是 `time` 类型的字段",
                "`{until}` is no field of type `time`"
            );
            self.clock(at, "until", message, Text::default());
        }
        if let Some(extended) = &clock.extended
            && !has(extended.field, FieldType::Boolean)
        {
            let message = text!(
                "`{}` 不是 `boolean` 类型的字段",
                "`{}` is no field of type `boolean`",
                extended.field
            );
            self.clock(at, "extended", message, Text::default());
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
            let message = text!(
                "这一层级的节点不能自动从 `{word}` 到 `{}`",
                "a node of this tier cannot go from `{word}` to `{}` by itself",
                then.step
            );
            let hint = text!(
                "请定义这样一个不要求填写字段的环节，或删去 `then`",
                "let there be such a step, which needs nothing, or leave `then` out"
            );
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
            let message = text!("有时限就须有 `{}`", "time limits need `{}`", calendar::FILE);
            findings.push(Finding::error("calendar::missing", &file, message));
        }
        let unknown = |letter: &Name| !letters.contains(letter);
        if let Some(letter) = clocks().filter_map(|clock| clock.letter).find(unknown) {
            let message = text!(
                "词表 `{LETTERS}` 中没有 `{letter}`",
                "no vocabulary `{LETTERS}` has a word `{letter}`"
            );
            findings.push(Finding::error(CODE, &file, message));
        }
    }
}
