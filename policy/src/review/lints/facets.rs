//! Facets that no one can write, that nobody but home can hold, or that nobody can read.

use std::collections::BTreeMap;

use crdt_model::charter::Charter;
use crdt_model::ids::Name;
use crdt_model::text;

use super::place;
use crate::deciding::question::{Question, State};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::review::enumeration::Enumeration;

/// What can be done with a facet, at any grade.
#[derive(Default)]
struct Uses {
    authored: bool,
    held_elsewhere: bool,
    read: bool,
}

pub(super) fn lint(all: &Enumeration<'_>, files: &CharterFiles) -> Vec<Finding> {
    let mut uses: BTreeMap<Name, Uses> = BTreeMap::new();
    for row in all.rows() {
        let (label, node) = (row.example.label, row.example.node);
        let facet = uses.entry(label.facet).or_default();
        let allowed = all.allowed(row, State::Normal);
        match row.question {
            Question::Author => facet.authored |= allowed,
            Question::Flow => facet.held_elsewhere |= allowed && node != label.home,
            Question::Read(_) => facet.read |= allowed,
            Question::Regrade | Question::Export(_) => {}
        }
    }
    let mut findings = Vec::new();
    for kind in all.charter().kinds().iter() {
        let file = format!("{}{}.toml", crate::reading::kinds::FOLDER, kind.kind);
        for facet in &kind.facets {
            let Some(uses) = uses.get(&facet.name) else {
                continue;
            };
            let at = || place(files, &file, &format!("\"{}\"", facet.name));
            let (name, title) = (facet.name, &facet.title.zh);
            let warn = |code, message| Finding::warning(code, &file, message).at(at());
            if !uses.authored {
                let message = text!(
                    "没有节点可以填写{title}（`{name}`）",
                    "no node may write `{name}`"
                );
                findings.push(warn("facets::nobody-writes", message).hint(text!(
                    "请补一条填写规则（`author`），或删去这个分项",
                    "add an `author` rule, or leave the facet out"
                )));
            }
            if !uses.read {
                let message = text!(
                    "没有岗位可以查看{title}（`{name}`）",
                    "no person may read `{name}` anywhere"
                );
                findings.push(warn("facets::nobody-reads", message).hint(text!(
                    "请补一条查看规则（`read`），或删去这个分项",
                    "add a `read` rule, or leave the facet out"
                )));
            }
            if !uses.held_elsewhere {
                let message = text!(
                    "{title}（`{name}`）从不离开所属节点",
                    "`{name}` never leaves home"
                );
                findings.push(
                    Finding::note("facets::never-leaves-home", &file, message)
                        .at(at())
                        .hint(text!(
                            "如果本意如此，请在 `checks/invariants.toml` 写一条底线要求说明",
                            "if that is meant, say so with an invariant"
                        )),
                );
            }
        }
    }
    findings
}
