//! Names that a reader takes for each other: alike by the skeletons of Unicode UTS #39, or, among
//! words that rules are written in, one letter apart.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::Charter;
use crdt_model::kind::{Kind, Word};
use crdt_model::text;
use crdt_model::text::Text;
use unicode_security::confusable_detection::skeleton;

use super::{last_place, place};
use crate::deciding::charter::CedarCharter;
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head;
use crate::reading::roster;
use crate::reading::rules;

/// Words shorter than this are told apart at a glance even if one letter differs.
const ONE_LETTER_LENGTH_MIN: usize = 5;

/// A name, the file it stands in, and the text to look for there.
struct Named {
    name: String,
    file: String,
}

pub(super) fn lint(charter: &CedarCharter, files: &CharterFiles) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (what, names) in lists(charter) {
        findings.extend(same_skeleton(&what, &names, files));
    }
    findings.extend(one_letter_apart(
        &text!("规则", "rule"),
        &rule_ids(charter),
        files,
    ));
    findings.extend(one_letter_apart(
        &text!("分项", "facet"),
        &facets(charter),
        files,
    ));
    findings
}

fn lists(charter: &CedarCharter) -> Vec<(Text, Vec<Named>)> {
    let head = charter.head();
    let in_head = |name: &str| Named {
        name: name.to_owned(),
        file: head::FILE.to_owned(),
    };
    // A word may be the same in both languages, so each is a list of its own.
    let zh = |words: &[Word]| words.iter().map(|word| in_head(&word.zh)).collect();
    let en = |words: &[Word]| words.iter().map(|word| in_head(&word.en)).collect();
    let nodes = charter.roster().members().iter().map(|member| Named {
        name: member.name.clone(),
        file: roster::FILE.to_owned(),
    });
    let reviewers = charter.reviewers().iter();
    let mut lists = vec![
        (text!("节点", "node"), nodes.collect()),
        (text!("规则", "rule"), rule_ids(charter)),
        (text!("分项", "facet"), facets(charter)),
        (text!("敏感级别", "sensitivity"), zh(&head.sensitivities)),
        (text!("敏感级别", "sensitivity"), en(&head.sensitivities)),
        (text!("办理层级", "level"), zh(&head.levels)),
        (text!("办理层级", "level"), en(&head.levels)),
        (text!("岗位", "role"), zh(&head.roles)),
        (text!("岗位", "role"), en(&head.roles)),
        (
            text!("审核人", "reviewer"),
            reviewers.map(|reviewer| in_head(&reviewer.name)).collect(),
        ),
    ];
    for kind in charter.kinds().iter() {
        let file = format!("{}{}.toml", crate::reading::kinds::FOLDER, kind.kind);
        lists.extend(titles(kind, &file));
    }
    lists
}

/// What people see of a kind's facets, fields and words, in each language.
fn titles(kind: &Kind, file: &str) -> Vec<(Text, Vec<Named>)> {
    let named = |text: &String| Named {
        name: text.clone(),
        file: file.to_owned(),
    };
    let facets = || kind.facets.iter();
    let mut lists = vec![
        (
            text!("分项", "facet"),
            facets().map(|one| named(&one.title.zh)).collect(),
        ),
        (
            text!("分项", "facet"),
            facets().map(|one| named(&one.title.en)).collect(),
        ),
    ];
    for facet in facets() {
        let fields = || facet.fields.iter();
        lists.push((
            text!("字段", "field"),
            fields().map(|one| named(&one.title.zh)).collect(),
        ));
        lists.push((
            text!("字段", "field"),
            fields().map(|one| named(&one.title.en)).collect(),
        ));
    }
    for words in kind.vocabularies.values() {
        lists.push((
            text!("选项", "word"),
            words.iter().map(|one| named(&one.zh)).collect(),
        ));
        lists.push((
            text!("选项", "word"),
            words.iter().map(|one| named(&one.en)).collect(),
        ));
    }
    lists
}

fn rule_ids(charter: &CedarCharter) -> Vec<Named> {
    let named = |rule: &rules::Rule| Named {
        name: rule.id.to_string(),
        file: rule.file.clone(),
    };
    charter.rules().map(named).collect()
}

fn facets(charter: &CedarCharter) -> Vec<Named> {
    let of_kind = |kind: &Kind| {
        let file = format!("{}{}.toml", crate::reading::kinds::FOLDER, kind.kind);
        let named = |facet: &crdt_model::kind::Facet| Named {
            name: facet.name.to_string(),
            file: file.clone(),
        };
        kind.facets.iter().map(named).collect::<Vec<_>>()
    };
    charter.kinds().iter().flat_map(of_kind).collect()
}

fn same_skeleton(what: &Text, names: &[Named], files: &CharterFiles) -> Vec<Finding> {
    let mut seen: BTreeMap<String, &Named> = BTreeMap::new();
    let mut findings = Vec::new();
    for named in names {
        // As written and in small letters: a capital I is taken for an l, and Li for li.
        let shapes: BTreeSet<String> = [named.name.clone(), named.name.to_lowercase()]
            .iter()
            .map(|name| skeleton(name).collect())
            .collect();
        let others: Vec<_> = shapes
            .into_iter()
            .filter_map(|shape| seen.insert(shape, named))
            .collect();
        if let Some(other) = others.first() {
            findings.push(alike(
                what,
                other,
                named,
                &text!("看起来相同", "look the same"),
                files,
            ));
        }
    }
    findings
}

fn one_letter_apart(what: &Text, names: &[Named], files: &CharterFiles) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (position, one) in names.iter().enumerate() {
        let later = names.iter().skip(position + 1);
        let near = later.filter(|other| {
            one.name.len().min(other.name.len()) >= ONE_LETTER_LENGTH_MIN
                && strsim::osa_distance(&one.name, &other.name) == 1
        });
        findings.extend(near.map(|other| {
            alike(
                what,
                one,
                other,
                &text!("只差一个字母", "differ in one letter"),
                files,
            )
        }));
    }
    findings
}

fn alike(what: &Text, one: &Named, other: &Named, how: &Text, files: &CharterFiles) -> Finding {
    let message = text!(
        what, how;
        "{what} `{}` 与 `{}` {how}，容易看错",
        "{what} `{}` and `{}` {how}",
        one.name,
        other.name
    );
    let quoted = format!("\"{}\"", other.name);
    let at = if one.name == other.name {
        last_place(files, &other.file, &quoted)
    } else {
        place(files, &other.file, &quoted)
    };
    Finding::warning("names::look-alike", &other.file, message)
        .at(at)
        .hint(text!(
            "请改掉一个，以免授权给了这个、想的是那个",
            "rename one, so that nobody grants to the one and means the other"
        ))
}
