//! The charter of Linze County as a template, and filling one in: keys, addresses, reviewers, dates.
//! Its files are edited as text so that their comments stay.

use std::collections::BTreeMap;

use crdt_model::ids::{NodeId, PublicKey};

use crate::making::edit;
use crate::reading::checks;
use crate::reading::files::CharterFiles;
use crate::reading::head;
use crate::reading::roster;

/// Files of the template, brought along so that a county can be made in any directory.
macro_rules! files {
    ($($path:literal),+ $(,)?) => {
        [$((
            $path,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/linze/charter/", $path))
                .as_slice(),
        )),+]
    };
}

/// The charter of Linze County without keys and reviewers, in force between two dates as RFC 3339
/// writes them.
pub fn linze_between(from: &str, until: &str) -> CharterFiles {
    let mut files = linze();
    if let Some(content) = files.files.get_mut(head::FILE) {
        let text = String::from_utf8_lossy(content);
        *content = edit::dated(&text, from, until).into_bytes();
    }
    files
}

/// The charter of Linze County, without keys and reviewers.
pub fn linze() -> CharterFiles {
    let files = files!(
        "charter.toml",
        "calendar.toml",
        "measures.toml",
        "roster.toml",
        "mesh.cedarschema",
        "kinds/callout.toml",
        "kinds/case.toml",
        "kinds/checklist.toml",
        "kinds/device.toml",
        "kinds/directory.toml",
        "kinds/grid.toml",
        "kinds/handoff.toml",
        "kinds/inspection.toml",
        "kinds/notice.toml",
        "kinds/numbers.toml",
        "kinds/presence.toml",
        "kinds/review.toml",
        "kinds/snapshot.toml",
        "emergency/devices.cedar",
        "rules/author.cedar",
        "rules/flow.cedar",
        "rules/guard.cedar",
        "rules/read.cedar",
        "checks/cases.toml",
        "checks/invariants.toml",
        "checks/practice.toml",
    );
    let files = files.map(|(path, content)| (path.to_owned(), content.to_vec()));
    CharterFiles {
        files: files.into(),
    }
}

/// What a county adds to a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filling {
    /// The nodes that the county has, with what is added to each.
    pub nodes: BTreeMap<NodeId, Entry>,
    /// Names and public keys of reviewers, each key as one line of OpenSSH.
    pub reviewers: Vec<(String, String)>,
    /// From when on the charter holds, as RFC 3339 writes it.
    pub from: String,
    /// Until when.
    pub until: String,
}

/// What a county adds to one node's entry in the roster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its public key.
    pub key: PublicKey,
    /// Where it can be dialled, as multiaddresses.
    pub addresses: Vec<String>,
}

/// The template filled in, with these nodes only and the cases that speak of no others.
pub fn fill(template: &CharterFiles, filling: &Filling) -> CharterFiles {
    let mut filled = template.clone();
    for (path, content) in &mut filled.files {
        let text = String::from_utf8_lossy(content);
        let text = match path.as_str() {
            head::FILE => fill_head(&text, filling),
            roster::FILE => fill_roster(&text, &filling.nodes),
            path if path.starts_with(checks::FOLDER) => {
                cases_of(&text, |node| filling.nodes.contains_key(&node))
            }
            _ => continue,
        };
        *content = text.into_bytes();
    }
    filled
}

/// The nodes of a template's roster, in its order.
pub fn nodes(template: &CharterFiles) -> Vec<NodeId> {
    let roster = template.files.get(roster::FILE);
    let text = String::from_utf8_lossy(roster.map_or(&[], Vec::as_slice));
    let (_, blocks) = blocks(&text, "[[node]]");
    blocks.into_iter().filter_map(code_of).collect()
}

/// The roster with keys and addresses, and with the entries of these nodes only.
fn fill_roster(template: &str, entries: &BTreeMap<NodeId, Entry>) -> String {
    let (head, blocks) = blocks(template, "[[node]]");
    let mut text = head.to_owned();
    for block in blocks {
        let Some(entry) = code_of(block).and_then(|code| entries.get(&code)) else {
            continue;
        };
        text.push_str(block.trim_end());
        text.push_str(&format!("\nkey = \"{}\"\n", entry.key));
        if !entry.addresses.is_empty() {
            let quoted: Vec<String> = entry
                .addresses
                .iter()
                .map(|address| format!("\"{address}\""))
                .collect();
            text.push_str(&format!("addresses = [{}]\n", quoted.join(", ")));
        }
        text.push('\n');
    }
    text
}

/// The cases that speak of such nodes only.
pub(crate) fn cases_of(template: &str, has: impl Fn(NodeId) -> bool) -> String {
    let (head, blocks) = blocks(template, "[[case]]");
    let known = |block: &&str| {
        let quoted = block.split('"').skip(1).step_by(2);
        quoted.filter_map(|text| text.parse().ok()).all(&has)
    };
    blocks
        .into_iter()
        .filter(known)
        .fold(head.to_owned(), |text, block| text + block)
}

/// `charter.toml` with reviewers, in force between two dates.
fn fill_head(template: &str, filling: &Filling) -> String {
    let mut text = String::new();
    // Of a part of the county fewer can confirm its charter, and nobody where it has no township.
    let townships = filling
        .nodes
        .keys()
        .filter(|node| node.township() == Some(**node));
    let townships = townships.count();
    let mut within_freshness = false;
    for line in template.lines() {
        if line.starts_with('[') {
            within_freshness = line == "[freshness]";
        }
        if within_freshness && townships == 0 {
            continue;
        }
        match line.split('=').next().map(str::trim) {
            Some("cosigners") if within_freshness => {
                let cosigners = line
                    .split('=')
                    .nth(1)
                    .and_then(|count| count.trim().parse().ok());
                let cosigners = cosigners.unwrap_or(townships).min(townships);
                text.push_str(&format!("cosigners = {cosigners}"));
            }
            Some("valid_from") => text.push_str(&format!("valid_from = \"{}\"", filling.from)),
            Some("valid_until") => text.push_str(&format!("valid_until = \"{}\"", filling.until)),
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    for (name, key) in &filling.reviewers {
        text.push_str(&format!(
            "\n[[reviewer]]\nname = \"{name}\"\nkey = \"{key}\"\n"
        ));
    }
    text
}

/// What stands before the first table of this name, and each of these tables.
pub(crate) fn blocks<'a>(text: &'a str, table: &str) -> (&'a str, Vec<&'a str>) {
    let mut starts: Vec<usize> = text
        .match_indices(table)
        .map(|(start, _)| start)
        .filter(|start| {
            text.get(..*start)
                .is_some_and(|before| before.is_empty() || before.ends_with('\n'))
        })
        .collect();
    let head = starts
        .first()
        .map_or(text, |first| text.get(..*first).unwrap_or(text));
    starts.push(text.len());
    let block = |pair: &[usize]| match pair {
        [start, end] => text.get(*start..*end),
        _ => None,
    };
    (head, starts.windows(2).filter_map(block).collect())
}

fn code_of(block: &str) -> Option<NodeId> {
    let line = block.lines().find_map(|line| line.strip_prefix("code"))?;
    line.trim_start_matches([' ', '='])
        .trim()
        .trim_matches('"')
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROSTER: &str = "# About.\n\n[[node]]\ncode = \"620723000000\"\nname = \"临泽县\"\n\n\
                          [[node]]\ncode = \"620723101000\"\nname = \"沙河镇\"\n";

    fn node(code: &str) -> NodeId {
        code.parse().expect("a code")
    }

    fn entries(codes: &[&str]) -> BTreeMap<NodeId, Entry> {
        let entry = Entry {
            key: PublicKey([7; 32]),
            addresses: vec!["/ip4/127.0.0.1/tcp/1".into()],
        };
        let codes = codes.iter();
        codes.map(|code| (node(code), entry.clone())).collect()
    }

    #[test]
    fn every_file_of_the_charter_is_brought_along() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/linze/charter");
        let files = CharterFiles::read(std::path::Path::new(folder)).expect("readable");
        assert_eq!(linze(), files);
    }

    #[test]
    fn keys_and_addresses_are_added_and_comments_stay() {
        let text = fill_roster(ROSTER, &entries(&["620723101000"]));
        assert!(text.starts_with("# About.\n"));
        assert!(
            !text.contains("620723000000"),
            "only the nodes asked for: {text}"
        );
        let read: toml::Table = text.parse().expect("still TOML");
        let first = &read["node"][0];
        assert_eq!(first["key"].as_str().map(str::len), Some(64));
        assert_eq!(first["addresses"][0].as_str(), Some("/ip4/127.0.0.1/tcp/1"));
    }

    #[test]
    fn nodes_are_found_in_their_order() {
        let files = [(roster::FILE.to_owned(), ROSTER.as_bytes().to_vec())];
        let template = CharterFiles {
            files: files.into(),
        };
        assert_eq!(
            nodes(&template),
            [node("620723000000"), node("620723101000")]
        );
    }

    #[test]
    fn cases_about_absent_nodes_are_left_out() {
        let text = "# Cases.\n[[case]]\nnode = \"620723000000\"\nhome = \"620723000000\"\n\
                    [[case]]\nnode = \"620723000000\"\nhome = \"620723101205\"\n";
        let kept = cases_of(text, |one| one == node("620723000000"));
        assert_eq!(kept.matches("[[case]]").count(), 1);
        assert!(kept.starts_with("# Cases.\n"));
    }

    #[test]
    fn no_more_townships_confirm_than_there_are() {
        let template = "version = 1\n[freshness]\ncosigners = 4\nfresh_hours = 168\n\n[[role]]\n";
        let filled = |codes: &[&str]| {
            let filling = Filling {
                nodes: entries(codes),
                reviewers: Vec::new(),
                from: String::new(),
                until: String::new(),
            };
            fill_head(template, &filling)
        };
        let two = filled(&["620723000000", "620723101000", "620723102000"]);
        assert!(two.contains("cosigners = 2\nfresh_hours = 168\n"), "{two}");
        let none = filled(&["620723000000"]);
        assert_eq!(none, "version = 1\n[[role]]\n");
    }

    #[test]
    fn reviewers_come_last_and_dates_are_replaced() {
        let template =
            "version = 1\nvalid_from = \"2020-01-01T00:00:00Z\"\n[[role]]\nid = \"clerk\"\n";
        let filling = Filling {
            nodes: BTreeMap::new(),
            reviewers: vec![("li".to_owned(), "ssh-ed25519 AAAA li".to_owned())],
            from: "A".to_owned(),
            until: "B".to_owned(),
        };
        let read: toml::Table = fill_head(template, &filling).parse().expect("TOML");
        assert_eq!(read["valid_from"].as_str(), Some("A"));
        assert_eq!(read["reviewer"][0]["name"].as_str(), Some("li"));
    }
}
