//! Names that a reader takes for each other: alike by the skeletons of Unicode UTS #39, or, among
//! words that rules are written in, one letter apart.

use std::collections::BTreeMap;

use crdt_model::charter::Charter;
use unicode_security::confusable_detection::skeleton;

use super::place;
use crate::charter::CedarCharter;
use crate::files::CharterFiles;
use crate::finding::Finding;
use crate::{head, roster, rules};

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
        findings.extend(same_skeleton(what, &names, files));
    }
    findings.extend(one_letter_apart("rule", &rule_ids(charter), files));
    findings.extend(one_letter_apart("facet", &facets(charter), files));
    findings
}

fn lists(charter: &CedarCharter) -> Vec<(&'static str, Vec<Named>)> {
    let head = charter.head();
    let in_head = |name: &str| Named {
        name: name.to_owned(),
        file: head::FILE.to_owned(),
    };
    let words = |words: &[crdt_model::kind::Word]| -> Vec<Named> {
        let texts = words
            .iter()
            .flat_map(|word| [word.zh.clone(), word.en.clone()]);
        texts.map(|text| in_head(&text)).collect()
    };
    let nodes = charter.roster().members().iter().map(|member| Named {
        name: member.name.clone(),
        file: roster::FILE.to_owned(),
    });
    let reviewers = charter.reviewers().iter();
    vec![
        ("node", nodes.collect()),
        ("rule", rule_ids(charter)),
        ("facet", facets(charter)),
        ("sensitivity", words(&head.sensitivities)),
        ("level", words(&head.levels)),
        ("role", words(&head.roles)),
        (
            "reviewer",
            reviewers.map(|reviewer| in_head(&reviewer.name)).collect(),
        ),
    ]
}

fn rule_ids(charter: &CedarCharter) -> Vec<Named> {
    let named = |rule: &rules::Rule| Named {
        name: rule.id.to_string(),
        file: rule.file.clone(),
    };
    charter.rules().map(named).collect()
}

fn facets(charter: &CedarCharter) -> Vec<Named> {
    let of_kind = |kind: &crdt_model::kind::Kind| {
        let file = format!("{}{}.toml", crate::kinds::FOLDER, kind.kind);
        let named = |facet: &crdt_model::kind::Facet| Named {
            name: facet.name.to_string(),
            file: file.clone(),
        };
        kind.facets.iter().map(named).collect::<Vec<_>>()
    };
    charter.kinds().iter().flat_map(of_kind).collect()
}

fn same_skeleton(what: &str, names: &[Named], files: &CharterFiles) -> Vec<Finding> {
    let mut seen: BTreeMap<String, &Named> = BTreeMap::new();
    let mut findings = Vec::new();
    for named in names {
        let shape: String = skeleton(&named.name.to_lowercase()).collect();
        if let Some(other) = seen.insert(shape, named) {
            findings.push(alike(what, other, named, "look the same", files));
        }
    }
    findings
}

fn one_letter_apart(what: &str, names: &[Named], files: &CharterFiles) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (position, one) in names.iter().enumerate() {
        let later = names.iter().skip(position + 1);
        let near = later.filter(|other| {
            one.name.len().min(other.name.len()) >= ONE_LETTER_LENGTH_MIN
                && strsim::osa_distance(&one.name, &other.name) == 1
        });
        findings.extend(near.map(|other| alike(what, one, other, "differ in one letter", files)));
    }
    findings
}

fn alike(what: &str, one: &Named, other: &Named, how: &str, files: &CharterFiles) -> Finding {
    let message = format!("{what} `{}` and `{}` {how}", one.name, other.name);
    let at = place(files, &other.file, &format!("\"{}\"", other.name));
    Finding::warning("names::look-alike", &other.file, message)
        .at(at)
        .hint("rename one, so that nobody grants to the one and means the other")
}
