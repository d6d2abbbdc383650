//! A new county's charter from a list of divisions: the template's kinds, rules and invariants, with
//! a roster of that county's nodes. Keys, reviewers and cases are for its people to add.

use std::collections::BTreeMap;

use crdt_model::charter::Tier;
use crdt_model::ids::NodeId;
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use serde::Deserialize;

use crate::making::template;
use crate::reading::checks;
use crate::reading::files::CharterFiles;
use crate::reading::head;
use crate::reading::roster;
use crate::reading::roster::{tier_by_code, tier_name};

/// Rows of a list of divisions; a county has a few hundred at the most.
const ROWS_MAX: usize = 10_000;
/// Digits of a node's code.
const CODE_DIGITS: usize = 12;

/// One row of a list of divisions.
#[derive(Deserialize)]
struct Row {
    code: String,
    name: String,
}

/// What a county is called and from when until when its first charter holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scaffold {
    /// The county's code.
    pub county: NodeId,
    /// The charter's title in Chinese.
    pub title_zh: String,
    /// The charter's title in English.
    pub title_en: String,
    /// As RFC 3339 writes it.
    pub valid_from: String,
    /// As RFC 3339 writes it.
    pub valid_until: String,
}

/// Why no charter can be made of a list of divisions.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum ScaffoldError {
    /// It is no table with `code` and `name`.
    Table(#[from] csv::Error),
    /// A code that cannot be one.
    Code {
        /// The line, from 1.
        line: u64,
        /// The code as given.
        code: String,
    },
    /// The same code twice.
    Twice {
        /// The line, from 1.
        line: u64,
        /// The code.
        node: NodeId,
    },
    /// Nothing of the county is listed.
    NoCounty(NodeId),
    /// A village whose township is not listed.
    NoParent {
        /// The node.
        node: NodeId,
        /// Its name.
        name: String,
        /// The node above it.
        parent: NodeId,
    },
    /// More rows than any list has.
    TooLong,
}

impl Explain for ScaffoldError {
    fn text(&self) -> Text {
        match self {
            Self::Table(problem) => {
                let line = problem.position().map(csv::Position::line);
                let line = line.map_or(String::new(), |line| format!("第 {line} 行"));
                Text {
                    zh: format!("区划表{line}读不懂；首行须有 `code` 和 `name` 两列"),
                    en: format!(
                        "the list of divisions: {problem}; it needs a header line with `code` and `name`"
                    ),
                }
            }
            Self::Code { line, code } => text!(
                "第 {line} 行：`{code}` 不是 6 位、9 位或 12 位区划代码",
                "line {line}: `{code}` is not a division code of 6, 9 or 12 digits"
            ),
            Self::Twice { line, node } => text!(
                "第 {line} 行：{node} 重复列出",
                "line {line}: {node} is listed twice"
            ),
            Self::NoCounty(county) => text!(
                "区划表中没有县 {county} 本身这一行；请用 `--county` 给出县的代码",
                "the list has no row for county {county} itself; `--county` names it by its code"
            ),
            Self::NoParent { node, name, parent } => text!(
                "{name}（{node}）的上级 {parent} 没有列出",
                "{node} {name} lies in {parent}, which is not listed"
            ),
            Self::TooLong => text!("超过 {ROWS_MAX} 行", "more than {ROWS_MAX} rows"),
        }
    }
}

/// The files of a new county's charter, and how many rows lie outside it.
///
/// # Errors
/// The list of divisions cannot be used.
pub fn scaffold(
    divisions: &str,
    wanted: &Scaffold,
) -> Result<(CharterFiles, usize), ScaffoldError> {
    let (nodes, outside) = read(divisions, wanted.county)?;
    let mut files = template::linze();
    for (path, content) in &mut files.files {
        let text = String::from_utf8_lossy(content);
        let text = match path.as_str() {
            head::FILE => confirmed_by(&head_text(&text, wanted), townships(&nodes)),
            roster::FILE => roster_text(&nodes, &wanted.title_zh),
            path if path.starts_with(checks::FOLDER) => {
                template::cases_of(&text, |node| nodes.contains_key(&node))
            }
            _ => continue,
        };
        *content = text.into_bytes();
    }
    Ok((files, outside))
}

fn read(
    divisions: &str,
    county: NodeId,
) -> Result<(BTreeMap<NodeId, String>, usize), ScaffoldError> {
    let mut nodes = BTreeMap::new();
    let mut outside = 0;
    let divisions = divisions.trim_start_matches('\u{feff}');
    let mut reader = csv::Reader::from_reader(divisions.as_bytes());
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        let row = row?;
        let line = index as u64 + 2;
        if index >= ROWS_MAX {
            return Err(ScaffoldError::TooLong);
        }
        let node = node_of(&row.code).ok_or_else(|| ScaffoldError::Code {
            line,
            code: row.code.clone(),
        })?;
        if node.county() != county {
            outside += 1;
        } else if nodes.insert(node, row.name.trim().to_owned()).is_some() {
            return Err(ScaffoldError::Twice { line, node });
        }
    }
    if !nodes.contains_key(&county) {
        return Err(ScaffoldError::NoCounty(county));
    }
    for (node, name) in &nodes {
        if let Some(parent) = node.parent().filter(|parent| !nodes.contains_key(parent)) {
            return Err(ScaffoldError::NoParent {
                node: *node,
                name: name.clone(),
                parent,
            });
        }
    }
    Ok((nodes, outside))
}

fn townships(nodes: &BTreeMap<NodeId, String>) -> usize {
    let township = |node: &&NodeId| node.township() == Some(**node);
    nodes.keys().filter(township).count()
}

/// More than half of the townships must confirm the charter; none where there are none.
fn confirmed_by(head: &str, townships: usize) -> String {
    let asked = format!("cosigners = {}", townships / 2 + 1);
    let mut text = String::new();
    let mut left_out = false;
    for line in head.lines() {
        left_out = (line == "[freshness]" || left_out && !line.is_empty()) && townships == 0;
        let line = if line.starts_with("cosigners = ") {
            &asked
        } else {
            line
        };
        if !left_out {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// A division code, padded to the twelve digits of a node's.
fn node_of(code: &str) -> Option<NodeId> {
    let code = code.trim();
    let known = [6, 9, CODE_DIGITS].contains(&code.len());
    let padded = format!("{code:0<CODE_DIGITS$}");
    padded.parse().ok().filter(|_| known)
}

fn head_text(template: &str, wanted: &Scaffold) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut text = String::from(
        "# The charter of a county, version 1. Reviewers and node keys are added where the\n# county makes them.\n",
    );
    let rest = template.lines().skip_while(|line| line.starts_with('#'));
    for line in rest {
        let line = match line.split('=').next().map(str::trim) {
            Some("county") => format!("county = \"{}\"", wanted.county),
            Some("title") => format!(
                "title = {{ zh = {}, en = {} }}",
                quoted(&wanted.title_zh),
                quoted(&wanted.title_en)
            ),
            Some("valid_from") => format!("valid_from = {}", quoted(&wanted.valid_from)),
            Some("valid_until") => format!("valid_until = {}", quoted(&wanted.valid_until)),
            _ => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn roster_text(nodes: &BTreeMap<NodeId, String>, title: &str) -> String {
    let mut text = format!(
        "# {title}: the county's nodes. A node's `key` is made on the node itself (`mesh-node init` \
         shows it);\n# `addresses` are where it can be dialled, and stay empty for nodes that only \
         dial out.\n"
    );
    for (node, name) in nodes {
        let tier = tier_by_code(*node);
        let name = toml::Value::from(name.as_str());
        text.push_str(&format!(
            "\n[[node]]\ncode = \"{node}\"\nname = {name}\ntier = \"{}\"\n",
            tier_name(tier)
        ));
        if let Some(parent) = node.parent().filter(|_| tier != Tier::County) {
            text.push_str(&format!("parent = \"{parent}\"\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CedarCharter;

    const DIVISIONS: &str = "\u{feff}code,name,parent,level\n620725,山丹县,6207,county\n\
        620725100,清泉镇,620725,town\n620725100201,拾号村村民委员会,620725100,village\n\
        620724,高台县,6207,county\n";

    fn wanted() -> Scaffold {
        Scaffold {
            county: "620725000000".parse().expect("a code"),
            title_zh: "山丹县\"样例\"章程".to_owned(),
            title_en: "Charter of an example county".to_owned(),
            valid_from: "2026-12-01T00:00:00+08:00".to_owned(),
            valid_until: "2028-12-01T00:00:00+08:00".to_owned(),
        }
    }

    #[test]
    fn a_list_of_divisions_becomes_a_charter_that_opens_and_holds() {
        let (files, outside) = scaffold(DIVISIONS, &wanted()).expect("a sound list");
        assert_eq!(outside, 1);
        let charter = CedarCharter::open(&files).unwrap_or_else(|findings| {
            panic!(
                "{}",
                crate::reading::finding::render_all(&findings, &files, false, text::Language::En)
            )
        });
        assert!(!charter.has_keys());
        assert_eq!(charter.head().freshness.map(|one| one.cosigners), Some(1));
        assert_eq!(charter.head().title.zh, "山丹县\"样例\"章程");
    }

    #[test]
    fn more_than_half_of_the_townships_confirm_a_charter() {
        let asked = |townships: usize| {
            let head =
                String::from_utf8(template::linze().files[head::FILE].clone()).expect("text");
            let text = confirmed_by(&head, townships);
            let line = text.lines().find(|line| line.starts_with("cosigners = "));
            (line.map(str::to_owned), text == head)
        };
        assert_eq!(asked(7), (Some("cosigners = 4".to_owned()), true));
        assert_eq!(asked(2).0, Some("cosigners = 2".to_owned()));
        assert_eq!(asked(0), (None, false));
    }

    #[test]
    fn a_list_that_cannot_be_used_says_why() {
        for (from, to, part) in [
            ("620725100201", "62072510020x", "line 4"),
            ("620725100,清泉镇", "620725101,清泉镇", "is not listed"),
            ("620725,山丹县", "620726,山丹县", "no row for county"),
            ("code,name", "id,name", "`code` and `name`"),
            ("620724,高台县", "620725,高台县", "twice"),
        ] {
            let refused = scaffold(&DIVISIONS.replacen(from, to, 1), &wanted());
            let told = refused.expect_err(to).to_string();
            assert!(told.contains(part), "{to}: {told}");
        }
    }
}
