//! Steps of a facet: every word that they name is there, every word of the vocabulary can be
//! reached, and what a step needs can be given.

use std::collections::BTreeSet;

use crdt_model::ids::Name;
use crdt_model::kind::steps::{Step, Steps};
use crdt_model::kind::{Facet, Field, FieldType, Kind};
use crdt_model::text;
use crdt_model::text::Text;

use super::Check;
use crate::reading::document::Step as Key;
use crate::reading::head::rank;

const CODE: &str = "kinds::steps";

impl Check<'_, '_> {
    pub(super) fn steps(&mut self, kind: &Kind, facet: &Facet, path: [Key<'_>; 2]) {
        let Some(steps) = &facet.steps else {
            return;
        };
        let at = |key| [path[0], path[1], Key::Key("steps"), Key::Key(key)];
        let field = facet.fields.iter().find(|field| field.name == steps.field);
        let field = field.filter(|field| field.holds == FieldType::Vocabulary && !field.grows);
        let Some(field) = field else {
            let message = text!(
                "`{}` 不是 `{}` 的 `vocabulary` 类型字段",
                "`{}` is no field of type `vocabulary` of `{}`",
                steps.field,
                facet.name
            );
            self.refuse(
                CODE,
                &at("field"),
                message,
                text!("请写表示环节的字段", "name the field that says the step"),
            );
            return;
        };
        let time = |field: &Field| field.holds == FieldType::Time && !field.grows;
        let is_time = |name: Name| facet.fields.iter().any(|one| one.name == name && time(one));
        if let Some(since) = steps.since.filter(|since| !is_time(*since)) {
            let message = text!(
                "`{since}` 不是 `{}` 的 `time` 类型字段",
                "`{since}` is no field of type `time` of `{}`",
                facet.name
            );
            self.refuse(CODE, &at("since"), message, Text::default());
        }
        let vocabulary = field.vocabulary.unwrap_or(field.name);
        let words = kind.vocabularies.get(&vocabulary);
        let words: BTreeSet<Name> = words.into_iter().flatten().map(|word| word.id).collect();
        if let Some(word) = steps.begin.iter().find(|word| !words.contains(word)) {
            let message = text!(
                "`{word}` 不在词表 `{vocabulary}` 中",
                "`{word}` is not in vocabulary `{vocabulary}`"
            );
            self.refuse(CODE, &at("begin"), message, Text::default());
        }
        for (index, step) in steps.steps.iter().enumerate() {
            let at = Place { path, index };
            self.step(facet, steps, step, &words, at);
        }
        let reached = reached(steps);
        if let Some(word) = words.iter().find(|word| !reached.contains(word)) {
            let message = text!("没有环节通到 `{word}`", "no step leads to `{word}`");
            let hint = text!(
                "请设为起点、加一个通到它的环节，或从词表中删去",
                "begin with it, lead to it, or leave it out of the vocabulary"
            );
            self.refuse(CODE, &at("step"), message, hint);
        }
    }
}

/// Where a step stands in its file.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: [Key<'a>; 2],
    index: usize,
}

impl<'a> Place<'a> {
    fn key(&self, key: &'a str) -> [Key<'a>; 6] {
        let (list, index) = (
            [Key::Key("steps"), Key::Key("step")],
            Key::Index(self.index),
        );
        [
            self.path[0],
            self.path[1],
            list[0],
            list[1],
            index,
            Key::Key(key),
        ]
    }
}

impl Check<'_, '_> {
    fn step(
        &mut self,
        facet: &Facet,
        steps: &Steps,
        step: &Step,
        words: &BTreeSet<Name>,
        at: Place<'_>,
    ) {
        let mut named = step.from.iter().chain([&step.to]);
        if let Some(word) = named.find(|word| !words.contains(word)) {
            let message = text!(
                "`{word}` 不在 `{}` 的词表中",
                "`{word}` is not in the vocabulary of `{}`",
                steps.field
            );
            self.refuse(CODE, &at.key("to"), message, Text::default());
        }
        if step.from.is_empty() || step.from.contains(&step.to) {
            let message = text!(
                "到 `{}` 的环节没有来处，或来自它本身",
                "a step to `{}` comes from nowhere, or from itself",
                step.to
            );
            let hint = text!(
                "请写明从哪些环节过来",
                "name the words that it is taken from"
            );
            self.refuse(CODE, &at.key("from"), message, hint);
        }
        let head = self.head;
        let unknown = |role: &&Name| head.is_some_and(|head| rank(&head.roles, **role).is_none());
        if let Some(role) = step.roles.iter().find(unknown) {
            let message = text!(
                "`{role}` 不在 `charter.toml` 的岗位中",
                "`{role}` is not among the roles of `charter.toml`"
            );
            self.refuse(
                CODE,
                &at.key("roles"),
                message,
                text!("请先在那里定义", "declare it there first"),
            );
        }
        let unknown = |level: &Name| !facet.levels.contains(level);
        if let Some(level) = step.raises.filter(unknown) {
            let message = text!(
                "`{level}` 不在 `{}` 的 `levels` 中",
                "`{level}` is not among the `levels` of `{}`",
                facet.name
            );
            self.refuse(CODE, &at.key("raises"), message, Text::default());
        }
        let other = |need: &&Name| {
            let mut fields = facet.fields.iter();
            **need == steps.field || !fields.any(|field| field.name == **need && !field.grows)
        };
        if let Some(need) = step.needs.iter().find(other) {
            let message = text!(
                "`{need}` 不是 `{}` 的另一个单值字段",
                "`{need}` is no other field of `{}` that has one value",
                facet.name
            );
            let hint = text!(
                "环节只能要求留存这个分项的节点都看得到的内容",
                "a step can only need what every node can see that holds the facet"
            );
            self.refuse(CODE, &at.key("needs"), message, hint);
        }
    }
}

/// The words that steps lead to.
fn reached(steps: &Steps) -> BTreeSet<Name> {
    let mut reached: BTreeSet<Name> = steps.begin.iter().copied().collect();
    loop {
        let before = reached.len();
        for step in &steps.steps {
            if step.from.iter().any(|from| reached.contains(from)) {
                reached.insert(step.to);
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}
