//! Changes of a charter's text that commands make for people: a node's key and addresses, another
//! reviewer, the next version's number. The text is edited line by line so that comments stay, and read
//! again afterwards: an edit that changed anything else is refused.

use crdt_model::ids::{NodeId, PublicKey};
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use toml::{Table, Value};

use crate::making::template::blocks;
use crate::reading::translation::of_toml;
use crate::signing::sshsig::{SshKey, SshKeyError};

/// Why a text was not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum EditError {
    /// It is not TOML.
    Unreadable {
        /// The file.
        file: &'static str,
        /// What is wrong.
        problem: Text,
    },
    /// No such node.
    NoSuchNode(NodeId),
    /// The text is laid out in a way that is not understood.
    Unusual {
        /// The file.
        file: &'static str,
        /// What was to be written.
        what: Text,
    },
    /// Another node has the key.
    SameKey {
        /// The other node.
        other: NodeId,
    },
    /// A public key file of a reviewer that cannot be used.
    ReviewerKey {
        /// Whose.
        name: String,
        /// What is wrong.
        problem: SshKeyError,
    },
    /// A reviewer with this name or key is listed.
    ReviewerTwice(String),
}

impl Explain for EditError {
    fn text(&self) -> Text {
        match self {
            Self::Unreadable { file, problem } => text!(
                problem;
                "读不懂 `{file}`：{problem}；请用 `mesh-policy check` 查看",
                "`{file}` cannot be read: {problem}; see `mesh-policy check`"
            ),
            Self::NoSuchNode(node) => text!(
                "`roster.toml` 中没有节点 {node}；请加上它，写明 `code`、`name`、`tier`、`parent`",
                "`roster.toml` lists no node {node}; add its entry with `code`, `name`, `tier` and \
                 `parent`"
            ),
            Self::Unusual { file, what } => text!(
                what;
                "`{file}` 的排列与通常不同：请手工写入{what}，每项各占一行",
                "`{file}` is laid out in an unusual way: write {what} there by hand, each on one line \
                 of its own"
            ),
            Self::SameKey { other } => text!(
                "节点 {other} 已经使用这把密钥；密钥在本节点的电脑上生成，不得复制",
                "node {other} has that key already; a key is made on the machine of its node and never \
                 copied"
            ),
            Self::ReviewerKey { name, problem } => text!(
                problem;
                "`{name}`：{problem}；请给出 `mesh-policy keys` 生成的 `.pub` 文件",
                "`{name}`: {problem}; give the `.pub` file that `mesh-policy keys` wrote"
            ),
            Self::ReviewerTwice(name) => text!(
                "审核人 `{name}`，或使用同一密钥的人，已经列出",
                "a reviewer named `{name}`, or with the same key, is listed already"
            ),
        }
    }
}

const ROSTER: &str = crate::reading::roster::FILE;
const HEAD: &str = crate::reading::head::FILE;

/// What is to be entered for a node; what is not given stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeEntry {
    /// Its public key.
    pub key: Option<PublicKey>,
    /// Where it can be dialled, as multiaddresses.
    pub addresses: Option<Vec<String>>,
}

/// A roster with a node's entry changed, and the key that the node had before.
pub fn set_node(
    roster: &str,
    node: NodeId,
    entry: &NodeEntry,
) -> Result<(String, Option<PublicKey>), EditError> {
    let mut wanted = parse(ROSTER, roster)?;
    let coded = |table: &Table| table.get("code").and_then(Value::as_str)?.parse().ok();
    if let Some(key) = entry.key {
        let holds = |table: &&mut Table| {
            let held = table.get("key").and_then(Value::as_str);
            held == Some(&key.to_string()) && coded(table) != Some(node)
        };
        let mut others = nodes_of(&mut wanted).into_iter();
        if let Some(other) = others.find(holds).and_then(|table| coded(table)) {
            return Err(EditError::SameKey { other });
        }
    }
    let mut before: Option<PublicKey> = None;
    let mut found = false;
    for table in nodes_of(&mut wanted) {
        if coded(table) == Some(node) {
            found = true;
            let held = table.get("key").and_then(Value::as_str);
            before = held.and_then(|key| key.parse().ok());
            enter(table, entry);
        }
    }
    if !found {
        return Err(EditError::NoSuchNode(node));
    }
    let edited = edit_block(roster, node, entry);
    match parse(ROSTER, &edited) {
        Ok(read) if read == wanted => Ok((edited, before)),
        _ => Err(EditError::Unusual {
            file: ROSTER,
            what: text!("`key` 和 `addresses`", "`key` and `addresses`"),
        }),
    }
}

fn nodes_of(roster: &mut Table) -> Vec<&mut Table> {
    let listed = roster.get_mut("node").and_then(Value::as_array_mut);
    let listed = listed.into_iter().flatten();
    listed.filter_map(Value::as_table_mut).collect()
}

fn enter(table: &mut Table, entry: &NodeEntry) {
    if let Some(key) = entry.key {
        table.insert("key".to_owned(), key.to_string().into());
        if table.get("state").and_then(Value::as_str) == Some("expected") {
            table.remove("state");
        }
    }
    if let Some(addresses) = &entry.addresses {
        table.insert("addresses".to_owned(), addresses.clone().into());
    }
}

fn edit_block(roster: &str, node: NodeId, entry: &NodeEntry) -> String {
    let (head, blocks) = blocks(roster, "[[node]]");
    let mut text = head.to_owned();
    for block in blocks {
        if !is_of(block, node) {
            text.push_str(block);
            continue;
        }
        let replaced = |line: &str| match line.split_once('=').map(|(key, _)| key.trim()) {
            Some("key") => entry.key.is_some(),
            Some("addresses") => entry.addresses.is_some(),
            Some("state") => entry.key.is_some() && line.contains("\"expected\""),
            _ => false,
        };
        for line in block.lines().filter(|line| !replaced(line)) {
            text.push_str(line);
            text.push('\n');
            if line.split_once('=').map(|(key, _)| key.trim()) == Some("code") {
                text.push_str(&lines_of(entry));
            }
        }
    }
    text
}

/// Whether an entry of the roster is this node's.
fn is_of(block: &str, node: NodeId) -> bool {
    let read = parse(ROSTER, block);
    read.is_ok_and(|mut read| {
        let code = |table: &&mut Table| table.get("code").and_then(Value::as_str)?.parse().ok();
        nodes_of(&mut read).iter().find_map(code) == Some(node)
    })
}

fn lines_of(entry: &NodeEntry) -> String {
    let mut text = String::new();
    if let Some(key) = entry.key {
        text.push_str(&format!("key = \"{key}\"\n"));
    }
    if let Some(addresses) = &entry.addresses {
        let quoted = addresses
            .iter()
            .map(|one| Value::from(one.as_str()).to_string());
        let quoted: Vec<String> = quoted.collect();
        text.push_str(&format!("addresses = [{}]\n", quoted.join(", ")));
    }
    text
}

/// A `charter.toml` that lists more reviewers, each by a name and a public key of OpenSSH.
pub fn add_reviewers(head: &str, reviewers: &[(String, String)]) -> Result<String, EditError> {
    let read = parse(HEAD, head)?;
    let listed = read.get("reviewer").and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(Value::as_table);
    let said = |table: &Table, key: &str| Some(table.get(key)?.as_str()?.to_owned());
    let mut names: Vec<String> = Vec::new();
    let mut keys = Vec::new();
    for table in listed {
        names.extend(said(table, "name"));
        let key = said(table, "key").and_then(|key| SshKey::parse(&key).ok());
        keys.extend(key.map(|key| key.point()));
    }
    let mut text = head.trim_end().to_owned();
    text.push('\n');
    for (name, line) in reviewers {
        let key = SshKey::parse(line).map_err(|problem| EditError::ReviewerKey {
            name: name.clone(),
            problem,
        })?;
        if names.contains(name) || keys.contains(&key.point()) {
            return Err(EditError::ReviewerTwice(name.clone()));
        }
        names.push(name.clone());
        keys.push(key.point());
        let (name, line) = (Value::from(name.as_str()), Value::from(line.trim()));
        text.push_str(&format!("\n[[reviewer]]\nname = {name}\nkey = {line}\n"));
    }
    parse(HEAD, &text)?;
    Ok(text)
}

/// A `charter.toml` with the next version's number and, if given, another last moment.
pub fn next_version(head: &str, valid_until: Option<&str>) -> Result<(String, i64), EditError> {
    let mut wanted = parse(HEAD, head)?;
    let unusual = EditError::Unusual {
        file: HEAD,
        what: text!("`version` 和 `valid_until`", "`version` and `valid_until`"),
    };
    let version = wanted.get("version").and_then(Value::as_integer);
    let version = version.and_then(|version| version.checked_add(1));
    let version = version.ok_or_else(|| unusual.clone())?;
    wanted.insert("version".to_owned(), version.into());
    let text = set_line(head, "version", &version.to_string());
    let text = match valid_until {
        None => text,
        Some(until) => {
            wanted.insert("valid_until".to_owned(), until.into());
            set_line(&text, "valid_until", &Value::from(until).to_string())
        }
    };
    match parse(HEAD, &text) {
        Ok(read) if read == wanted => Ok((text, version)),
        _ => Err(unusual),
    }
}

/// A `charter.toml` that holds between two other dates.
pub fn dated(head: &str, from: &str, until: &str) -> String {
    let text = set_line(head, "valid_from", &Value::from(from).to_string());
    set_line(&text, "valid_until", &Value::from(until).to_string())
}

/// The text with the value of a key before its first table replaced.
fn set_line(text: &str, key: &str, value: &str) -> String {
    let mut edited = String::new();
    let mut in_table = false;
    for line in text.lines() {
        in_table |= line.starts_with('[');
        let names = line.split_once('=').map(|(name, _)| name.trim()) == Some(key);
        match names && !in_table {
            true => edited.push_str(&format!("{key} = {value}")),
            false => edited.push_str(line),
        }
        edited.push('\n');
    }
    edited
}

fn parse(file: &'static str, text: &str) -> Result<Table, EditError> {
    text.parse()
        .map_err(|problem: toml::de::Error| EditError::Unreadable {
            file,
            problem: of_toml(problem.message()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROSTER_TEXT: &str = "# About.\n\n[[node]]\ncode = \"620723000000\" # the county\nname = \"临泽县\"\n\
                               # The first town.\n[[node]]\ncode = \"620723101000\"\nstate = \"expected\"\n";

    fn node(code: &str) -> NodeId {
        code.parse().expect("a code")
    }

    fn entry(key: u8, address: &str) -> NodeEntry {
        NodeEntry {
            key: Some(PublicKey([key; 32])),
            addresses: Some(vec![address.to_owned()]),
        }
    }

    #[test]
    fn a_key_and_an_address_are_entered_and_changed_and_nothing_else_is() {
        let town = node("620723101000");
        let (once, before) =
            set_node(ROSTER_TEXT, town, &entry(1, "/ip4/10.0.0.1/tcp/7070")).expect("an entry");
        assert_eq!(before, None);
        assert_eq!(
            once,
            ROSTER_TEXT.replace(
                "code = \"620723101000\"\nstate = \"expected\"\n",
                &format!(
                    "code = \"620723101000\"\nkey = \"{}\"\naddresses = [\"/ip4/10.0.0.1/tcp/7070\"]\n",
                    "01".repeat(32)
                )
            )
        );
        let (twice, before) =
            set_node(&once, town, &entry(2, "/dns4/town.example/tcp/1")).expect("an entry");
        assert_eq!(before, Some(PublicKey([1; 32])));
        assert!(twice.contains(&"02".repeat(32)) && !twice.contains(&"01".repeat(32)));
        assert!(
            twice.contains("town.example") && !twice.contains("10.0.0.1"),
            "{twice}"
        );
        let only_key = NodeEntry {
            addresses: None,
            ..entry(3, "")
        };
        let (third, _) = set_node(&twice, town, &only_key).expect("an entry");
        assert!(third.contains("town.example"), "the address stays: {third}");
    }

    #[test]
    fn what_is_not_understood_is_left_to_a_person() {
        let town = node("620723101000");
        let split = ROSTER_TEXT.replace(
            "state = \"expected\"\n",
            "addresses = [\n  \"/ip4/10.0.0.1/tcp/1\",\n]\n",
        );
        let refused = set_node(&split, town, &entry(1, "/ip4/10.0.0.2/tcp/1"));
        assert!(
            matches!(refused, Err(EditError::Unusual { .. })),
            "{refused:?}"
        );
        let stranger = node("620723102000");
        let refused = set_node(ROSTER_TEXT, stranger, &entry(1, "/ip4/10.0.0.2/tcp/1"));
        assert_eq!(refused, Err(EditError::NoSuchNode(stranger)));
        let county = node("620723000000");
        let (text, _) =
            set_node(ROSTER_TEXT, county, &entry(1, "/ip4/10.0.0.2/tcp/1")).expect("an entry");
        let refused = set_node(&text, town, &entry(1, "/ip4/10.0.0.3/tcp/1"));
        assert_eq!(refused, Err(EditError::SameKey { other: county }));
    }

    #[test]
    fn a_next_version_differs_by_its_number_and_its_end() {
        let head =
            "county = \"620723000000\"\nversion = 9\nvalid_until = \"A\"\n[x]\nversion = 9\n";
        let (text, version) = next_version(head, Some("B")).expect("a version");
        assert_eq!(version, 10);
        assert_eq!(
            text,
            "county = \"620723000000\"\nversion = 10\nvalid_until = \"B\"\n[x]\nversion = 9\n"
        );
        assert!(next_version("title = \"x\"\n", None).is_err());
    }

    #[test]
    fn reviewers_are_listed_once_each() {
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMDoOK+pwCTpWjvEHMeJ/WJbjkMSTUMGTYL9PjTPlmlI a";
        let one = |name: &str| (name.to_owned(), format!("{key}\n"));
        let text = add_reviewers("version = 1\n", &[one("wang")]).expect("listed");
        assert_eq!(
            text,
            format!("version = 1\n\n[[reviewer]]\nname = \"wang\"\nkey = \"{key}\"\n")
        );
        for again in ["wang", "li"] {
            let refused = add_reviewers(&text, &[one(again)]);
            assert_eq!(refused, Err(EditError::ReviewerTwice(again.to_owned())));
        }
        let refused = add_reviewers("", &[("li".to_owned(), "ssh-rsa AAAA".to_owned())]);
        assert!(matches!(refused, Err(EditError::ReviewerKey { .. })));
    }
}
