//! Words of the charter that nothing uses: a sensitivity or level that no facet has, a role that
//! may read nothing.

use std::collections::BTreeSet;

use crdt_model::charter::Charter;
use crdt_model::ids::Name;
use crdt_model::kind::Word;

use super::place;
use crate::files::CharterFiles;
use crate::finding::Finding;
use crate::head;
use crate::question::{Question, State};
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
            "sensitivity",
            &head.sensitivities,
            &sensitivities,
            "no facet can have it",
        ),
        ("level", &head.levels, &levels, "no facet can have it"),
        ("role", &head.roles, &roles, "it may read nothing"),
    ] {
        let unused = words.iter().filter(|word: &&Word| !used.contains(&word.id));
        findings.extend(unused.map(|word| {
            let message = format!("{what} `{}` is never used: {does_nothing}", word.id);
            Finding::warning("words::unused", head::FILE, message)
                .at(place(files, head::FILE, &format!("\"{}\"", word.id)))
                .hint("leave it out; an unused word looks like a protection and is none")
        }));
    }
    findings
}
