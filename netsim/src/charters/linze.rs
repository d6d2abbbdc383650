//! The charter of Linze County as `mesh-node county` fills it in, with keys of a seed, and a story:
//! the second version forgets that the ledger of grid reports goes up, the third takes that back.

use std::collections::BTreeMap;

use crdt_model::charter::Standing;
use crdt_model::ids::{CharterVersion, NodeId, PublicKey};
use crdt_model::label::Label;
use ed25519_dalek::SigningKey;
use policy::CharterFiles;
use policy::manifest::date;
use policy::template::{self, Entry, Filling};

use super::Edition;
use super::linze_table::{rights, rights_without_grid_ledger};
use super::permissions::{Permissions, Rights};
use super::reviewers::{IN_FORCE, Reviewers, Sealed, node_key};

/// Texts of the rules that the second version changes, and what they become.
const FORGOTTEN: [(&str, &str, &str); 2] = [
    (
        "rules/flow.cedar",
        r#"[Facet::"grid.summary", Facet::"case.summary", Facet::"device.public"].contains"#,
        r#"[Facet::"case.summary", Facet::"device.public"].contains"#,
    ),
    (
        "rules/author.cedar",
        r#"[Facet::"grid.summary", Facet::"case.summary"].contains"#,
        r#"[Facet::"case.summary"].contains"#,
    ),
];

/// The charters of Linze County.
#[derive(Clone, Debug)]
pub struct Linze {
    seed: u64,
    /// The nodes that it lists.
    pub nodes: Vec<NodeId>,
    /// The first version: the charter as it is.
    pub v1: Edition,
    /// The second, which is wrong: the ledger of grid reports stays at home. It has no checks;
    /// those of the first would not hold.
    pub v2: Edition,
    /// The third, which says again what the first said.
    pub v3: Edition,
}

impl Linze {
    /// The charters with the keys of a seed, over all 84 nodes.
    pub fn new(seed: u64) -> Self {
        Self::of(seed, &template::nodes(&template::linze()))
    }

    /// The same over some of the nodes, which are with each node those above it.
    pub fn of(seed: u64, nodes: &[NodeId]) -> Self {
        let reviewers = Reviewers::of(seed);
        let files = template::fill(&template::linze(), &filling(seed, nodes, &reviewers));
        let make = |files: &CharterFiles, follows: Option<&Edition>, rights, signers: &[usize]| {
            make(nodes, files, follows, rights, &reviewers, signers)
        };
        let v1 = make(&files, None, rights, &[0, 1]);
        let v2 = make(
            &forget(&files),
            Some(&v1),
            rights_without_grid_ledger,
            &[1, 2],
        );
        let v3 = make(&files, Some(&v2), rights, &[0, 2]);
        Self {
            seed,
            nodes: nodes.to_vec(),
            v1,
            v2,
            v3,
        }
    }

    /// A node's secret key, which all versions list the public half of.
    pub fn key(&self, node: NodeId) -> SigningKey {
        node_key(self.seed, node)
    }
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
    changed
        .files
        .retain(|path, _| !path.starts_with(policy::checks::FOLDER));
    changed
}

fn replace(files: &mut CharterFiles, path: &str, from: &str, to: &str) {
    if let Some(content) = files.files.get_mut(path) {
        let text = String::from_utf8_lossy(content).replace(from, to);
        *content = text.into_bytes();
    }
}

fn make(
    nodes: &[NodeId],
    files: &CharterFiles,
    follows: Option<&Edition>,
    rights: fn(&Label, NodeId) -> Rights,
    reviewers: &Reviewers,
    signers: &[usize],
) -> Edition {
    let before = follows.map_or(0, |edition| edition.version.0);
    let version = CharterVersion(before + 1);
    let mut files = files.clone();
    let numbered = format!("\nversion = {version}\n");
    replace(&mut files, policy::head::FILE, "\nversion = 1\n", &numbered);
    let roster: BTreeMap<NodeId, Standing> =
        nodes.iter().map(|node| (*node, Standing::Active)).collect();
    let sealed = Sealed {
        // Whoever simulates a county has nodes in it.
        county: nodes.first().expect("a county has nodes").county(),
        version,
        previous: follows.map(|edition| edition.digest),
        validity: IN_FORCE,
        signers,
    };
    reviewers
        .seal(files, &sealed, Permissions::written(roster, rights))
        // The template stands in this program, and a test opens what is made of it.
        .expect("the charter of Linze County can be signed")
}
