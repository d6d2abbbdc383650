//! `roster.toml`: the nodes of the county, their keys and where they can be dialled.

use std::collections::BTreeMap;

use crdt_model::charter::{Member, Roster, RosterError, Standing, Tier};
use crdt_model::ids::{NodeId, PublicKey};
use crdt_model::limits::ROSTER_NODES_MAX;
use crdt_model::text;
use crdt_model::text::Text;
use serde::Deserialize;

use crate::reading::document::{Document, Step};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;

/// The path of the file in the charter folder.
pub const FILE: &str = "roster.toml";

/// Addresses that one node may list.
const ADDRESSES_MAX: usize = 8;
/// Bytes of one address.
const ADDRESS_BYTES_MAX: usize = 256;
/// Characters of a node's name.
const NAME_CHARACTERS_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    code: NodeId,
    name: String,
    tier: Tier,
    parent: Option<NodeId>,
    key: Option<PublicKey>,
    #[serde(default)]
    addresses: Vec<String>,
    /// Without it, a node with a key is active and one without is expected.
    state: Option<Standing>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The roster, and whether any node has a key. In a template none has: there every node counts as a
/// member, so that all of its rules can be asked, and nobody can sign or adopt it.
#[derive(Debug)]
pub(crate) struct ReadRoster {
    pub(crate) roster: Roster,
    pub(crate) keyed: bool,
}

/// Reads and checks `roster.toml`.
pub(crate) fn read(
    files: &CharterFiles,
    county: Option<NodeId>,
    findings: &mut Vec<Finding>,
) -> Option<ReadRoster> {
    let document = Document::parse(files, FILE, findings)?;
    let before = findings.len();
    let _: Option<Nothing> = document.read_without(&["node"], findings);
    let read = findings.len();
    let nodes = document.read_array::<Raw>("node", findings);
    // Where a node could not be read, others seem to miss it.
    let whole = findings.len() == read;
    if whole {
        check_numbers(&document, &nodes, findings);
        check_outside(&document, &nodes, county, findings);
    }
    check_unique(&document, &nodes, findings);
    check_tree(&document, &nodes, whole, findings);
    for (index, node) in &nodes {
        check_state(&document, *index, node, findings);
        check_text(&document, *index, node, findings);
    }
    if findings.len() > before {
        return None;
    }
    let keyed = nodes.iter().any(|(_, node)| node.key.is_some());
    let without_key = if keyed {
        Standing::Expected
    } else {
        Standing::Active
    };
    let members = nodes.into_iter().map(|(_, node)| member(node, without_key));
    match Roster::new(members.collect()) {
        Ok(roster) => Some(ReadRoster { roster, keyed }),
        Err(problem) => {
            findings.push(Finding::error("roster::refused", FILE, refused(&problem)));
            None
        }
    }
}

/// Everything that is wrong was found before; this says so where it was not.
fn refused(problem: &RosterError) -> Text {
    Text {
        zh: "名册中的节点、公钥或上级不合规定".to_owned(),
        en: problem.to_string(),
    }
}

fn member(node: Raw, without_key: Standing) -> Member {
    let by_key = match node.key {
        Some(_) => Standing::Active,
        None => without_key,
    };
    let standing = node.state.unwrap_or(by_key);
    Member {
        node: node.code,
        name: node.name,
        tier: node.tier,
        parent: node.parent,
        key: node.key.unwrap_or_else(|| no_key_yet(node.code)),
        addresses: node.addresses,
        standing,
    }
}

/// Stands where a node has no key. Nobody has the secret half of it; such a node is active only in a
/// template.
fn no_key_yet(node: NodeId) -> PublicKey {
    let mut bytes = [0xff; 32];
    let code = node.code().to_be_bytes();
    bytes.iter_mut().zip(code).for_each(|(to, from)| *to = from);
    PublicKey(bytes)
}

fn span(document: &Document<'_>, index: usize, key: &str) -> Option<std::ops::Range<usize>> {
    document.span(&[Step::Key("node"), Step::Index(index), Step::Key(key)])
}

fn check_numbers(document: &Document<'_>, nodes: &[(usize, Raw)], findings: &mut Vec<Finding>) {
    if nodes.len() > ROSTER_NODES_MAX {
        let message = text!(
            "{} 个节点，最多 {ROSTER_NODES_MAX} 个",
            "{} nodes, where at most {ROSTER_NODES_MAX} are allowed",
            nodes.len()
        );
        findings.push(Finding::error("roster::too-many", document.file(), message));
    }
    let counties = nodes
        .iter()
        .filter(|(_, node)| node.tier == Tier::County)
        .count();
    if counties != 1 {
        let message = text!(
            "层级为 `county` 的节点有 {counties} 个，须恰好 1 个",
            "{counties} nodes of tier `county`, where exactly one is needed"
        );
        findings.push(Finding::error("roster::county", document.file(), message));
    }
    let revoked = nodes
        .iter()
        .find(|(_, node)| node.tier == Tier::County && node.state == Some(Standing::Revoked));
    if let Some((index, node)) = revoked {
        let message = text!(
            "县级节点 `{}` 已撤销",
            "the county's node `{}` is revoked",
            node.code
        );
        findings.push(
            Finding::error("roster::county", document.file(), message)
                .at(span(document, *index, "state"))
                .hint(text!(
                    "县级节点一撤销，全县都收不到内容；请改为更换密钥",
                    "without it nothing reaches anybody; give it a new key instead"
                )),
        );
    }
}

fn check_unique(document: &Document<'_>, nodes: &[(usize, Raw)], findings: &mut Vec<Finding>) {
    let mut codes = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for (index, node) in nodes {
        if codes.insert(node.code, ()).is_some() {
            let message = text!("节点 `{}` 重复列出", "node `{}` is listed twice", node.code);
            findings.push(
                Finding::error("roster::twice", document.file(), message)
                    .at(span(document, *index, "code")),
            );
        }
        if let Some(key) = node.key
            && let Some(other) = keys.insert(key, node.code)
        {
            let message = text!(
                "节点 `{other}` 与 `{}` 的公钥相同",
                "nodes `{other}` and `{}` have the same key",
                node.code
            );
            findings.push(
                Finding::error("roster::same-key", document.file(), message)
                    .at(span(document, *index, "key"))
                    .hint(text!(
                        "密钥在本节点的电脑上生成，不得复制到其他电脑",
                        "a key is made on the machine of its node and never copied to another"
                    )),
            );
        }
    }
}

fn check_tree(
    document: &Document<'_>,
    nodes: &[(usize, Raw)],
    whole: bool,
    findings: &mut Vec<Finding>,
) {
    let tiers: BTreeMap<NodeId, Tier> = nodes
        .iter()
        .map(|(_, node)| (node.code, node.tier))
        .collect();
    for (index, node) in nodes {
        let by_code = tier_by_code(node.code);
        if node.tier != by_code {
            let message = text!(
                "按代码，`{}` 的层级应为 `{}`",
                "`{}` is the code of a {}",
                node.code,
                tier_name(by_code)
            );
            findings.push(
                Finding::error("roster::tier", document.file(), message)
                    .at(span(document, *index, "tier"))
                    .hint(text!(
                        "层级由代码决定；两者必有一个写错",
                        "a node's tier follows from its code; one of the two is mistyped"
                    )),
            );
        }
        let listed = node.parent.is_none_or(|parent| tiers.contains_key(&parent));
        let problem = if node.parent != node.code.parent() {
            let needed = node.code.parent();
            let needed = needed.map_or_else(
                || text!("空", "none"),
                |parent| text!("`{parent}`", "`{parent}`"),
            );
            text!(
                needed;
                "按区划代码，`{}` 的上级应为 {needed}",
                "the parent of `{}` is {needed}, as its code says",
                node.code
            )
        } else if whole && !listed {
            text!(
                "名册中没有 `{}` 的上级",
                "the parent of `{}` is not listed",
                node.code
            )
        } else {
            continue;
        };
        findings.push(
            Finding::error("roster::parent", document.file(), problem)
                .at(span(document, *index, "parent").or(span(document, *index, "code")))
                .hint(text!(
                    "除县级外，每个节点的上级都须列入名册",
                    "every node but the county has its parent in the roster"
                )),
        );
    }
}

/// One finding for all nodes of other counties: where the county is wrong, all of them are.
fn check_outside(
    document: &Document<'_>,
    nodes: &[(usize, Raw)],
    county: Option<NodeId>,
    findings: &mut Vec<Finding>,
) {
    let Some(county) = county.map(NodeId::county) else {
        return;
    };
    let outside = nodes
        .iter()
        .filter(|(_, node)| node.code.county() != county);
    let outside: Vec<_> = outside.collect();
    if let Some((index, node)) = outside.first() {
        let message = match outside.len() {
            1 => text!(
                "`{}` 不属于本县（`{county}`）",
                "`{}` lies outside county `{county}`",
                node.code
            ),
            count => text!(
                "`{}` 和另外 {} 个节点不属于本县（`{county}`）",
                "`{}` and {} others lie outside county `{county}`",
                node.code,
                count - 1
            ),
        };
        findings.push(
            Finding::error("roster::outside", document.file(), message)
                .at(span(document, *index, "code"))
                .hint(text!(
                    "本县由 `charter.toml` 写明",
                    "`charter.toml` says which county it is"
                )),
        );
    }
}

/// A node that is active has a key, and one that is expected has none.
fn check_state(document: &Document<'_>, index: usize, node: &Raw, findings: &mut Vec<Finding>) {
    let code = node.code;
    let (message, hint) = match (node.state, node.key) {
        (Some(Standing::Active), None) => (
            text!(
                "`{code}` 标为在用，却没有公钥",
                "`{code}` is active and has no key"
            ),
            text!(
                "请写入 `mesh-node init` 显示的公钥；或删去 `state`，即为待加入",
                "give it the key that `mesh-node init` shows; or leave `state` out, and it is expected"
            ),
        ),
        (Some(Standing::Expected), Some(_)) => (
            text!(
                "`{code}` 标为待加入，却有公钥",
                "`{code}` is expected and has a key"
            ),
            text!(
                "请删去 `state`，即为在用；或删去公钥",
                "leave `state` out, and it is active; or take its key away"
            ),
        ),
        _ => return,
    };
    findings.push(
        Finding::error("roster::state", document.file(), message)
            .at(span(document, index, "state"))
            .hint(hint),
    );
}

fn check_text(document: &Document<'_>, index: usize, node: &Raw, findings: &mut Vec<Finding>) {
    let length = node.name.chars().count();
    let named = (1..=NAME_CHARACTERS_MAX).contains(&length) && node.name.trim() == node.name;
    if !named || node.name.chars().any(char::is_control) {
        let message = text!(
            "`{}` 的名称为空、过长，或前后有空格",
            "the name of `{}` is empty, too long or padded",
            node.code
        );
        findings.push(
            Finding::error("roster::name", document.file(), message)
                .at(span(document, index, "name")),
        );
    }
    let good = |address: &String| {
        address.starts_with('/')
            && address.len() <= ADDRESS_BYTES_MAX
            && address.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if node.addresses.len() > ADDRESSES_MAX || !node.addresses.iter().all(good) {
        let message = text!(
            "`{}` 的地址写法不对，或超过 {ADDRESSES_MAX} 个",
            "the addresses of `{}` are not at most {ADDRESSES_MAX} multiaddresses",
            node.code
        );
        findings.push(
            Finding::error("roster::address", document.file(), message)
                .at(span(document, index, "addresses"))
                .hint(text!(
                    "请写作 `/ip4/10.0.0.1/tcp/4001`",
                    "write them as in `/ip4/10.0.0.1/tcp/4001`"
                )),
        );
    }
}

/// A node's tier, as its code has it.
pub(crate) fn tier_by_code(node: NodeId) -> Tier {
    if node == node.county() {
        Tier::County
    } else if Some(node) == node.township() {
        Tier::Township
    } else {
        Tier::Village
    }
}

/// A tier's name, as files and rules write it.
pub(crate) fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::County => "county",
        Tier::Township => "township",
        Tier::Village => "village",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[node]]
code = "620723000000"
name = "临泽县"
tier = "county"
addresses = ["/ip4/10.0.0.1/tcp/4001"]
[[node]]
code = "620723101000"
name = "沙河镇"
tier = "township"
parent = "620723000000"
[[node]]
code = "620723101201"
name = "五三村村民委员会"
tier = "village"
parent = "620723101000"
state = "revoked"
"#;

    fn read_text(text: &str) -> (Option<ReadRoster>, Vec<Finding>) {
        let mut files = CharterFiles::default();
        files.files.insert(FILE.into(), text.into());
        let mut findings = Vec::new();
        let county = "620723000000".parse().ok();
        let read = read(&files, county, &mut findings);
        (read, findings)
    }

    #[test]
    fn a_node_without_a_key_is_expected_and_one_with_a_key_is_active() {
        let key = format!("tier = \"township\"\nkey = \"{}\"", "ab".repeat(32));
        let (read, findings) = read_text(&GOOD.replace("tier = \"township\"", &key));
        assert_eq!(findings, []);
        let ReadRoster {
            roster: read,
            keyed,
        } = read.expect("it is good");
        assert!(keyed);
        let standing: Vec<_> = read.members().iter().map(|one| one.standing).collect();
        let expected = [Standing::Expected, Standing::Active, Standing::Revoked];
        assert_eq!(standing, expected);
        let county = read.members()[0].node;
        assert_eq!(read.active(county), None);
        assert_eq!(read.by_key(&read.members()[0].key), None);
        assert!(read.with_place(county).is_some());
    }

    #[test]
    fn in_a_template_every_node_counts_as_a_member() {
        let (read, findings) = read_text(GOOD);
        assert_eq!(findings, []);
        let ReadRoster { roster, keyed } = read.expect("it is good");
        assert!(!keyed);
        let standing: Vec<_> = roster.members().iter().map(|one| one.standing).collect();
        assert_eq!(
            standing,
            [Standing::Active, Standing::Active, Standing::Revoked]
        );
    }

    #[test]
    fn each_mistake_is_found() {
        let key = format!("key = \"{}\"", "ab".repeat(32));
        let twice = GOOD.replace("tier = \"village\"", &format!("tier = \"village\"\n{key}"));
        let twice = twice.replace("tier = \"county\"", &format!("tier = \"county\"\n{key}"));
        for (text, code) in [
            (
                GOOD.replacen("620723101201", "620723101000", 1),
                "roster::twice",
            ),
            (twice, "roster::same-key"),
            (GOOD.replace("\"village\"", "\"township\""), "roster::tier"),
            (
                GOOD.replace("parent = \"620723101000\"", "parent = \"620723000000\""),
                "roster::parent",
            ),
            (
                GOOD.replace("620723101000", "620723102000"),
                "roster::parent",
            ),
            (GOOD.replace("620723", "620724"), "roster::outside"),
            (GOOD.replace("\"沙河镇\"", "\"\""), "roster::name"),
            (
                GOOD.replace("/ip4/10.0.0.1/tcp/4001", "10.0.0.1:4001"),
                "roster::address",
            ),
            (GOOD.replace("revoked", "active"), "roster::state"),
            (
                GOOD.replace("revoked", &format!("expected\"\n{key} # ")),
                "roster::state",
            ),
            (GOOD.replace("revoked", "gone"), "toml::content"),
            (GOOD.replace("state", "status"), "toml::content"),
            (GOOD.replace("\"county\"", "\"village\""), "roster::county"),
            (format!("version = 1\n{GOOD}"), "toml::content"),
        ] {
            let (read, findings) = read_text(&text);
            assert!(read.is_none());
            assert!(
                findings.iter().any(|finding| finding.code == code),
                "{code}: {findings:#?}"
            );
        }
    }
}
