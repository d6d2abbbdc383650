//! The charter of Linze County as `mesh-node county` fills it in, with keys of a seed, and a story:
//! the second version forgets that the ledger of grid reports goes up, the third takes that back.

use std::collections::BTreeMap;

use crdt_model::charter::{Standing, Validity};
use crdt_model::ids::{CharterVersion, NodeId, PublicKey};
use crdt_model::time::WallTime;
use ed25519_dalek::SigningKey;
use policy::CharterFiles;
use policy::making::template::{self, Entry, Filling};
use policy::signing::manifest::date;

use super::Edition;
use super::linze_table::{Tables, USUAL, WITHOUT_GRID_LEDGER, WITHOUT_NEIGHBOURS};
use super::permissions::Permissions;
use super::reviewers::{IN_FORCE, Reviewers, Sealed, node_key};

/// Texts of the rules that the second version changes, and what they become.
const FORGOTTEN: [(&str, &str, &str); 2] = [
    (
        "rules/flow.cedar",
        r#"[Facet::"grid.summary", Facet::"case.summary", Facet::"device.public", "#,
        r#"[Facet::"case.summary", Facet::"device.public", "#,
    ),
    (
        "rules/author.cedar",
        r#"[Facet::"grid.summary", Facet::"case.summary""#,
        r#"[Facet::"case.summary""#,
    ),
];

/// A rule that the fork of the second version adds.
const NO_NEIGHBOURS: &str = r#"
@id("guard.neighbours")
@reason("Devices are shown to no neighbour.")
@reason_zh("设备目录不向邻村公开。")
forbid (principal, action == Action::"flowAcross", resource)
when { resource.facet == Facet::"device.public" };
"#;
/// A rule that nobody signs but one reviewer.
const EVERYTHING: &str = r#"
@id("flow.everything")
@reason("Everything goes everywhere.")
@reason_zh("一切内容向所有节点公开。")
permit (principal, action in [Action::"flowUp", Action::"flowDown", Action::"flowAcross"], resource);
"#;

/// How many townships must confirm Linze's charter.
const COSIGNERS: usize = 4;

/// The charters of Linze County.
#[derive(Clone, Debug)]
pub struct Linze {
    seed: u64,
    reviewers: Reviewers,
    files: CharterFiles,
    /// The nodes that it lists.
    pub nodes: Vec<NodeId>,
    /// The first version: the charter as it is.
    pub v1: Edition,
    /// The second, which is wrong: the ledger of grid reports stays at home. It has no checks;
    /// those of the first would not hold.
    pub v2: Edition,
    /// The third, which says again what the first said.
    pub v3: Edition,
    /// Another second version that reviewers signed: a fork.
    pub v2_fork: Edition,
    /// A second version that opens everything, signed by one reviewer, which is too few.
    pub v2_unsigned_enough: Edition,
}

impl Linze {
    /// The charters with the keys of a seed, over all 84 nodes.
    pub fn new(seed: u64) -> Self {
        Self::of(seed, &template::nodes(&template::linze()))
    }

    /// The same over some of the nodes, which are with each node those above it.
    pub fn of(seed: u64, nodes: &[NodeId]) -> Self {
        let reviewers = Reviewers::of(seed);
        let files = template::fill(&listing(nodes), &filling(seed, nodes, &reviewers));
        let active = |node: &NodeId| (*node, Standing::Active);
        let roster: BTreeMap<_, _> = nodes.iter().map(active).collect();
        let make = |files: &CharterFiles, follows: Option<&Edition>, tables, signers: &[usize]| {
            make(&roster, files, follows, tables, &reviewers, signers)
        };
        let v1 = make(&files, None, USUAL, &[0, 1]);
        let v2 = make(&forget(&files), Some(&v1), WITHOUT_GRID_LEDGER, &[1, 2]);
        let v3 = make(&files, Some(&v2), USUAL, &[0, 2]);
        let closed = with_rule(&files, NO_NEIGHBOURS);
        let v2_fork = make(&closed, Some(&v1), WITHOUT_NEIGHBOURS, &[0, 2]);
        let v2_unsigned_enough = make(&with_rule(&files, EVERYTHING), Some(&v1), USUAL, &[2]);
        Self {
            seed,
            reviewers,
            files,
            nodes: nodes.to_vec(),
            v1,
            v2,
            v3,
            v2_fork,
            v2_unsigned_enough,
        }
    }

    /// What the first version says, after another one, without trust in one node.
    pub fn revoking(&self, follows: &Edition, node: NodeId) -> Edition {
        let standing = |of: &NodeId| match *of == node {
            true => (*of, Standing::Revoked),
            false => (*of, Standing::Active),
        };
        let roster = self.nodes.iter().map(standing).collect();
        let mut files = without_checks(&self.files);
        revoke(&mut files, node);
        let signers = &[0, 1];
        make(
            &roster,
            &files,
            Some(follows),
            USUAL,
            &self.reviewers,
            signers,
        )
    }

    /// What the first version says, for all nodes, after one for fewer of them.
    pub fn following(&self, follows: &Edition) -> Edition {
        self.saying(&self.files, follows, &[1, 2])
    }

    /// What the first version says but for one text of one file, after another version; it allows the
    /// same.
    pub fn with_text(&self, follows: &Edition, path: &str, from: &str, to: &str) -> Edition {
        let mut files = self.files.clone();
        replace(&mut files, path, from, to);
        self.saying(&files, follows, &[0, 1])
    }

    fn saying(&self, files: &CharterFiles, follows: &Edition, signers: &[usize]) -> Edition {
        let active = |node: &NodeId| (*node, Standing::Active);
        let roster = self.nodes.iter().map(active).collect();
        make(
            &roster,
            files,
            Some(follows),
            USUAL,
            &self.reviewers,
            signers,
        )
    }

    /// The first version for the nodes that have keys, after nothing or after another version, until this
    /// moment. All other nodes of Linze County are expected.
    pub fn beginning(&self, follows: Option<&Edition>, until: WallTime) -> Edition {
        let mut files = self.files.clone();
        let listed = template::nodes(&template::linze());
        let expected: Vec<NodeId> = listed
            .into_iter()
            .filter(|node| !self.nodes.contains(node))
            .collect();
        let entries: String = expected.iter().map(|node| entry(*node)).collect();
        if let Some(roster) = files.files.get_mut(policy::reading::roster::FILE) {
            roster.extend_from_slice(entries.as_bytes());
        }
        let [from, to] = [IN_FORCE.until, until].map(|time| date(time).unwrap_or_default());
        replace(&mut files, policy::reading::head::FILE, &from, &to);
        let active = self.nodes.iter().map(|node| (*node, Standing::Active));
        let expected = expected.iter().map(|node| (*node, Standing::Expected));
        let roster = active.chain(expected).collect();
        let validity = Validity { until, ..IN_FORCE };
        make_until(
            &roster,
            &files,
            follows,
            USUAL,
            &self.reviewers,
            &[0, 1],
            validity,
        )
    }

    /// A node's secret key, which all versions list the public half of.
    pub fn key(&self, node: NodeId) -> SigningKey {
        node_key(self.seed, node)
    }
}

/// The template of Linze County, in whose roster these nodes stand too.
fn listing(nodes: &[NodeId]) -> CharterFiles {
    let mut files = template::linze();
    let listed = template::nodes(&files);
    let others = nodes.iter().filter(|node| !listed.contains(node));
    let others: String = others.map(|node| entry(*node)).collect();
    if let Some(roster) = files.files.get_mut(policy::reading::roster::FILE) {
        roster.extend_from_slice(others.as_bytes());
    }
    // A county with few townships asks for as many as it has.
    let township = |node: &&NodeId| node.township() == Some(**node);
    let confirm = nodes.iter().filter(township).count().clamp(1, COSIGNERS);
    let asked = |count: usize| format!("\ncosigners = {count}\n");
    replace(
        &mut files,
        policy::reading::head::FILE,
        &asked(COSIGNERS),
        &asked(confirm),
    );
    if let Some(county) = nodes.first().map(|node| node.county())
        && listed.first() != Some(&county)
    {
        let (of, is) = (
            "\ncounty = \"620723000000\"",
            format!("\ncounty = \"{county}\""),
        );
        replace(&mut files, policy::reading::head::FILE, of, &is);
    }
    files
}

/// A node's entry in a roster, under an invented name.
fn entry(node: NodeId) -> String {
    let (tier, name) = match node.parent() {
        None => ("county", "示例县"),
        Some(above) if above.parent().is_none() => ("township", "示例镇"),
        Some(_) => ("village", "示例村"),
    };
    let parent = node.parent();
    let parent = parent.map_or_else(String::new, |above| format!("parent = \"{above}\"\n"));
    format!("\n[[node]]\ncode = \"{node}\"\nname = \"{name}{node}\"\ntier = \"{tier}\"\n{parent}")
}

fn filling(seed: u64, nodes: &[NodeId], reviewers: &Reviewers) -> Filling {
    let entry = |node: &NodeId| {
        let key = PublicKey(node_key(seed, *node).verifying_key().to_bytes());
        let addresses = Vec::new();
        (*node, Entry { key, addresses })
    };
    Filling {
        nodes: nodes.iter().map(entry).collect(),
        reviewers: reviewers.listed(),
        from: date(IN_FORCE.from).unwrap_or_default(),
        until: date(IN_FORCE.until).unwrap_or_default(),
    }
}

fn forget(files: &CharterFiles) -> CharterFiles {
    let mut changed = files.clone();
    for (path, from, to) in FORGOTTEN {
        replace(&mut changed, path, from, to);
    }
    without_checks(&changed)
}

fn without_checks(files: &CharterFiles) -> CharterFiles {
    let mut changed = files.clone();
    changed
        .files
        .retain(|path, _| !path.starts_with(policy::reading::checks::FOLDER));
    changed
}

/// The charter with one rule more, without the checks that it would fail.
fn with_rule(files: &CharterFiles, rule: &str) -> CharterFiles {
    let mut changed = without_checks(files);
    if let Some(rules) = changed.files.get_mut("rules/guard.cedar") {
        rules.extend_from_slice(rule.as_bytes());
    }
    changed
}

/// Marks one node's entry in the roster.
fn revoke(files: &mut CharterFiles, node: NodeId) {
    if let Some(content) = files.files.get_mut(policy::reading::roster::FILE) {
        let text = String::from_utf8_lossy(content).into_owned();
        let code = format!("code = \"{node}\"\n");
        let revoked = text.replace(&code, &format!("{code}state = \"revoked\"\n"));
        *content = revoked.into_bytes();
    }
}

fn replace(files: &mut CharterFiles, path: &str, from: &str, to: &str) {
    if let Some(content) = files.files.get_mut(path) {
        let text = String::from_utf8_lossy(content).replace(from, to);
        *content = text.into_bytes();
    }
}

fn make(
    roster: &BTreeMap<NodeId, Standing>,
    files: &CharterFiles,
    follows: Option<&Edition>,
    tables: Tables,
    reviewers: &Reviewers,
    signers: &[usize],
) -> Edition {
    make_until(roster, files, follows, tables, reviewers, signers, IN_FORCE)
}

fn make_until(
    roster: &BTreeMap<NodeId, Standing>,
    files: &CharterFiles,
    follows: Option<&Edition>,
    tables: Tables,
    reviewers: &Reviewers,
    signers: &[usize],
    validity: Validity,
) -> Edition {
    let before = follows.map_or(0, |edition| edition.version.0);
    let version = CharterVersion(before + 1);
    let mut files = files.clone();
    let numbered = format!("\nversion = {version}\n");
    replace(
        &mut files,
        policy::reading::head::FILE,
        "\nversion = 1\n",
        &numbered,
    );
    let sealed = Sealed {
        // Whoever simulates a county has nodes in it.
        county: roster.keys().next().expect("a county has nodes").county(),
        version,
        follows,
        validity,
        signers,
    };
    let [table, emergency] = [tables.every_day, tables.in_emergency]
        .map(|rights| Permissions::written(roster.clone(), rights));
    reviewers
        .seal(files, &sealed, table, Some(emergency))
        // The template stands in this program, and a test opens what is made of it.
        .expect("the charter of Linze County can be signed")
}
