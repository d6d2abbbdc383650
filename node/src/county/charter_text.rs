//! The template's files as text, with what a county adds to them: keys, addresses, reviewers, dates.
//! They are edited as text so that their comments stay.

use std::collections::BTreeMap;

use crdt_model::ids::{NodeId, PublicKey};

/// What a county adds to one node's entry in the roster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) key: PublicKey,
    pub(super) addresses: Vec<String>,
}

/// The roster with keys and addresses, and with the entries of these nodes only.
pub(super) fn roster(template: &str, entries: &BTreeMap<NodeId, Entry>) -> String {
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

/// The nodes of a roster, in its order.
pub(super) fn nodes(template: &str) -> Vec<NodeId> {
    blocks(template, "[[node]]")
        .1
        .into_iter()
        .filter_map(code_of)
        .collect()
}

/// The cases that speak of these nodes only.
pub(super) fn cases(template: &str, nodes: &[NodeId]) -> String {
    let (head, blocks) = blocks(template, "[[case]]");
    let known = |block: &&str| {
        let quoted = block.split('"').skip(1).step_by(2);
        quoted
            .filter_map(|text| text.parse().ok())
            .all(|node: NodeId| nodes.contains(&node))
    };
    blocks
        .into_iter()
        .filter(known)
        .fold(head.to_owned(), |text, block| text + block)
}

/// `charter.toml` with reviewers, in force between two dates.
pub(super) fn head(
    template: &str,
    reviewers: &[(String, String)],
    from: &str,
    until: &str,
) -> String {
    let mut text = String::new();
    for line in template.lines() {
        match line.split('=').next().map(str::trim) {
            Some("valid_from") => text.push_str(&format!("valid_from = \"{from}\"")),
            Some("valid_until") => text.push_str(&format!("valid_until = \"{until}\"")),
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    for (name, key) in reviewers {
        text.push_str(&format!(
            "\n[[reviewer]]\nname = \"{name}\"\nkey = \"{key}\"\n"
        ));
    }
    text
}

/// What stands before the first table of this name, and each of these tables.
fn blocks<'a>(text: &'a str, table: &str) -> (&'a str, Vec<&'a str>) {
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
                          [[node]]\ncode = \"620723101000\"\nname = \"沙河镇\"\nstate = \"active\"\n";

    fn node(code: &str) -> NodeId {
        code.parse().expect("a code")
    }

    #[test]
    fn keys_and_addresses_are_added_and_comments_stay() {
        let entry = Entry {
            key: PublicKey([7; 32]),
            addresses: vec!["/ip4/127.0.0.1/tcp/1".into()],
        };
        let text = roster(ROSTER, &BTreeMap::from([(node("620723101000"), entry)]));
        assert!(text.starts_with("# About.\n"));
        assert!(
            !text.contains("620723000000"),
            "only the nodes asked for: {text}"
        );
        let read: toml::Table = text.parse().expect("still TOML");
        let first = &read["node"][0];
        assert_eq!(first["key"].as_str().map(str::len), Some(64));
        assert_eq!(first["addresses"][0].as_str(), Some("/ip4/127.0.0.1/tcp/1"));
        assert_eq!(first["state"].as_str(), Some("active"));
    }

    #[test]
    fn nodes_are_found_in_their_order() {
        assert_eq!(nodes(ROSTER), [node("620723000000"), node("620723101000")]);
    }

    #[test]
    fn cases_about_absent_nodes_are_left_out() {
        let text = "# Cases.\n[[case]]\nnode = \"620723000000\"\nhome = \"620723000000\"\n\
                    [[case]]\nnode = \"620723000000\"\nhome = \"620723101205\"\n";
        let kept = cases(text, &[node("620723000000")]);
        assert_eq!(kept.matches("[[case]]").count(), 1);
        assert!(kept.starts_with("# Cases.\n"));
    }

    #[test]
    fn reviewers_come_last_and_dates_are_replaced() {
        let template =
            "version = 1\nvalid_from = \"2020-01-01T00:00:00Z\"\n[[role]]\nid = \"clerk\"\n";
        let reviewers = [("li".to_owned(), "ssh-ed25519 AAAA li".to_owned())];
        let read: toml::Table = head(template, &reviewers, "A", "B").parse().expect("TOML");
        assert_eq!(read["valid_from"].as_str(), Some("A"));
        assert_eq!(read["reviewer"][0]["name"].as_str(), Some("li"));
    }
}
