//! Words of the charter that nothing uses: a sensitivity or level that no facet has, a role that
//! may read nothing.

use std::collections::BTreeSet;

use crdt_model::charter::Charter;
use crdt_model::ids::Name;
use crdt_model::kind::{Facet, Word};
use crdt_model::text;

use super::place;
use crate::deciding::question::{Question, State};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head;
use crate::review::enumeration::Enumeration;

pub(super) fn lint(all: &Enumeration<'_>, files: &CharterFiles) -> Vec<Finding> {
    let facets = || all.charter().kinds().iter().flat_map(|kind| &kind.facets);
    let sensitivities: BTreeSet<Name> = facets()
        .flat_map(|facet| facet.sensitivities.iter().copied())
        .collect();
    let levels: BTreeSet<Name> = facets()
        .flat_map(|facet| facet.levels.iter().copied())
        .collect();
    let reading = all.rows().iter().filter_map(|row| match row.question {
        Question::Read(role) if all.allowed(row, State::Normal) => Some(role),
        _ => None,
    });
    let roles: BTreeSet<Name> = reading.collect();
    let head = all.charter().head();
    let mut findings = Vec::new();
    for (what, words, used, does_nothing) in [
        (
            text!("敏感级别", "sensitivity"),
            &head.sensitivities,
            &sensitivities,
            text!("没有分项可以使用", "no facet can have it"),
        ),
        (
            text!("办理层级", "level"),
            &head.levels,
            &levels,
            text!("没有分项可以使用", "no facet can have it"),
        ),
        (
            text!("岗位", "role"),
            &head.roles,
            &roles,
            text!("什么也不能查看", "it may read nothing"),
        ),
    ] {
        let unused = words.iter().filter(|word: &&Word| !used.contains(&word.id));
        findings.extend(unused.map(|word| {
            let message = text!(
                what, does_nothing;
                "{what} `{}` 从未使用：{does_nothing}",
                "{what} `{}` is never used: {does_nothing}",
                word.id
            );
            Finding::warning("words::unused", head::FILE, message)
                .at(place(files, head::FILE, &format!("\"{}\"", word.id)))
                .hint(text!(
                    "请删去：没用到的词看似保护，其实没有",
                    "leave it out; an unused word looks like a protection and is none"
                ))
        }));
    }
    findings.extend(order(all, files));
    findings
}

/// Where two people set a word at once, the later one of the list holds. Of two sensitivities that
/// must be the one that fewer may hold, and of two levels the one that more may.
fn order(all: &Enumeration<'_>, files: &CharterFiles) -> Vec<Finding> {
    let head = all.charter().head();
    let mut findings = Vec::new();
    for (what, words, later_is_wider) in [
        (text!("敏感级别", "sensitivity"), &head.sensitivities, false),
        (text!("办理层级", "level"), &head.levels, true),
    ] {
        for pair in words.windows(2) {
            let [earlier, later] = pair else { continue };
            let (first, second) = held(all, later_is_wider, earlier.id, later.id);
            if first == second || (second > first) == later_is_wider {
                continue;
            }
            let more = if later_is_wider {
                text!("少", "fewer")
            } else {
                text!("多", "more")
            };
            let message = text!(
                what, more;
                "{what} `{}` 排在 `{}` 之后，可以留存的节点反而更{more}",
                "{what} `{}` stands after `{}`, and {more} nodes may hold what has it",
                later.id, earlier.id
            );
            findings.push(
                Finding::warning("words::order", head::FILE, message)
                    .at(place(files, head::FILE, &format!("\"{}\"", later.id)))
                    .hint(text!(
                        "同时填写两个时以排在后面的为准；请对调次序",
                        "where both are set at once the later one holds; put them the other way"
                    )),
            );
        }
    }
    findings
}

/// How often a node may hold a facet that can have either word, with the one and with the other.
fn held(all: &Enumeration<'_>, levels: bool, one: Name, other: Name) -> (u64, u64) {
    let facets = all.charter().kinds().iter().flat_map(|kind| &kind.facets);
    let words = |facet: &Facet| match levels {
        true => facet.levels.clone(),
        false => facet.sensitivities.clone(),
    };
    let both: BTreeSet<Name> = facets
        .filter(|facet| words(facet).contains(&one) && words(facet).contains(&other))
        .map(|facet| facet.name)
        .collect();
    let count = |word: Name| {
        let rows = all.rows().iter().filter(|row| {
            let grade = row.example.label.grade;
            let has = match levels {
                true => grade.level,
                false => grade.sensitivity,
            };
            row.question == Question::Flow
                && has == word
                && both.contains(&row.example.label.facet)
                && all.allowed(row, State::Normal)
        });
        rows.map(|row| row.questions).sum()
    };
    (count(one), count(other))
}
